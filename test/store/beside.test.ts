/** Long files, whose bytes lie beside the database: as durable, versioned, counted and collected as those in rows. */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { ENOSPC, type FsError } from "../../src/base/errno.js";
import { segmentsPath } from "../../src/db/segments.js";
import { checkDatabase } from "../../src/store/check/check.js";
import { createStore } from "../../src/store/create.js";
import { collectGarbage } from "../../src/store/gc.js";
import type { Inode } from "../../src/store/inode.js";
import { mainBranch, openStore, type Store } from "../../src/store/store.js";
import { temporaryDirectory } from "../support/temporary.js";
import {
  addFile,
  assertClean,
  contentIn,
  crashCopy,
  liveOf,
  newDatabase,
  newStore,
  numberOf,
  open,
  removeFile,
  write,
  writeVersion,
} from "./database.js";
import { newFaultyStore } from "./faulty.js";

const mebibyte = 1024 * 1024;
const noSpace = { errno: ENOSPC } as Partial<FsError> as FsError;
const beside = "SELECT count(*) FROM blob WHERE codec = 1";
const inRows = "SELECT count(*) FROM blob WHERE codec = 0";

/** Writes in requests of 1 MiB, as the kernel does. */
function writeLong(store: Store, file: Inode, data: Buffer): void {
  for (let at = 0; at < data.length; at += mebibyte) write(store, file, at, data.subarray(at, at + mebibyte));
}

/** A new store with one long file, not yet committed. */
function withLongFile(t: Test, bytes: number): { store: Store; file: Inode; data: Buffer } {
  const store = newStore(t);
  const file = addFile(store, "file");
  const data = randomBytes(bytes);
  writeLong(store, file, data);
  return { store, file, data };
}

function content(store: Store, ino: number): Buffer {
  return contentIn(liveOf(store), ino) ?? Buffer.alloc(0);
}

t.test("a long file's blocks lie beside, the rest and short files in rows", async (t) => {
  const store = newStore(t);
  const [long, short] = [addFile(store, "long"), addFile(store, "short")];
  const data = randomBytes(3 * mebibyte + 100_000);
  writeLong(store, long, data);
  t.ok(content(store, long.ino).equals(data), "while it is written");
  writeVersion(store, short, 0, randomBytes(900_000));
  store.settle();
  t.ok(content(store, long.ino).equals(data), "when it is stored");
  t.equal(numberOf(store, beside), 24);
  t.ok(numberOf(store, inRows) > 7);
  const middle = Buffer.alloc(300_000);
  liveOf(store).read(long, 1_000_001, middle);
  t.ok(middle.equals(data.subarray(1_000_001, 1_300_001)));
  assertClean(t, store);
  const { path } = store;
  store.close();

  const reader = open(t, path, { mode: "read" });
  t.ok(content(reader, long.ino).equals(data), "read by another");
});

t.test("a write that is lent is stored with the next pulse, or before it when it is looked for", async (t) => {
  const store = newStore(t, { lentWrites: true });
  const file = addFile(store, "file");
  const buffer = Buffer.alloc(mebibyte);
  const data = randomBytes(4 * mebibyte);
  for (let at = 0; at < data.length; at += mebibyte) {
    data.copy(buffer, 0, at);
    write(store, file, at, buffer);
    if (at === mebibyte) t.ok(content(store, file.ino).equals(data.subarray(0, at + mebibyte)), "looked for");
    else if (at === 2 * mebibyte) store.commit("ordered");
    else store.pulse();
  }
  store.settle();
  t.ok(content(store, file.ino).equals(data));
  assertClean(t, store);

  const segments = store.connection.segments;
  const append = segments.append.bind(segments);
  segments.append = () => undefined;
  data.copy(buffer, 0, 0);
  write(store, file, data.length, buffer);
  store.pulse();
  buffer.fill(0);
  segments.append = append;
  store.settle();
  t.ok(content(store, file.ino).subarray(data.length).equals(data.subarray(0, mebibyte)), "rows take what found no room");
  assertClean(t, store);
});

