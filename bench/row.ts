/** What a benchmark measures, and what it set out to reach. */

/**
 * What a sample of a row is: seconds for so many operations or bytes, or seconds as they are, the longest or 99th of a hundred
 * waits in milliseconds, a ratio to the live tree of the same mount, bytes that the database grew by for each byte written, or memory.
 */
export type Unit =
  | { readonly operations: number }
  | { readonly bytes: number }
  | "seconds"
  | "milliseconds"
  | "ratio"
  | "bytes/byte"
  | "MiB";

/** A ratio of time to a peer, where `subject`, if given, is measured instead of stonefs as it is mounted by default. */
export interface RelativeGoal {
  readonly peer: string;
  readonly atMost: number;
  readonly subject?: string;
}

/** A bound in the row's own unit. */
export interface AbsoluteGoal {
  readonly atMost: number;
}

export type Goal = RelativeGoal | AbsoluteGoal;

/** One line of the table. */
export interface Row {
  readonly name: string;
  readonly unit: Unit;
  readonly goals?: readonly Goal[];
}

/** Rows that are measured by one run, each on what the one before it left in the directory. */
export interface Workload {
  readonly name: string;
  readonly rows: readonly Row[];
  /** The peers it is measured on unless peers are named; the usual ones if it does not say. */
  readonly peers?: readonly string[];
  /** Peers beside the usual ones, for which its rows were chosen. */
  readonly variants?: readonly string[];
  /** For rows in bytes/byte: how many bytes `run` writes. The harness compares the database before and after. */
  readonly writtenBytes?: number;
  /** Makes in the directory what `run` begins with, and what no sample of it counts. */
  prepare?(directory: string): void;
  /** What it needs of the context. */
  readonly fixtures?: readonly FixtureName[];
  /**
   * Runs in a process of its own, in an empty directory, and gives samples by row name. Rows that this machine or user
   * cannot measure are left out.
   */
  run(directory: string, context: Context): Record<string, number>;
}

/** What runs are given, made once before all of them. */
export interface Context {
  /** A directory that is on no peer. */
  readonly scratch: string;
  /** Which round it is, from 0. */
  readonly round?: number;
  /** A tar of `tree/`, some thousand files of the project's own node_modules. */
  readonly archive?: string;
  /** A repository with two commits far apart, named `near` and `far`. */
  readonly repository?: string;
  /** A project whose every dependency is in the cache beside it. */
  readonly npmProject?: { readonly directory: string; readonly cache: string };
  /** A PostgreSQL data directory with the tables of pgbench, and its programs. */
  readonly postgres?: { readonly data: string; readonly programs: string };
}

export type FixtureName = Exclude<keyof Context, "scratch" | "round">;

/** Seconds that `action` takes. */
export function timed(action: () => void): number {
  const start = process.hrtime.bigint();
  action();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

/** The mean of several passes, after one that warms: one pass alone would measure the clock. */
export function warm(passes: number, action: () => void): number {
  action();
  return (
    timed(() => {
      for (let pass = 0; pass < passes; pass++) action();
    }) / passes
  );
}

export const KiB = 1024;
export const MiB = 1024 * KiB;
