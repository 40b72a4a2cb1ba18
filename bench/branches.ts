/**
 * `npm run bench:branches`: what branches, the past, differences and transactions cost on a large tree. The tree is made in this
 * process, where a file takes 30 µs; with `--tree FILE` it is kept in that database and taken from there the next time. Forks are timed through the mount, beside snapshots of btrfs in a loop image of the same disk.
 */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { parseMountOptions } from "../src/daemon/options.js";
import { startDaemon } from "../src/daemon/spawn.js";
import { diffTrees } from "../src/history/diff.js";
import { mergeBranch } from "../src/history/merge.js";
import { mainBranch, openStore, type Store } from "../src/store/store.js";
import type { Vfs } from "../src/vfs/vfs.js";
import { filesPerDirectory, makeTree, nobody, openVfs, writeFile } from "./large-tree.js";
import { type Btrfs, startBtrfs } from "./peers/btrfs-image.js";
import { MiB, timed } from "./row.js";
import { median } from "./statistics.js";

const stoneMain = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));
const rounds = 7;
/** So many that each side's code is compiled and its caches are warm in most of them. */
const forkRounds = 31;
const startRounds = 5;
const deepest = 16;
const churn = 100_000;
const changedFiles = 10;
const committedFiles = 1000;

interface Result {
  readonly what: string;
  readonly measured: string;
  readonly goal: string;
  readonly reached: boolean | undefined;
}

/** The inode numbers of the directories that `makeTree` made. */
function directoriesOf(vfs: Vfs): number[] {
  const { tree, rootIno } = vfs.views.mounted;
  return tree.list(rootIno, 0, Number.MAX_SAFE_INTEGER).map(({ ino }) => ino);
}

function times(count: number, action: (round: number) => void): number[] {
  return Array.from({ length: count }, (_, round) => timed(() => action(round)));
}

const milli = (seconds: number): string => `${(seconds * 1e3).toFixed(2)} ms`;

/**
 * Forks with 1 MiB that was written `quietMillis` ago and never synced, beside snapshots in the same state; both are durable when they
 * return. The bytes are random, so that nobody gains by compression.
 */
function forkRow(mountPoint: string, btrfs: Btrfs | string, quietMillis: number): Result {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < forkRounds; round++) {
    const name = `fork-${quietMillis}-${round}`;
    const dirty = randomBytes(MiB);
    fs.writeFileSync(join(mountPoint, "dirty"), dirty);
    pause(quietMillis);
    ours.push(timed(() => fs.mkdirSync(join(mountPoint, ".branches", name))));
    if (typeof btrfs === "string") continue;
    fs.writeFileSync(join(btrfs.subvolume, "dirty"), dirty);
    pause(quietMillis);
    theirs.push(timed(() => btrfs.snapshot(name)));
  }
  const when = quietMillis === 0 ? "just before" : `${quietMillis} ms before`;
  return againstBtrfs(`fork by mkdir, with 1 MiB dirty, written ${when}`, ours, theirs, btrfs);
}

/** As `forkRow` without a wait, but the fork is called where it is made, not through the kernel: what is left is its own work and the disk's. */
function forkInsideRow(vfs: Vfs, btrfs: Btrfs | string): Result {
  const { store, views } = vfs;
  const view = views.mounted;
  const { ino } = vfs.create(view, view.rootIno, "dirty-inside", 0o100644, nobody);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < forkRounds; round++) {
    const dirty = randomBytes(MiB);
    writeFile(vfs, view, ino, dirty);
    ours.push(timed(() => store.branches.fork(`inside-${round}`, mainBranch, undefined, "branch", null)));
    if (typeof btrfs === "string") continue;
    fs.writeFileSync(join(btrfs.subvolume, "dirty"), dirty);
    theirs.push(timed(() => btrfs.snapshot(`inside-${round}`)));
  }
  return againstBtrfs("fork with 1 MiB dirty, called in the file system's own process", ours, theirs, btrfs);
}

function againstBtrfs(what: string, ours: readonly number[], theirs: readonly number[], btrfs: Btrfs | string): Result {
  const goal = "≤ 0.25× btrfs";
  if (typeof btrfs === "string") return { what, measured: `${milli(median(ours))}; btrfs: ${btrfs}`, goal, reached: undefined };
  const ratio = median(ours) / median(theirs);
  const measured = `${milli(median(ours))}, btrfs ${milli(median(theirs))}: ${ratio.toFixed(2)}×`;
  return { what, measured, goal, reached: ratio <= 0.25 };
}

