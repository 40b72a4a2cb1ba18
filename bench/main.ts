/**
 * `npm run bench`: this mount and its peers side by side in one run, over the same disk, in interleaved rounds, so that whatever
 * else the machine does meets all of them alike. Prints medians, ratios and verdicts, and writes JSON.
 */
import fs from "node:fs";
import { dirname, join } from "node:path";
import { makeContext } from "./fixtures/all.js";
import { runGrowth } from "./growth.js";
import { measureAll } from "./measure.js";
import { type Options, readOptions } from "./options.js";
import { startPeer } from "./peers/all.js";
import type { Peer, Setup } from "./peers/peer.js";
import { linesOf } from "./results.js";
import { must } from "./run.js";
import { surroundings, writeJson } from "./surroundings.js";
import { printLines } from "./table.js";

interface Absence {
  readonly peer: string;
  readonly reason: string;
}

function startAll(names: readonly string[], setup: Setup, running: Peer[]): Absence[] {
  return names.flatMap((name) => {
    const peer = startPeer(name, setup);
    if (!("absent" in peer)) {
      running.push(peer);
      return [];
    }
    process.stdout.write(`${peer.name} is left out: ${peer.absent}\n`);
    return [{ peer: peer.name, reason: peer.absent }];
  });
}

/** The requests of the whole run by kind, most frequent first, for each stonefs. */
function requestsOf(peers: readonly Peer[]): Record<string, Record<string, number>> {
  return Object.fromEntries(
    peers.flatMap((peer) => {
      const counts = Object.entries(peer.requests?.() ?? {}).sort(([, a], [, b]) => b - a);
      return counts.length === 0 ? [] : [[peer.name, Object.fromEntries(counts)]];
    }),
  );
}

function makeScratch(directory: string): string {
  const scratch = fs.mkdtempSync(join(directory, "stonefs-bench-"));
  // pgbench's server, another user, passes through it.
  fs.chmodSync(scratch, 0o755);
  return scratch;
}

function profilesOf({ profile, json }: Options): Pick<Setup, "profiles"> {
  return profile ? { profiles: dirname(json) } : {};
}

function runPeers(options: Options, scratch: string): void {
  const running: Peer[] = [];
  try {
    const context = makeContext(scratch, new Set(options.workloads.flatMap(({ fixtures = [] }) => fixtures)));
    const absent = startAll(options.peers, { scratch, ...profilesOf(options) }, running);
    const { samples, failures } = measureAll(options, running, context);
    const lines = linesOf(options.rows, samples);
    printLines(lines);
    const requests = options.profile ? { requests: requestsOf(running) } : {};
    const pinned = options.cpu === undefined ? "unpinned" : `everything on CPU ${options.cpu}`;
    writeJson(options.json, { rounds: options.rounds, pinned, ...surroundings(), absent, failures, ...requests, rows: lines });
    process.stdout.write(`${pinned}; medians of ${options.rounds} rounds; details in ${options.json}\n`);
    if (failures.length > 0) process.exitCode = 1;
  } finally {
    for (const peer of running) peer.stop();
  }
}

function run(options: Options): void {
  // What this process starts inherits it: workers, daemons, their threads.
  if (options.cpu !== undefined) must("taskset", ["-a", "-c", "-p", String(options.cpu), String(process.pid)]);
  const scratch = makeScratch(options.directory);
  try {
    if (options.growth) runGrowth(options, scratch);
    else runPeers(options, scratch);
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

// Ctrl-C ends the worker, which ends the run; what is mounted is then taken down as after any other failure.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
run(readOptions());
