/**
 * `npm run bench:branches`: what branches, the past, differences and transactions cost on a large tree. The tree is made in this
 * process, where a file takes 30 µs; with `--tree FILE` it is kept in that database and taken from there the next time. Forks are timed through the mount, beside snapshots of btrfs in a loop image of the same disk.
 */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import Table from "cli-table3";
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

/** Forks with 1 MiB just written, not synced: both are durable when they return. */
function forkRow(mountPoint: string, btrfs: Btrfs | string): Result {
  const dirty = Buffer.alloc(MiB, 7);
  const ours: number[] = [];
  for (let round = 0; round < rounds; round++) {
    fs.writeFileSync(join(mountPoint, "dirty"), dirty);
    ours.push(timed(() => fs.mkdirSync(join(mountPoint, ".branches", `fork-${round}`))));
  }
  if (typeof btrfs === "string") {
    return { what: "fork with 1 MiB dirty", measured: `${milli(median(ours))}; btrfs: ${btrfs}`, goal: "0.25× btrfs", reached: undefined };
  }
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    fs.writeFileSync(join(btrfs.subvolume, "dirty"), dirty);
    theirs.push(timed(() => btrfs.snapshot(`fork-${round}`)));
  }
  const ratio = median(ours) / median(theirs);
  const measured = `${milli(median(ours))}, btrfs ${milli(median(theirs))}: ${ratio.toFixed(2)}×`;
  return { what: "fork with 1 MiB dirty", measured, goal: "≤ 0.25× btrfs", reached: ratio <= 0.25 };
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
  return { what: `reads ${deepest} branches deep`, measured: `${ratio.toFixed(2)}× main`, goal: "≤ 4×", reached: ratio <= 4 };
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

function main(): void {
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
    const store = openStore(database);
    const vfs = openVfs(store);
    const directories = directoriesOf(vfs);
    const first = directories[0] as number;
    results.push(diffRow(vfs, directories), commitRow(vfs, directories), deepRow(vfs, first), pastListingRow(vfs), emptyBranchRow(store));
    vfs.close();
    const btrfs = startBtrfs(scratch);
    try {
      stone("mount", database, mountPoint);
      results.unshift(forkRow(mountPoint, btrfs));
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
main();
