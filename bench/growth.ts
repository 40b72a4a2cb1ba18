/** `npm run bench -- --growth`: the same rows on trees of different sizes, and on one with a long history. */
import fs from "node:fs";
import { makeContext } from "./fixtures/all.js";
import { makeTree } from "./large-tree.js";
import { measureAll } from "./measure.js";
import type { Options } from "./options.js";
import type { Peer } from "./peers/peer.js";
import { Mount } from "./peers/stonefs.js";
import type { Samples } from "./results.js";
import { type Row, timed } from "./row.js";
import { showRatio, showValue } from "./show.js";
import { median } from "./statistics.js";
import { surroundings, writeJson } from "./surroundings.js";
import { printTable } from "./table.js";
import { growthWorkloads } from "./workloads.js";

export interface Point {
  readonly name: string;
  readonly files: number;
  readonly events: number;
}

const sizes = [1e3, 1e4, 1e5, 1e6];

export const points: readonly Point[] = [
  ...sizes.map((files) => ({ name: `${files.toLocaleString("en")} files`, files, events: 0 })),
  { name: "1,000 files, 1,000,000 events", files: 1e3, events: 1e6 },
];

/** How many times as long a row may take as on the smallest tree. */
export const growthAtMost = 1.3;

const startRow: Row = { name: "stone mount, until it answers (at most 0.3 s)", unit: "seconds" };

export const growthRows: readonly Row[] = [startRow, ...growthWorkloads.flatMap(({ rows }) => rows)];

interface Measured {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** Times the first point's. */
  readonly ratio: number;
  readonly memoryMiB: number;
}

export interface GrowthLine {
  readonly row: string;
  readonly unit: Row["unit"];
  readonly points: Readonly<Record<string, Measured>>;
}

function mountAll(scratch: string, mounts: Map<string, Mount>): Peer[] {
  return points.map(({ name, files, events }, index) => {
    const [database, directory] = [`${scratch}/point${index}.db`, `${scratch}/point${index}`];
    makeTree(database, files, events);
    fs.mkdirSync(directory);
    const mount = new Mount(database, directory, []);
    mount.mount();
    mounts.set(name, mount);
    return {
      name,
      directory,
      get pid() {
        return mount.pid;
      },
      stop: () => mount.stop(),
    };
  });
}

function measureStarts(mounts: ReadonlyMap<string, Mount>, rounds: number, samples: Samples): void {
  const byPoint = new Map<string, { values: number[]; memoryMiB: number }>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, mount] of mounts) {
      mount.unmount();
      const seconds = timed(() => mount.mount());
      byPoint.set(name, { values: [...(byPoint.get(name)?.values ?? []), seconds], memoryMiB: 0 });
    }
  }
  samples.set(startRow.name, byPoint);
}

function linesOf(rows: readonly Row[], samples: Samples): GrowthLine[] {
  return rows.flatMap(({ name, unit }) => {
    const byPoint = samples.get(name);
    const first = median(byPoint?.get(points[0]?.name ?? "")?.values ?? []);
    if (byPoint === undefined || Number.isNaN(first)) return [];
    const measured = [...byPoint].map(([point, { values, memoryMiB }]) => {
      const middle = median(values);
      return [
        point,
        { median: middle, least: Math.min(...values), most: Math.max(...values), ratio: middle / first, memoryMiB: Math.round(memoryMiB) },
      ];
    });
    return [{ row: name, unit, points: Object.fromEntries(measured) as Record<string, Measured> }];
  });
}

function print(lines: readonly GrowthLine[]): void {
  const names = points.map(({ name }) => name);
  printTable(
    names,
    lines.map(({ row, unit, points: measured }) => [
      row,
      ...names.map((name) => {
        const point = measured[name];
        return point === undefined ? "" : `${showValue(unit, point.median)}\n${showRatio(point.ratio)}`;
      }),
    ]),
  );
}

export function runGrowth(options: Options, scratch: string): void {
  const mounts = new Map<string, Mount>();
  const running: Peer[] = [];
  try {
    running.push(...mountAll(scratch, mounts));
    const chosen = options.workloads.filter((workload) => growthWorkloads.includes(workload));
    const context = makeContext(scratch, new Set(chosen.flatMap(({ fixtures = [] }) => fixtures)));
    const plan = { rows: options.rows, workloads: chosen, rounds: options.rounds, named: running.map(({ name }) => name) };
    const { samples, failures } = measureAll(plan, running, context);
    if (options.rows.includes(startRow)) measureStarts(mounts, options.rounds, samples);
    const lines = linesOf(options.rows, samples);
    print(lines);
    writeJson(options.json, { rounds: options.rounds, ...surroundings(), points, failures, rows: lines });
    process.stdout.write(`medians of ${options.rounds} rounds, and times the smallest tree's; details in ${options.json}\n`);
    if (failures.length > 0) process.exitCode = 1;
  } finally {
    for (const mount of mounts.values()) mount.stop();
  }
}
