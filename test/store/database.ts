import fs from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { segmentsPath } from "../../src/db/segments.js";
import { checkDatabase } from "../../src/store/check/check.js";
import { createStore } from "../../src/store/create.js";
import type { Inode } from "../../src/store/inode.js";
import type { LiveTree } from "../../src/store/live-tree.js";
import { mainBranch, openStore, type Store, type StoreOptions } from "../../src/store/store.js";
import { rootIno, type Tree } from "../../src/store/tree.js";
import { temporaryDirectory } from "../support/temporary.js";

/** Batches end only when the test says so. */
const patient = { batchMillis: 3600_000 };

/** A new, empty database. Returns its path. */
export function newDatabase(t: Test): string {
  const path = join(temporaryDirectory(t), "db");
  createStore(path, { uid: 0, gid: 0 });
  return path;
}

/** Opens a database for the rest of the test, at the end of which it is closed if it is still open. */
export function open(t: Test, path: string, options: StoreOptions = {}): Store {
  const store = openStore(path, { ...patient, ...options });
  t.teardown(() => {
    try {
      store.connection.close();
    } catch {
      // A test that broke the database on purpose.
    }
  });
  return store;
}

/** A new database, open. */
export function newStore(t: Test, options: StoreOptions = {}): Store {
  return open(t, newDatabase(t), options);
}

/** Commits and asserts that every invariant holds. */
export function assertClean(t: Test, store: Store, what = "the integrity check is clean"): void {
  store.commit("ordered");
  t.same(checkDatabase(store.connection), [], what);
}

/** What a crash of the process leaves of an open database: a copy of its files. Returns the copy's path. */
export function crashCopy(t: Test, store: Store): string {
  const path = join(temporaryDirectory(t), "db");
  for (const suffix of ["", "-wal", "-redo"]) {
    if (fs.existsSync(store.path + suffix)) fs.copyFileSync(store.path + suffix, path + suffix);
  }
  if (fs.existsSync(segmentsPath(store.path))) fs.cpSync(segmentsPath(store.path), segmentsPath(path), { recursive: true });
  return path;
}

export function liveOf(store: Store): LiveTree {
  return store.live(mainBranch);
}

/** Makes an empty file. */
export function addFile(store: Store, name: string, parent = rootIno): Inode {
  const tree = liveOf(store);
  const ino = store.inodeNumbers.take();
  const tick = tree.change("create", ino, null, { parent, name });
  const inode = tree.newInode(ino);
  inode.mode = 0o100644;
  inode.nlink = 1;
  tree.record(inode, tick);
  tree.setDirent(parent, name, { ino, type: 8 }, tick);
  return inode;
}

/** Makes an empty directory. */
export function addDirectory(store: Store, name: string, parent = rootIno): Inode {
  const tree = liveOf(store);
  const ino = store.inodeNumbers.take();
  const tick = tree.change("mkdir", ino, null, { parent, name });
  const inode = tree.newInode(ino);
  inode.mode = 0o040755;
  inode.nlink = 2;
  inode.parent = parent;
  tree.record(inode, tick);
  tree.setDirent(parent, name, { ino, type: 4 }, tick);
  const above = tree.inode(parent) as Inode;
  above.nlink += 1;
  tree.recordTimes(above, tick);
  return inode;
}

/** Takes a file's only name away. */
export function removeFile(store: Store, name: string, parent = rootIno): void {
  const tree = liveOf(store);
  const inode = tree.inode(tree.lookup(parent, name)?.ino ?? 0) as Inode;
  tree.settle(inode);
  const tick = tree.change("unlink", inode.ino, null, { parent, name }, "removing");
  tree.setDirent(parent, name, undefined, tick);
  inode.nlink -= 1;
  if (inode.nlink === 0) tree.recordUnlinked(inode, tick);
  else tree.record(inode, tick);
}

/** Writes without ending the version. Returns the event id of the request. */
export function write(store: Store, inode: Inode, offset: number, data: string | Buffer): number {
  liveOf(store).write(inode, offset, Buffer.from(data), null);
  return store.events.last;
}

/** Writes one whole version. Returns its event id. */
export function writeVersion(store: Store, inode: Inode, offset: number, data: string | Buffer): number {
  write(store, inode, offset, data);
  liveOf(store).settle(inode);
  return store.events.last;
}

/** A file's bytes in a tree; undefined when the file is not there. */
export function contentIn(tree: Tree, ino: number): Buffer | undefined {
  const inode = tree.inode(ino);
  if (inode === undefined) return undefined;
  const content = Buffer.alloc(inode.size, 0xaa);
  return content.subarray(0, tree.read(inode, 0, content));
}

/** A file's text as of a moment; undefined when the file was not there. */
export function textAsOf(store: Store, ino: number, moment: number): string | undefined {
  return contentIn(store.past(mainBranch, moment), ino)?.toString("latin1");
}

/** All rows of a query, for comparing. */
export function rowsOf(store: Store, sql: string): unknown[] {
  return store.connection
    .prepare(sql)
    .all([])
    .map((row) => row.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value)));
}

/** One number from a query. */
export function numberOf(store: Store, sql: string): number {
  return Number(store.connection.prepare(sql).get([])?.[0]);
}
