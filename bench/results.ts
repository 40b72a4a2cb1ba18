/** Samples, and what is made of them: medians, spread, ratios, verdicts. */

import { subject } from "./peers/all.js";
import type { Goal, Row, Unit } from "./row.js";
import { median } from "./statistics.js";

/** Samples of each round, and the most memory the peer's process had, 0 if it has none; by peer, by row. */
export type Samples = Map<string, Map<string, { readonly values: readonly number[]; readonly memoryMiB: number }>>;

export interface Verdict {
  /** The peer compared with, if any, and whose number it is. */
  readonly peer?: string;
  readonly subject: string;
  readonly atMost: number;
  readonly measured: number;
  readonly reached: boolean;
}

export interface Measurement {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly samples: readonly number[];
  /** Time of stonefs divided by this one: below 1 stonefs is the faster. */
  readonly ratio?: number;
  /** The daemon's peak during the row's whole workload. */
  readonly memoryMiB?: number;
}

export interface Line {
  readonly row: string;
  readonly unit: Unit;
  readonly peers: Readonly<Record<string, Measurement>>;
  readonly verdicts: readonly Verdict[];
}

/** How much faster than agentfs-sdk every row is to be that it can do. */
const overAgentfs: Goal = { peer: "agentfs-sdk", atMost: 1 / 40 };

function verdictOf(goal: Goal, peers: Readonly<Record<string, Measurement>>): Verdict[] {
  const whose = ("subject" in goal ? goal.subject : undefined) ?? subject;
  const mine = peers[whose]?.median;
  if (mine === undefined) return [];
  if (!("peer" in goal)) return [{ subject: whose, atMost: goal.atMost, measured: mine, reached: mine <= goal.atMost }];
  const theirs = peers[goal.peer]?.median;
  if (theirs === undefined) return [];
  const measured = mine / theirs;
  return [{ peer: goal.peer, subject: whose, atMost: goal.atMost, measured, reached: measured <= goal.atMost }];
}

function relative(unit: Unit): boolean {
  return typeof unit === "object" || unit === "seconds";
}

/** 300 MB. */
const memoryGoal: Goal = { atMost: 286 };

/** The most memory that a daemon had in any of the rows. */
function memoryLine(lines: readonly Line[]): Line[] {
  const peers: Record<string, Measurement> = {};
  for (const [peer, { memoryMiB }] of lines.flatMap((line) => Object.entries(line.peers))) {
    if (memoryMiB === undefined || memoryMiB <= (peers[peer]?.median ?? 0)) continue;
    peers[peer] = { median: memoryMiB, least: memoryMiB, most: memoryMiB, samples: [memoryMiB] };
  }
  const line = { row: "most resident memory in any row", unit: "MiB" as const, peers, verdicts: verdictOf(memoryGoal, peers) };
  return Object.keys(peers).length === 0 ? [] : [line];
}

/** A line for each row that was measured, and one for the memory of all. */
export function linesOf(rows: readonly Row[], samples: Samples): Line[] {
  const lines = rows.flatMap((row) => lineOf(row, samples));
  return [...lines, ...memoryLine(lines)];
}

function lineOf(row: Row, samples: Samples): Line[] {
  const byPeer = samples.get(row.name);
  if (byPeer === undefined) return [];
  const mine = median(byPeer.get(subject)?.values ?? []);
  const peers = Object.fromEntries(
    [...byPeer].map(([peer, { values, memoryMiB }]): [string, Measurement] => {
      const measured = { median: median(values), least: Math.min(...values), most: Math.max(...values), samples: values };
      const compared = peer !== subject && relative(row.unit) && !Number.isNaN(mine);
      return [
        peer,
        {
          ...measured,
          ...(compared ? { ratio: mine / measured.median } : {}),
          ...(memoryMiB > 0 ? { memoryMiB: Math.round(memoryMiB) } : {}),
        },
      ];
    }),
  );
  return [
    { row: row.name, unit: row.unit, peers, verdicts: [...(row.goals ?? []), overAgentfs].flatMap((goal) => verdictOf(goal, peers)) },
  ];
}
