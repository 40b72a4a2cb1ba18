import type { Row, Workload } from "./row.js";
import { acrossTree } from "./rows/across.js";
import { appending } from "./rows/appends.js";
import { pgbench, sqlite } from "./rows/databases.js";
import { git } from "./rows/git.js";
import { kept } from "./rows/kept.js";
import { largeFile } from "./rows/large-file.js";
import { make } from "./rows/make.js";
import { npm } from "./rows/npm.js";
import { past } from "./rows/past.js";
import { pauses } from "./rows/pauses.js";
import { smallFiles } from "./rows/small-files.js";
import { syncing } from "./rows/syncs.js";
import { tree } from "./rows/tree.js";

export const workloads: readonly Workload[] = [
  smallFiles,
  largeFile,
  appending,
  syncing,
  tree,
  git,
  npm,
  make,
  sqlite,
  pgbench,
  past,
  ...kept,
  pauses,
];

/** Those for trees of different sizes. What only compares a mount with itself, or counts its bytes, is the same on each. */
export const growthWorkloads: readonly Workload[] = [acrossTree, ...workloads.filter(({ peers }) => peers === undefined)];

export const rows: readonly Row[] = workloads.flatMap((workload) => workload.rows);
