/**
 * Runs one workload in one directory and prints its seconds as JSON. A process of its own, so that no peer inherits
 * another's compiled code or memory. Arguments: workload, directory, context as JSON.
 */
import fs from "node:fs";
import type { Context } from "./row.js";
import { workloads } from "./workloads.js";

const [name, directory = "", context = "{}"] = process.argv.slice(2);
const workload = workloads.find((each) => each.name === name);
if (workload === undefined) throw new Error(`no workload ${name}`);
fs.mkdirSync(directory);
const seconds = workload.run(directory, JSON.parse(context) as Context);
fs.rmSync(directory, { recursive: true });
fs.writeSync(1, JSON.stringify(seconds));
