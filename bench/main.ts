/**
 * `npm run bench`: this mount, a plain directory and bindfs side by side in one run, over the same disk, in interleaved
 * rounds, so that whatever else the machine does meets all of them alike. Prints medians and ratios, and writes JSON.
 */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Absent, type Peer, peerNames, startPeer } from "./peers.js";
import { linesOf, type Samples, surroundings, tableOf } from "./report.js";
import type { Context, Row, Workload } from "./row.js";
import { rows, workloads } from "./workloads.js";

const usage = `usage: npm run bench -- [--only ROW]... [--rounds N] [--peer NAME]... [--directory DIR] [--json FILE]
  --only ROW       rows whose name contains ROW (default: all)
  --rounds N       how often each is measured (default: 3)
  --peer NAME      what to measure beside stonefs: plain, bindfs (default: both), none
  --directory DIR  a directory on the disk to measure (default: ${os.tmpdir()})
  --json FILE      where the results go (default: bench/results.json)
rows:
${rows.map(({ name }) => `  ${name}`).join("\n")}`;

interface Options {
  readonly rows: readonly Row[];
  readonly rounds: number;
  readonly peers: readonly string[];
  readonly directory: string;
  readonly json: string;
}

function fail(message: string): never {
  process.stderr.write(`${message}\n${usage}\n`);
  process.exit(2);
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true, default: [""] },
      rounds: { type: "string", default: "3" },
      peer: { type: "string", multiple: true, default: ["plain", "bindfs"] },
      directory: { type: "string", default: os.tmpdir() },
      json: { type: "string", default: fileURLToPath(new URL("../../bench/results.json", import.meta.url)) },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  const wanted = rows.filter(({ name }) => values.only.some((text) => name.includes(text)));
  if (wanted.length === 0) fail(`--only ${values.only.join(" --only ")}: no such row`);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) fail(`--rounds ${values.rounds}: not a number of rounds`);
  const others = values.peer.map((name) => (name === "ext4" ? "plain" : name)).filter((name) => name !== "none" && name !== "stonefs");
  const unknown = others.find((name) => !peerNames.includes(name));
  if (unknown !== undefined) fail(`--peer ${unknown}: no such peer`);
  return { rows: wanted, rounds, peers: ["stonefs", ...others], directory: values.directory, json: values.json };
}

/** The project's own packages as a tar: a real tree, the same for every peer and round. */
function makeArchive(scratch: string): string {
  const archive = join(scratch, "tree.tar");
  const packages = fs.realpathSync(fileURLToPath(new URL("../../node_modules", import.meta.url)));
  const { status, stderr } = spawnSync("tar", ["-cf", archive, "-C", dirname(packages), "node_modules"], { encoding: "utf8" });
  if (status !== 0) throw new Error(`tar of node_modules: ${stderr}`);
  return archive;
}

/** Lets what the run before left to be written be written, so that it is not charged to the next. */
function settle(peer: Peer): void {
  const path = join(peer.directory, "settle");
  const fd = fs.openSync(path, "w");
  fs.writeSync(fd, "settled");
  fs.fsyncSync(fd);
  fs.closeSync(fd);
  fs.unlinkSync(path);
  spawnSync("sync");
}

const workerFile = fileURLToPath(new URL("worker.js", import.meta.url));

function measure(workload: Workload, peer: Peer, context: Context): Record<string, number> {
  settle(peer);
  const args = [workerFile, workload.name, join(peer.directory, "run"), JSON.stringify(context)];
  const { status, signal, stdout } = spawnSync(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });
  if (status !== 0) throw new Error(`${workload.name} on ${peer.name}: ended with ${signal ?? status}`);
  return JSON.parse(stdout) as Record<string, number>;
}

function record(samples: Samples, peer: string, seconds: Readonly<Record<string, number>>, wanted: readonly Row[]): void {
  for (const { name } of wanted) {
    const value = seconds[name];
    if (value === undefined) continue;
    const byPeer = samples.get(name) ?? new Map<string, number[]>();
    samples.set(name, byPeer);
    byPeer.set(peer, [...(byPeer.get(peer) ?? []), value]);
  }
}

/** Round by round through all peers, each round beginning with another, so that none always follows the same one. */
function measureAll(options: Options, peers: readonly Peer[], context: Context): Samples {
  const samples: Samples = new Map();
  const wanted = workloads.filter((workload) => workload.rows.some((row) => options.rows.includes(row)));
  for (const workload of wanted) {
    for (let round = 0; round < options.rounds; round++) {
      for (let turn = 0; turn < peers.length; turn++) {
        const peer = peers[(round + turn) % peers.length] as Peer;
        process.stderr.write(`${workload.name}, round ${round + 1} of ${options.rounds}: ${peer.name}\n`);
        record(samples, peer.name, measure(workload, peer, context), options.rows);
      }
    }
  }
  return samples;
}

function startAll(options: Options, scratch: string, running: Peer[]): void {
  for (const name of options.peers) {
    const peer: Peer | Absent = startPeer(name, scratch);
    if ("absent" in peer) process.stdout.write(`${peer.name} is left out: ${peer.absent}\n`);
    else running.push(peer);
  }
}

function run(options: Options): void {
  const scratch = fs.mkdtempSync(join(options.directory, "stonefs-bench-"));
  const running: Peer[] = [];
  try {
    const needsArchive = options.rows.some(({ name }) => name.includes("node_modules"));
    const context: Context = { archive: needsArchive ? makeArchive(scratch) : "" };
    startAll(options, scratch, running);
    const names = running.map(({ name }) => name);
    const samples = measureAll(options, running, context);
    const lines = linesOf(options.rows, names, samples);
    process.stdout.write(`${tableOf(options.rows, names, lines)}\n`);
    const remarks = running.flatMap((peer) => (peer.describe === undefined ? [] : [`${peer.name}: ${peer.describe()}`]));
    for (const remark of remarks) process.stdout.write(`${remark}\n`);
    fs.mkdirSync(dirname(options.json), { recursive: true });
    const measured = {
      measuredAt: new Date().toISOString(),
      rounds: options.rounds,
      peers: names,
      ...surroundings(),
      remarks,
      rows: lines,
    };
    fs.writeFileSync(options.json, `${JSON.stringify(measured, null, 2)}\n`);
    process.stdout.write(`medians of ${options.rounds} rounds; details in ${options.json}\n`);
  } finally {
    for (const peer of running) peer.stop();
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

// Ctrl-C ends the worker, which ends the run; what is mounted is then taken down as after any other failure.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
run(readOptions());