t.test("what is lent keeps its buffer, whatever else is written before the pulse", async (t) => {
  const store = newStore(t, { lentWrites: true });
  const files = [addFile(store, "one"), addFile(store, "two")];
  const data = files.map(() => randomBytes(2 * mebibyte));
  const piece = 65_536;
  for (const [index, file] of files.entries()) {
    for (let at = 0; at < 2 * mebibyte; at += piece) write(store, file, at, (data[index] as Buffer).subarray(at, at + piece));
  }
  store.settle();
  for (const [index, file] of files.entries()) t.ok(content(store, file.ino).equals(data[index] as Buffer));
  assertClean(t, store);
});

t.test("what was lent before a change that is undone stays", async (t) => {
  const store = newStore(t, { lentWrites: true });
  const file = addFile(store, "file");
  const data = randomBytes(2 * mebibyte);
  writeLong(store, file, data);
  t.throws(
    () =>
      store.atomically(() => {
        content(store, file.ino);
        throw new Error("no");
      }),
    /no/,
  );
  t.ok(content(store, file.ino).equals(data));
  assertClean(t, store);
});

t.test("what waits in memory for room is not read as if it were nowhere", async (t) => {
  const { store, disk } = newFaultyStore(t);
  const file = addFile(store, "file");
  store.settle();
  const { segments } = store.connection;
  segments.append = () => undefined;
  disk.left = 0;
  const data = randomBytes(2 * mebibyte);
  write(store, file, 0, data);
  t.throws(() => content(store, file.ino), noSpace);
  disk.left = Number.POSITIVE_INFINITY;
  store.commit("ordered");
  t.ok(content(store, file.ino).equals(data));
});

t.test("versions of a long file", async (t) => {
  const store = newStore(t);
  const file = addFile(store, "file");
  const first = randomBytes(2 * mebibyte);
  writeLong(store, file, first);
  store.settle();
  const moment = store.events.last;
  const second = randomBytes(2 * mebibyte);
  writeLong(store, file, second);
  write(store, file, 77, "patched");
  second.write("patched", 77);
  store.settle();
  t.ok(content(store, file.ino).equals(second));
  t.ok(contentIn(store.past(mainBranch, moment), file.ino)?.equals(first), "the past is what it was");
  assertClean(t, store);
});

t.test("what is overwritten before it is a version leaves nothing", async (t) => {
  const store = newStore(t);
  const file = addFile(store, "file");
  for (let round = 0; round < 3; round++) writeLong(store, file, randomBytes(2 * mebibyte));
  const last = randomBytes(2 * mebibyte);
  writeLong(store, file, last);
  store.settle();
  t.equal(numberOf(store, beside), 16);
  t.ok(content(store, file.ino).equals(last));
  store.commit("durable");
  t.ok(store.connection.segments.usedBytes < 3 * mebibyte, "and the room of the others is the host's");
  assertClean(t, store);
});

t.test("a synced long file survives a crash, one that was not leaves nothing behind", async (t) => {
  const store = newStore(t, { redoBytes: 1 << 20 });
  const file = addFile(store, "file");
  const data = randomBytes(2 * mebibyte + 5);
  writeLong(store, file, data);
  store.sync();
  t.ok(store.writer.open, "by a record of the redo log: its batch goes on");
  const other = addFile(store, "other");
  writeLong(store, other, randomBytes(4 * mebibyte));
  const copy = open(t, crashCopy(t, store));
  t.ok(content(copy, file.ino).equals(data));
  t.equal(numberOf(copy, beside), 16);
  t.ok(copy.connection.segments.usedBytes < 3 * mebibyte, "the other one is gone");
  assertClean(t, copy);
  writeLong(copy, liveOf(copy).inode(file.ino) as Inode, data.subarray(0, mebibyte));
  assertClean(t, copy, "and it goes on");
});

