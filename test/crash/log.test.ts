/**
 * A crash in the middle of a merge, a restore, a fork: all of it is there afterwards, or nothing. SQLite only ever adds to its log
 * while it commits, so what a crash leaves is the log up to some byte: every page of it is cut off, and cut in two, once.
 */
import fs from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { checkDatabase } from "../../src/store/check/check.js";
import { redoPath } from "../../src/store/redo-log.js";
import { rootIno } from "../../src/store/tree.js";
import { newStore, open } from "../store/database.js";
import { temporaryDirectory } from "../support/temporary.js";
import { root, vfsOf } from "../vfs/files.js";
import { applyTo, type Change, changes, makeHistory, nameOf, stateOf } from "./changes.js";

/** https://www.sqlite.org/fileformat.html#the_write_ahead_log */
const logHeaderBytes = 32;
const frameHeaderBytes = 24;

/** Lengths of the log at which a crash may have cut it off. */
function cuts(from: number, to: number, pageBytes: number): number[] {
  const frameBytes = frameHeaderBytes + pageBytes;
  const lengths = [from];
  for (let at = from; at < to; at += frameBytes) lengths.push(at + frameBytes / 2, at + frameBytes);
  return lengths;
}

/** @param what "synced" when fsync(2) has been called for what waits for its commit: then it is in the redo log, and never lost. */
function crashDuring(t: Test, change: Change, what: "waiting" | "synced"): void {
  const store = newStore(t, what === "synced" ? { redoBytes: 1 << 20 } : {});
  makeHistory(store);
  const { path } = store;
  const durable = stateOf(store);
  // Something waits for its commit when the change comes.
  const vfs = vfsOf(store);
  vfs.mkdir(vfs.views.mounted, rootIno, "waiting", 0o755, root);
  const before = stateOf(store);
  if (what === "synced") store.sync();
  const database = fs.readFileSync(path);
  const from = fs.statSync(`${path}-wal`).size;
  applyTo(store, change);
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
  for (const length of cuts(from, log.length, pageBytes)) {
    fs.writeFileSync(copy, database);
    fs.writeFileSync(`${copy}-wal`, log.subarray(0, length));
    if (what === "synced") fs.copyFileSync(redoPath(path), redoPath(copy));
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
    what === "synced" ? ["before", "after"] : ["durable", "before", "after"],
    `${(log.length - from) / (frameHeaderBytes + pageBytes)} pages of log: one state after the other`,
  );

  fs.writeFileSync(copy, database);
  fs.writeFileSync(`${copy}-wal`, log.subarray(0, log.length - 1));
  const again = open(t, copy);
  applyTo(again, change);
  t.ok(stateOf(again) === after, "done again after a crash it is the same");
  again.close();
  t.end();
}

for (const change of changes) t.test(nameOf(change), (t) => crashDuring(t, change, "waiting"));

for (const change of changes.filter(({ op }) => op === "merge")) {
  t.test(`${nameOf(change)}, after an fsync`, (t) => crashDuring(t, change, "synced"));
}
