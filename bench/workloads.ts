import { largeFile } from "./large-file.js";
import type { Row, Workload } from "./row.js";
import { smallFiles } from "./small-files.js";
import { tree } from "./tree.js";

export const workloads: readonly Workload[] = [smallFiles, largeFile, tree];

export const rows: readonly Row[] = workloads.flatMap((workload) => workload.rows);
