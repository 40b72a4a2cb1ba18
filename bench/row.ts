/** What a benchmark measures, and how a number of it is shown. */

/** One line of the table. A sample is a number of seconds; `per` says what they are divided into. */
export interface Row {
  readonly name: string;
  readonly per: { readonly operations: number } | { readonly bytes: number } | "whole";
  /** What this version set out to reach, as a ratio of time to a peer, or as a rate. */
  readonly goal?: { readonly peer: string; readonly atMost: number } | { readonly atLeastMBps: number };
}

/** Rows that are measured by one run, each on what the one before it left in the directory. */
export interface Workload {
  readonly name: string;
  readonly rows: readonly Row[];
  /**
   * Runs in a process of its own, in an empty directory, and gives seconds by row name. Rows that this machine or user
   * cannot measure are left out.
   */
  run(directory: string, context: Context): Record<string, number>;
}

/** Made once before all runs. */
export interface Context {
  /** A tar of the project's own node_modules. */
  readonly archive: string;
}

/** Seconds that `action` takes. */
export function timed(action: () => void): number {
  const start = process.hrtime.bigint();
  action();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

export const MiB = 1 << 20;
