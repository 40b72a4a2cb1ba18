/** `npm run bench:report`: writes the measured tables of the README, and the charts beside the results, from the JSON in bench/results. */
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import { type GrowthLine, growthAtMost, type Point } from "../growth.js";
import type { Failure } from "../measure.js";
import { variantOf } from "../peers/all.js";
import type { Line } from "../results.js";
import { type Bar, barChart, growthChart } from "./charts.js";
import { growthTable, speedTable } from "./markdown.js";

interface Surroundings {
  readonly measuredAt: string;
  readonly rounds: number;
  readonly machine: { readonly processor: string; readonly processors: number; readonly memoryMiB: number; readonly kernel: string };
  readonly versions: Readonly<Record<string, string | null>>;
}

interface Results extends Surroundings {
  readonly absent: readonly { readonly peer: string; readonly reason: string }[];
  readonly failures: readonly Failure[];
  readonly rows: readonly Line[];
}

interface Growth extends Surroundings {
  readonly points: readonly Point[];
  readonly rows: readonly GrowthLine[];
}

const pathOf = (relative: string): string => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));

function readJson<Content>(name: string): Content | undefined {
  const path = pathOf(`bench/results/${name}`);
  return fs.existsSync(path) ? (JSON.parse(fs.readFileSync(path, "utf8")) as Content) : undefined;
}

function describe({ measuredAt, rounds, machine, versions }: Surroundings): string {
  const known = Object.entries(versions).flatMap(([name, version]) =>
    version === null ? [] : [`${name} ${/\d+(\.\d+)+/.exec(version)?.[0] ?? version}`],
  );
  const hardware = `${machine.processors} × ${machine.processor}, ${Math.round(machine.memoryMiB / 1024)} GiB, Linux ${machine.kernel}`;
  return `Measured on ${measuredAt.slice(0, 10)}: medians of ${rounds} interleaved rounds. ${hardware}; ${known.join(", ")}.`;
}

/** Puts `text` between the two comments that name the section. */
function replaceSection(document: string, section: string, text: string): string {
  const [begin, end] = [`<!-- ${section}: written by npm run bench:report -->`, `<!-- end of ${section} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md has no section between "${begin}" and "${end}"`);
  return `${document.slice(0, from + begin.length)}\n${text}\n${document.slice(to)}`;
}

function barsOf(lines: readonly Line[]): Bar[] {
  return lines.flatMap(({ row, verdicts }) =>
    verdicts.flatMap(({ peer, subject, measured, atMost, reached }) => {
      if (peer === undefined) return [];
      const variant = variantOf(subject);
      const label = `${row}${variant === undefined ? "" : ` (${variant})`} / ${peer}`;
      return [{ label, ratio: measured, goal: atMost, verdict: reached ? ("reached" as const) : ("missed" as const) }];
    }),
  );
}

async function speedSection(results: Results, pinned: Results | undefined): Promise<string> {
  fs.writeFileSync(pathOf("bench/results/speed.svg"), await barChart(barsOf(results.rows)));
  const absent = results.absent.map(({ peer, reason }) => `Not measured: ${peer} (${reason}).`);
  const failed = results.failures.map(({ peer, workload }) => `Failed: ${peer} at "${workload}".`);
  return [
    describe(results),
    ...absent,
    ...failed,
    "",
    "![ratios of time and their goals](bench/results/speed.svg)",
    "",
    speedTable(results.rows, pinned?.rows ?? []),
  ].join("\n");
}

async function growthSection(growth: Growth): Promise<string> {
  const sizes = growth.points.filter(({ events }) => events === 0);
  const curve = growth.rows.flatMap(({ row, points }) =>
    sizes.flatMap(({ name, files }) => (points[name] === undefined ? [] : [{ row, files, ratio: points[name].ratio }])),
  );
  fs.writeFileSync(pathOf("bench/results/growth.svg"), await growthChart(curve, growthAtMost));
  const table = growthTable(
    growth.rows,
    growth.points.map(({ name }) => name),
  );
  return [describe(growth), "", "![time by number of files](bench/results/growth.svg)", "", table].join("\n");
}

const results = readJson<Results>("speed.json");
if (results === undefined) throw new Error("there is no bench/results/speed.json: run npm run bench first");
const growth = readJson<Growth>("growth.json");
let readme = fs.readFileSync(pathOf("README.md"), "utf8");
readme = replaceSection(readme, "speed", await speedSection(results, readJson<Results>("speed-pinned.json")));
if (growth !== undefined) readme = replaceSection(readme, "growth", await growthSection(growth));
fs.writeFileSync(pathOf("README.md"), readme);
