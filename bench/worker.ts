/**
 * Prepares or runs one workload in one directory and prints its samples as JSON. A process of its own, so that no peer inherits
 * another's compiled code or memory. Arguments: prepare or run, workload, directory, context as JSON.
 */
import fs from "node:fs";
import type { Context } from "./row.js";
import { growthWorkloads, workloads } from "./workloads.js";

const [stage, name, directory = "", context = "{}"] = process.argv.slice(2);
const workload = [...workloads, ...growthWorkloads].find((each) => each.name === name);
if (workload === undefined) throw new Error(`no workload ${name}`);
if (stage === "prepare") workload.prepare?.(directory);
else fs.writeSync(1, JSON.stringify(workload.run(directory, JSON.parse(context) as Context)));
