/** One workload on one peer, and all of them on all. */
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import { subject, usualPeers } from "./peers/all.js";
import type { Peer } from "./peers/peer.js";
import type { Samples } from "./results.js";
import type { Context, Row, Workload } from "./row.js";
import { Interrupted, must } from "./run.js";

const workerFile = fileURLToPath(new URL("worker.js", import.meta.url));

/** Lets what the run before left to be written be written, so that it is not charged to the next. */
function settle({ directory }: Peer): void {
  const path = `${directory}/settle`;
  const fd = fs.openSync(path, "w");
  fs.writeSync(fd, "settled");
  fs.fsyncSync(fd);
  fs.closeSync(fd);
  fs.unlinkSync(path);
  must("sync", []);
}

/** The most memory that a process had since `forgetPeak`, MiB. */
function peakMemory(pid: number): number {
  const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** 5 resets the peak (proc_pid_clear_refs(5)). */
function forgetPeak(pid: number): void {
  fs.writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

interface Measured {
  readonly samples: Readonly<Record<string, number>>;
  readonly memoryMiB: number | undefined;
}

const directoryOf = ({ directory }: Peer, round: number): string => `${directory}/round${round}`;

/** Runs a workload in a directory of its own, and leaves there what it made: see `measureAll`. */
function measure(workload: Workload, peer: Peer, context: Context & { readonly round: number }): Measured {
  settle(peer);
  const directory = directoryOf(peer, context.round);
  fs.mkdirSync(directory);
  const worker = (stage: "prepare" | "run"): string => {
    const script = peer.runner?.script ?? workerFile;
    return must(process.execPath, [script, stage, workload.name, directory, JSON.stringify(context)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
  };
  if (workload.prepare !== undefined) worker("prepare");
  const bytesBefore = workload.writtenBytes === undefined ? undefined : peer.storedBytes?.();
  if (peer.pid !== undefined) forgetPeak(peer.pid);
  const samples = JSON.parse(worker("run")) as Record<string, number>;
  const memoryMiB = peer.pid === undefined ? undefined : peakMemory(peer.pid);
  if (workload.writtenBytes !== undefined && bytesBefore !== undefined) {
    const grown = (peer.storedBytes?.() ?? Number.NaN) - bytesBefore;
    for (const { name } of workload.rows) samples[name] = grown / workload.writtenBytes;
  }
  return { samples, memoryMiB };
}

function record(samples: Samples, peer: Peer, { samples: values, memoryMiB }: Measured, wanted: readonly Row[]): void {
  for (const { name } of wanted) {
    const value = values[name];
    if (value === undefined) continue;
    const byPeer = samples.get(name) ?? new Map();
    samples.set(name, byPeer);
    const before = byPeer.get(peer.name) ?? { values: [], memoryMiB: 0 };
    byPeer.set(peer.name, { values: [...before.values, value], memoryMiB: Math.max(before.memoryMiB, memoryMiB ?? 0) });
  }
}

/** Which peers a workload is measured on: those named, or those it is meant for. */
export function peersOf(workload: Workload, named: readonly string[] | undefined): readonly string[] {
  return named ?? workload.peers ?? [...usualPeers, ...(workload.variants ?? [])];
}

function runs(peer: Peer, workload: Workload): boolean {
  if (peer.runner !== undefined) return peer.runner.workloads.includes(workload.name);
  // What only history has, other file systems are not asked for.
  return (
    workload.peers === undefined ||
    workload.peers.includes(peer.name) ||
    (peer.name.startsWith(subject) && workload.peers.includes(subject))
  );
}

export interface Plan {
  readonly rows: readonly Row[];
  readonly workloads: readonly Workload[];
  readonly rounds: number;
  /** Names of peers, if some were named. */
  readonly named: readonly string[] | undefined;
}

/** What a peer could not do. */
export interface Failure {
  readonly peer: string;
  readonly workload: string;
  readonly reason: string;
}

/** One workload on all its peers, each round beginning with another peer, so that none always follows the same one. */
function measureRounds(plan: Plan, workload: Workload, meant: readonly Peer[], context: Context, samples: Samples): Failure[] {
  const failures = new Map<Peer, Failure>();
  for (let round = 0; round < plan.rounds; round++) {
    process.stderr.write(`${workload.name}, round ${round + 1} of ${plan.rounds}:`);
    for (let turn = 0; turn < meant.length; turn++) {
      const peer = meant[(round + turn) % meant.length] as Peer;
      if (failures.has(peer)) continue;
      process.stderr.write(` ${peer.name}`);
      try {
        record(samples, peer, measure(workload, peer, { ...context, round }), plan.rows);
      } catch (error) {
        if (error instanceof Interrupted) throw error;
        const reason = (error as Error).message;
        process.stderr.write(` failed: ${reason}\n`);
        failures.set(peer, { peer: peer.name, workload: workload.name, reason });
      }
    }
    process.stderr.write("\n");
  }
  return [...failures.values()];
}

/**
 * Who fails at a workload is left out of the rest of it; the others go on. What a round made stays until the workload's last: else a
 * peer that gives room back would use the same blocks of the disk in each round, which a virtual machine's disk reads and writes
 * faster than blocks it never had, and one that keeps everything could not.
 */
export function measureAll(plan: Plan, peers: readonly Peer[], context: Context): { samples: Samples; failures: Failure[] } {
  const samples: Samples = new Map();
  const failures = plan.workloads.flatMap((workload) => {
    const names = peersOf(workload, plan.named);
    const meant = peers.filter((peer) => names.includes(peer.name) && runs(peer, workload));
    try {
      return measureRounds(plan, workload, meant, context, samples);
    } finally {
      for (const peer of meant) for (let round = 0; round < plan.rounds; round++) must("rm", ["-rf", directoryOf(peer, round)]);
    }
  });
  return { samples, failures };
}