function pause(millis: number): void {
  if (millis > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis);
}

/** Starts the daemon on a database that was closed, until it answers. */
async function startRow(database: string, mountPoint: string): Promise<Result> {
  const config = { database, mountPoint, branch: "main", options: parseMountOptions([]) };
  const samples: number[] = [];
  for (let round = 0; round < startRounds; round++) {
    const start = performance.now();
    await startDaemon(config);
    fs.readdirSync(mountPoint);
    samples.push((performance.now() - start) / 1e3);
    stone("umount", mountPoint);
  }
  const seconds = median(samples);
  return { what: "start of the daemon until the mount answers", measured: milli(seconds), goal: "≤ 300 ms", reached: seconds <= 0.3 };
}

/** What the daemon of a mount holds in memory once every file of the tree was looked at. */
function memoryRow(mountPoint: string): Result {
  for (const directory of fs.readdirSync(mountPoint)) {
    const path = join(mountPoint, directory);
    if (!fs.statSync(path).isDirectory()) continue;
    for (const file of fs.readdirSync(path)) fs.statSync(join(path, file));
  }
  const { status, stdout } = spawnSync(process.execPath, [stoneMain, "status", "--json"], { cwd: mountPoint, encoding: "utf8" });
  if (status !== 0) throw new Error("stone status failed");
  const bytes = Number(/"residentBytes": *([0-9]+)/.exec(stdout)?.[1]);
  return {
    what: "resident memory after a look at every file",
    measured: `${(bytes / 1e6).toFixed(0)} MB`,
    goal: "≤ 300 MB",
    reached: bytes <= 300e6,
  };
}

/** Lists a directory with attributes and looks up each of its names, in a tree that nobody has read from before. */
function readAll(store: Store, branch: number, directory: number): void {
  const tree = store.past(branch, store.events.last);
  for (const entry of tree.list(directory, 0, Number.MAX_SAFE_INTEGER)) tree.inode(entry.ino);
  for (let file = 0; file < filesPerDirectory; file++) tree.lookup(directory, `f${file}`);
}

function deepRow(vfs: Vfs, directory: number): Result {
  const { store } = vfs;
  let branch = mainBranch;
  for (let depth = 1; depth <= deepest; depth++) {
    branch = store.branches.fork(`deep-${depth}`, branch, undefined, "branch", null).id;
    const view = vfs.views.branch(branch);
    vfs.create(view, view.rootIno, `own-${depth}`, 0o100644, nobody);
  }
  store.commit("durable");
  const main: number[] = [];
  const deep: number[] = [];
  for (let round = 0; round < rounds; round++) {
    main.push(timed(() => readAll(store, mainBranch, directory)));
    deep.push(timed(() => readAll(store, branch, directory)));
  }
  const ratio = median(deep) / median(main);
  return { what: `reads ${deepest} branches deep`, measured: `${ratio.toFixed(2)}× main`, goal: "≤ 1.2×", reached: ratio <= 1.2 };
}

function pastListingRow(vfs: Vfs): Result {
  const { store, views } = vfs;
  const view = views.mounted;
  const directory = vfs.mkdir(view, view.rootIno, "busy", 0o755, nobody).ino;
  for (let file = 0; file < 1000; file++) vfs.create(view, directory, `f${file}`, 0o100644, nobody);
  const change = (): void => {
    for (let done = 0; done < churn; done += 2) {
      const name = `f${(done / 2) % 1000}`;
      const gone = view.tree.lookup(directory, name);
      vfs.unlink(view, directory, name, nobody);
      if (gone !== undefined) vfs.forget(view, gone.ino);
      vfs.create(view, directory, name, 0o100644, nobody);
      store.pulse();
    }
  };
  change();
  const moment = store.events.last;
  change();
  store.commit("durable");
  const seconds = median(times(rounds, () => void store.past(mainBranch, moment).list(directory, 0, 10_000)));
  const what = `past listing of 1,000 entries, ${churn} changes before and after`;
  return { what, measured: milli(seconds), goal: "≤ 50 ms", reached: seconds <= 0.05 };
}

