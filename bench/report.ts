/** Medians, ratios, the table and the JSON. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import Table from "cli-table3";
import type { Row } from "./row.js";

/** Seconds of each round, by peer, by row. */
export type Samples = Map<string, Map<string, number[]>>;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

function shown(row: Row, seconds: number): string {
  if (row.per === "whole") return `${seconds.toFixed(2)} s`;
  if ("bytes" in row.per) return `${(row.per.bytes / seconds / 1e6).toFixed(0)} MB/s`;
  return `${((seconds / row.per.operations) * 1e6).toFixed(1)} µs`;
}

export interface Line {
  readonly row: string;
  readonly unit: "seconds";
  readonly medians: Readonly<Record<string, number>>;
  readonly samples: Readonly<Record<string, readonly number[]>>;
  /** Time of the first peer divided by that of each other: below 1 the first is the faster. */
  readonly ratios: Readonly<Record<string, number>>;
  readonly goal: string;
  /** Null where the goal's peer was not measured, or there is no goal. */
  readonly reached: boolean | null;
}

function goalOf(row: Row, mine: number, ratios: Readonly<Record<string, number>>): Pick<Line, "goal" | "reached"> {
  const { goal } = row;
  if (goal === undefined) return { goal: "", reached: null };
  if ("atLeastMBps" in goal) {
    const bytes = typeof row.per === "object" && "bytes" in row.per ? row.per.bytes : 0;
    return { goal: `≥ ${goal.atLeastMBps} MB/s`, reached: Number.isNaN(mine) ? null : bytes / mine / 1e6 >= goal.atLeastMBps };
  }
  const ratio = ratios[goal.peer];
  return { goal: `≤ ${goal.atMost}× ${goal.peer}`, reached: ratio === undefined ? null : ratio <= goal.atMost };
}

export function linesOf(rows: readonly Row[], peers: readonly string[], samples: Samples): Line[] {
  return rows.flatMap((row) => {
    const byPeer = samples.get(row.name);
    if (byPeer === undefined) return [];
    const medians = Object.fromEntries([...byPeer].map(([peer, values]) => [peer, median(values)]));
    const [subject = "", ...others] = peers;
    const mine = medians[subject] ?? Number.NaN;
    const ratios = Object.fromEntries(others.filter((peer) => peer in medians).map((peer) => [peer, mine / (medians[peer] ?? Number.NaN)]));
    const goal = subject === "stonefs" ? goalOf(row, mine, ratios) : { goal: "", reached: null };
    return [{ row: row.name, unit: "seconds", medians, samples: Object.fromEntries(byPeer), ratios, ...goal }];
  });
}

/** The table as text: medians, then how many times as long as each peer the first one takes. */
export function tableOf(rows: readonly Row[], peers: readonly string[], lines: readonly Line[]): string {
  const [subject = "", ...others] = peers;
  const table = new Table({
    head: ["", ...peers, ...others.map((peer) => `time of ${subject} / ${peer}`), "goal"],
    colAligns: ["left", ...peers.map(() => "right" as const), ...others.map(() => "right" as const), "left"],
    style: { head: [], border: [] },
  });
  for (const line of lines) {
    const row = rows.find(({ name }) => name === line.row);
    if (row === undefined) continue;
    const verdict = line.reached === null ? "" : line.reached ? " reached" : " missed";
    table.push([
      line.row,
      ...peers.map((peer) => (line.medians[peer] === undefined ? "" : shown(row, line.medians[peer]))),
      ...others.map((peer) => (line.ratios[peer] === undefined ? "" : `${line.ratios[peer].toFixed(2)}×`)),
      line.goal + verdict,
    ]);
  }
  return table.toString();
}

function firstLine(program: string, ...args: string[]): string | null {
  const { status, stdout } = spawnSync(program, args, { encoding: "utf8" });
  return status === 0 ? (stdout.split("\n")[0] ?? "") : null;
}

function packageVersion(relative: string): string | null {
  try {
    return (JSON.parse(fs.readFileSync(new URL(relative, import.meta.url), "utf8")) as { version: string }).version;
  } catch {
    return null;
  }
}

/** What the numbers were measured on and with. */
export function surroundings(): Record<string, unknown> {
  return {
    machine: {
      processor: os.cpus()[0]?.model ?? "",
      processors: os.cpus().length,
      memoryMiB: Math.round(os.totalmem() / 1024 / 1024),
      kernel: os.release(),
    },
    versions: {
      stonefs: packageVersion("../../package.json"),
      node: process.version,
      "better-sqlite3": packageVersion("../../node_modules/better-sqlite3/package.json"),
      koffi: packageVersion("../../node_modules/koffi/package.json"),
      bindfs: firstLine("bindfs", "--version"),
      tar: firstLine("tar", "--version"),
    },
  };
}
