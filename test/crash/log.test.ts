/**
 * A crash in the middle of a merge, a restore, a fork: all of it is there afterwards, or nothing. SQLite only ever adds to its log
 * while it commits, so what a crash leaves is the log up to some byte: every page of it is cut off, and cut in two, once.
 */
import fs from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { checkDatabase } from "../../src/store/check/check.js";
import { redoPath } from "../../src/store/redo-log.js";
import type { Store } from "../../src/store/store.js";
import { rootIno } from "../../src/store/tree.js";
import { newStore, open } from "../store/database.js";
import { temporaryDirectory } from "../support/temporary.js";
import { root, vfsOf } from "../vfs/files.js";
import { applyTo, type Change, changes, makeHistory, nameOf, stateOf } from "./changes.js";

/** https://www.sqlite.org/fileformat.html#the_write_ahead_log */
const logHeaderBytes = 32;
const frameHeaderBytes = 24;
/** Some sectors. */
const redoStepBytes = 2048;

/** Lengths of the log at which a crash may have cut it off. */
function cuts(from: number, to: number, pageBytes: number): number[] {
  const frameBytes = frameHeaderBytes + pageBytes;
  const lengths = [from];
  for (let at = from; at < to; at += frameBytes) lengths.push(at + frameBytes / 2, at + frameBytes);
  return lengths;
}

/** Nothing where there is none. */
function readRedo(path: string): Buffer {
  return fs.existsSync(redoPath(path)) ? fs.readFileSync(redoPath(path)) : Buffer.alloc(0);
}

/** What a file may be while it is made another, from its beginning to its end; the last is the other. */
function tornBetween(before: Buffer, after: Buffer): Buffer[] {
  let end = after.length;
  while (end > 0 && before[end - 1] === after[end - 1]) end--;
  const torn: Buffer[] = [];
  for (let at = 0; at < end; at += redoStepBytes) torn.push(Buffer.concat([after.subarray(0, at), before.subarray(at)]));
  return before.equals(after) ? [] : [...torn, after];
}

/** @param what "synced" when fsync(2) has been called for what waits for its commit: then it is in the redo log, and never lost. */
function crashDuring(t: Test, change: Change, what: "waiting" | "synced"): void {
  const store = newStore(t, what === "synced" ? { redoBytes: 1 << 20 } : {});
  makeHistory(store);
  const { path } = store;
  const durable = stateOf(store);
  const doSomething = (on: Store): void => {
    const vfs = vfsOf(on);
    vfs.mkdir(vfs.views.mounted, rootIno, "waiting", 0o755, root);
  };
  // Something waits for its commit when the change comes.
  doSomething(store);
  const before = stateOf(store);
  if (what === "synced") store.sync();
  const database = fs.readFileSync(path);
  const from = fs.statSync(`${path}-wal`).size;
  const redoBefore = readRedo(path);
  applyTo(store, change);
  const redoAfter = readRedo(path);
  const after = stateOf(store);
  const log = fs.readFileSync(`${path}-wal`);
  t.ok(fs.readFileSync(path).equals(database), "all of it went to the log");
  const pageBytes = Number(store.connection.prepare("PRAGMA page_size").get([])?.[0]);
  t.equal((log.length - logHeaderBytes) % (frameHeaderBytes + pageBytes), 0, "which has whole pages");
  const names = new Map([
    [durable, "durable"],
    [before, "before"],
    [after, "after"],
  ]);
  t.equal(names.size, 3, "the three states differ");

  const copy = join(temporaryDirectory(t), "db");
  const seen: string[] = [];
  // The redo log is written when the other one is durable.
  const crashes = [
    ...cuts(from, log.length, pageBytes).map((length) => ({ length, redo: redoBefore })),
    ...tornBetween(redoBefore, redoAfter).map((redo) => ({ length: log.length, redo })),
  ];
  for (const { length, redo } of crashes) {
    fs.writeFileSync(copy, database);
    fs.writeFileSync(`${copy}-wal`, log.subarray(0, length));
    if (what === "synced") fs.writeFileSync(redoPath(copy), redo);
    // Only who writes brings in what the redo log has.
    const crashed = open(t, copy, { mode: what === "synced" ? "write" : "read" });
    const found = names.get(stateOf(crashed)) ?? "something between";
    const problems = checkDatabase(crashed.connection);
    if (problems.length > 0) t.same(problems, [], `the integrity check, log cut at ${length}`);
    if (seen.at(-1) !== found) seen.push(found);
    crashed.connection.close();
    fs.rmSync(`${copy}-shm`, { force: true });
  }
  t.same(
    seen,
    what === "synced" ? ["before", "after"] : ["durable", "after"],
    `${(log.length - from) / (frameHeaderBytes + pageBytes)} pages of log: one state after the other`,
  );

  fs.writeFileSync(copy, database);
  // What was there before the change is durable.
  fs.writeFileSync(`${copy}-wal`, log.subarray(0, Math.max(from, log.length - 1)));
  if (what === "synced") fs.writeFileSync(redoPath(copy), redoBefore);
  const again = open(t, copy);
  if (what === "waiting") doSomething(again);
  applyTo(again, change);
  t.ok(stateOf(again) === after, "done again after a crash it is the same");
  again.close();
  t.end();
}

for (const change of changes) {
  t.test(nameOf(change), (t) => crashDuring(t, change, "waiting"));
  t.test(`${nameOf(change)}, after an fsync`, (t) => crashDuring(t, change, "synced"));
}