function diffRow(vfs: Vfs, directories: readonly number[]): Result {
  const { store, views } = vfs;
  const before = store.events.last;
  for (let file = 0; file < changedFiles; file++) {
    const directory = directories[(file * 97) % directories.length] as number;
    const entry = views.mounted.tree.lookup(directory, `f${file}`);
    if (entry !== undefined) writeFile(vfs, views.mounted, entry.ino, Buffer.from(`changed ${file}`));
  }
  store.commit("durable");
  let found = 0;
  const seconds = median(
    times(rounds, () => {
      found = diffTrees(store, { branch: mainBranch, moment: before }, { branch: mainBranch }).length;
    }),
  );
  return { what: `diff of ${found} changed files`, measured: milli(seconds), goal: "≤ 50 ms", reached: seconds <= 0.05 };
}

function commitRow(vfs: Vfs, directories: readonly number[]): Result {
  const { store, views } = vfs;
  const samples: number[] = [];
  for (let round = 0; round < 3; round++) {
    const transaction = store.branches.fork(`tx-${round}`, mainBranch, undefined, "transaction", null);
    const view = views.branch(transaction.id);
    for (let file = 0; file < committedFiles; file++) {
      const directory = directories[(round + (file % 7)) % directories.length] as number;
      const entry = view.tree.lookup(directory, `f${file % filesPerDirectory}`);
      if (entry !== undefined) writeFile(vfs, view, entry.ino, Buffer.from(`round ${round}, file ${file}`));
    }
    store.commit("durable");
    samples.push(
      timed(() => {
        const { conflicts } = mergeBranch(store, {
          source: transaction.id,
          target: mainBranch,
          markers: "none",
          dryRun: "apply",
          process: null,
        });
        if (conflicts.length > 0) throw new Error(`${conflicts.length} conflicts, where there can be none`);
      }),
    );
  }
  const seconds = median(samples);
  return {
    what: `commit of a transaction with ${committedFiles} changed files`,
    measured: milli(seconds),
    goal: "≤ 200 ms",
    reached: seconds <= 0.2,
  };
}

function emptyBranchRow(store: Store): Result {
  const before = store.connection.usage().usedBytes;
  const count = 1000;
  for (let branch = 0; branch < count; branch++) store.branches.fork(`empty-${branch}`, mainBranch, undefined, "branch", null);
  const bytes = (store.connection.usage().usedBytes - before) / count;
  return { what: "a branch that changed nothing", measured: `${bytes.toFixed(0)} bytes`, goal: "< 1024 bytes", reached: bytes < 1024 };
}

function stone(...args: string[]): void {
  if (spawnSync(process.execPath, [stoneMain, ...args], { stdio: ["ignore", "ignore", "inherit"] }).status !== 0) {
    throw new Error(`stone ${args.join(" ")} failed`);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      files: { type: "string", default: "1000000" },
      directory: { type: "string", default: os.tmpdir() },
      tree: { type: "string" },
    },
  });
  const files = Number(values.files);
  const scratch = fs.mkdtempSync(join(values.directory, "stonefs-bench-branches-"));
  const database = join(scratch, "stone.db");
  const mountPoint = join(scratch, "mnt");
  fs.mkdirSync(mountPoint);
  const results: Result[] = [];
  try {
    if (values.tree === undefined || !fs.existsSync(values.tree)) makeTree(values.tree ?? database, files);
    if (values.tree !== undefined) fs.copyFileSync(values.tree, database);
    // As the daemon does.
    const store = openStore(database, { preparedLogBytes: 24 * MiB, redoBytes: 8 * MiB });
    const vfs = openVfs(store);
    const directories = directoriesOf(vfs);
    const first = directories[0] as number;
    results.push(diffRow(vfs, directories), commitRow(vfs, directories), deepRow(vfs, first), pastListingRow(vfs), emptyBranchRow(store));
    const btrfs = startBtrfs(scratch);
    try {
      results.unshift(forkInsideRow(vfs, btrfs));
      vfs.close();
      const start = await startRow(database, mountPoint);
      stone("mount", database, mountPoint);
      results.unshift(forkRow(mountPoint, btrfs, 0), forkRow(mountPoint, btrfs, 100));
      results.push(start, memoryRow(mountPoint));
    } finally {
      spawnSync(process.execPath, [stoneMain, "umount", "--lazy", mountPoint], { stdio: "ignore" });
      if (typeof btrfs !== "string") btrfs.stop();
    }
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
  const table = new Table({ head: [`on ${files} files`, "measured", "goal", ""], style: { head: [], border: [] } });
  for (const { what, measured, goal, reached } of results)
    table.push([what, measured, goal, reached === undefined ? "" : reached ? "reached" : "missed"]);
  process.stdout.write(`${table.toString()}\n`);
}
await main();