t.test("a committed one survives, too", async (t) => {
  const { store, file, data } = withLongFile(t, 2 * mebibyte);
  store.commit("ordered");
  const copy = open(t, crashCopy(t, store));
  t.ok(content(copy, file.ino).equals(data));
  assertClean(t, copy);
});

t.test("retention gives the room back", async (t) => {
  const store = newStore(t);
  const [gone, kept] = [addFile(store, "gone"), addFile(store, "kept")];
  const data = randomBytes(4 * mebibyte);
  writeLong(store, gone, randomBytes(8 * mebibyte));
  writeLong(store, kept, data);
  store.commit("durable");
  removeFile(store, "gone");
  store.commit("durable");
  const before = store.space.space().totalBytes - store.space.space().freeBytes;
  t.ok(store.connection.segments.usedBytes >= 12 * mebibyte, "history is kept");
  const report = collectGarbage(store, 0, []);
  t.equal(report.bytes, 8 * mebibyte);
  t.ok(store.connection.segments.usedBytes <= 5 * mebibyte);
  t.ok(store.space.space().totalBytes - store.space.space().freeBytes <= before - 7 * mebibyte, "statfs says so");
  t.ok(content(store, kept.ino).equals(data));
  assertClean(t, store);
});

t.test("whoever reads an older state of the database has its bytes until the end", async (t) => {
  const { store, file, data } = withLongFile(t, 4 * mebibyte);
  store.commit("durable");
  const reader = open(t, store.path, { mode: "read" });
  reader.connection.reading(() => {
    t.ok(numberOf(reader, beside) > 0);
    removeFile(store, "file");
    store.commit("durable");
    collectGarbage(store, 0, []);
    t.equal(numberOf(store, beside), 0);
    t.ok(content(reader, file.ino).equals(data));
    t.same(checkDatabase(reader.connection), []);
  });
  reader.close();
  store.commit("durable");
  t.ok(store.connection.segments.usedBytes < mebibyte, "then its room is the host's");
});

t.test("retention finds what was appended last and has no row", async (t) => {
  const { store, file, data } = withLongFile(t, 2 * mebibyte);
  t.throws(
    () =>
      store.atomically(() => {
        store.tables.blobs.addBeside(randomBytes(3 * mebibyte), "caller");
        throw new Error("no");
      }),
    /no/,
  );
  store.commit("durable");
  t.ok(store.connection.segments.usedBytes >= 5 * mebibyte);
  collectGarbage(store, 0, []);
  t.ok(store.connection.segments.usedBytes < 3 * mebibyte);
  t.ok(content(store, file.ino).equals(data));
  writeVersion(store, file, 0, "more");
  assertClean(t, store);
});

t.test("retention finds what a crash kept from being given back", async (t) => {
  const store = newStore(t);
  const [lost, kept] = [addFile(store, "lost"), addFile(store, "kept")];
  const data = randomBytes(3 * mebibyte + 1234);
  writeLong(store, lost, randomBytes(4 * mebibyte));
  writeLong(store, kept, data);
  writeVersion(store, kept, data.length, randomBytes(10));
  store.commit("durable");
  const { path } = store;
  store.close();
  // As if the room had not been given back when the rows went.
  const full = open(t, path);
  for (const table of ["blob WHERE id IN (SELECT blob FROM extent WHERE ino = $1)", "extent WHERE ino = $1"]) {
    full.connection.prepare(`DELETE FROM ${table}`).run([lost.ino]);
  }
  full.connection.prepare("UPDATE inode SET size = 0, allocated = 0 WHERE ino = $1").run([lost.ino]);
  const again = open(t, crashCopy(t, full));
  t.ok(again.connection.segments.usedBytes >= 7 * mebibyte);
  collectGarbage(again, 0, []);
  t.ok(again.connection.segments.usedBytes < 4 * mebibyte);
  t.ok(content(again, kept.ino).subarray(0, data.length).equals(data));
  assertClean(t, again);
});

