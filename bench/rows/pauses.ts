/** How long another process's stat waits while something is going on. */
import { spawn } from "node:child_process";
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import type { Waits } from "../prober.js";
import type { Context, Row, Workload } from "../row.js";
import { waitUntil } from "../run.js";
import { appending } from "./appends.js";
import { largeFile } from "./large-file.js";
import { smallFiles } from "./small-files.js";
import { tree } from "./tree.js";

const during: readonly Workload[] = [smallFiles, largeFile, appending, tree];

const rowsOf = ({ name }: Workload): { p99: string; longest: string } => ({
  p99: `stat during ${name}: p99`,
  longest: `stat during ${name}: longest`,
});

const rows: readonly Row[] = during.flatMap((workload) => {
  const { p99, longest } = rowsOf(workload);
  return [
    { name: p99, unit: "milliseconds" as const, goals: [{ atMost: 5 }] },
    { name: longest, unit: "milliseconds" as const, goals: [{ atMost: 50 }] },
  ];
});

const proberFile = fileURLToPath(new URL("../prober.js", import.meta.url));

/** Runs a workload while another process asks for a file's attributes. */
function probed(workload: Workload, directory: string, context: Context): Waits {
  const [target, results, inside] = [`${directory}/probed`, `${context.scratch}/waits.json`, `${directory}/${workload.name}`];
  fs.writeFileSync(target, "");
  fs.rmSync(results, { force: true });
  const prober = spawn(process.execPath, [proberFile, target, results], { stdio: "inherit" });
  try {
    waitUntil("the prober to begin", 1, () => fs.existsSync(results));
    fs.mkdirSync(inside);
    workload.run(inside, context);
    prober.kill("SIGTERM");
    waitUntil("the prober to end", 1, () => fs.statSync(results).size > 0);
  } finally {
    prober.kill("SIGKILL");
  }
  return JSON.parse(fs.readFileSync(results, "utf8")) as Waits;
}

export const pauses: Workload = {
  name: "pauses",
  rows,
  peers: ["stonefs", "ext4", "bindfs/ext4"],
  fixtures: ["archive"],
  run(directory, context) {
    const samples: Record<string, number> = {};
    for (const workload of during) {
      const [{ p99, longest }, waits] = [rowsOf(workload), probed(workload, directory, context)];
      samples[p99] = waits.p99Millis;
      samples[longest] = waits.longestMillis;
    }
    return samples;
  },
};