t.test("a change that is undone as a whole takes no room away", async (t) => {
  const { store, file, data } = withLongFile(t, 2 * mebibyte);
  store.commit("durable");
  t.throws(
    () =>
      store.atomically(() => {
        removeFile(store, "file");
        for (const [blob] of store.connection.prepare<readonly [number]>("SELECT id FROM blob").all([])) store.tables.blobs.remove(blob);
        throw new Error("no");
      }),
    /no/,
  );
  store.commit("durable");
  t.ok(content(store, file.ino).equals(data));
  assertClean(t, store);
});

t.test("where there is no room beside, rows take the bytes", async (t) => {
  const store = newStore(t);
  const file = addFile(store, "file");
  const { segments } = store.connection;
  const append = segments.append.bind(segments);
  const data = randomBytes(4 * mebibyte);
  write(store, file, 0, data.subarray(0, mebibyte));
  segments.append = () => undefined;
  for (const at of [1, 2]) write(store, file, at * mebibyte, data.subarray(at * mebibyte, (at + 1) * mebibyte));
  segments.append = append;
  write(store, file, 3 * mebibyte, data.subarray(3 * mebibyte));
  store.settle();
  t.ok(content(store, file.ino).equals(data));
  t.ok(numberOf(store, inRows) > 0);
  t.ok(numberOf(store, beside) > 0);
  assertClean(t, store);
});

t.test("size= counts what lies beside", async (t) => {
  const store = newStore(t, { sizeBytes: 8 * mebibyte });
  const file = addFile(store, "file");
  t.throws(() => writeLong(store, file, randomBytes(16 * mebibyte)), /has reached its size= limit/);
  t.ok(store.connection.segments.usedBytes <= 8 * mebibyte);
});

function damaged(t: Test, what: string, message: RegExp, damage: (path: string, store: Store) => void): void {
  t.test(`the check finds ${what}`, async (t) => {
    const store = newStore(t);
    writeLong(store, addFile(store, "file"), randomBytes(2 * mebibyte));
    store.commit("durable");
    damage(join(segmentsPath(store.path), "0.segment"), store);
    const problems = checkDatabase(store.connection);
    t.match(problems[0], { invariant: "I10", message });
  });
}

damaged(t, "a byte that changed", /blob \d+ is damaged/, (path) => {
  const fd = fs.openSync(path, "r+");
  fs.writeSync(fd, "damage", 5000);
  fs.closeSync(fd);
});
damaged(t, "bytes that are missing", /cannot be read: .*0\.segment has \d+ bytes less/, (path) => fs.truncateSync(path, mebibyte));
damaged(t, "two blobs in one place", /overlaps the one before it/, (_, store) =>
  store.connection.exec("UPDATE blob SET data = (SELECT data FROM blob WHERE id = 1) WHERE id = 2"),
);

t.test("without its segments a database is not opened to write, and no other is made in its place", async (t) => {
  const path = newDatabase(t);
  const store = openStore(path);
  const file = addFile(store, "file");
  writeLong(store, file, randomBytes(2 * mebibyte));
  store.close();
  const alone = join(temporaryDirectory(t), "alone");
  fs.copyFileSync(path, alone);
  t.throws(() => openStore(alone), { name: "DatabaseFormatError", message: /alone-segments is missing.*together with it/ });
  fs.cpSync(segmentsPath(path), segmentsPath(alone), { recursive: true });
  openStore(alone).close();
  fs.rmSync(path);
  t.throws(() => createStore(path), { name: "DatabaseFormatError", message: /segments is left of another database/ });
});

t.test("a database of format 1 becomes one of format 2 when it is opened to write", async (t) => {
  const path = newDatabase(t);
  const store = openStore(path);
  store.connection.exec("UPDATE meta SET value = '1' WHERE key = 'format'");
  store.close();
  const format = "SELECT value FROM meta WHERE key = 'format'";
  const reader = open(t, path, { mode: "read" });
  t.equal(numberOf(reader, format), 1);
  reader.connection.close();
  const writer = open(t, path);
  t.equal(numberOf(writer, format), 2);
  assertClean(t, writer);
});
