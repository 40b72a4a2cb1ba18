/** A change of the file system as a whole happens or does not, for who asked, in memory, in the database and after a crash. */
import { randomBytes } from "node:crypto";
import t from "tap";
import { ENOSPC, type FsError } from "../../src/base/errno.js";
import { DatabaseFullError } from "../../src/db/connection.js";
import { clearMeta, writeMeta } from "../../src/store/meta.js";
import type { Store } from "../../src/store/store.js";
import { addFile, assertClean, contentIn, crashCopy, liveOf, newStore, numberOf, open, write, writeVersion } from "./database.js";

const noSpace = { errno: ENOSPC } as Partial<FsError> as FsError;
const logged = { redoBytes: 4 * 1024 * 1024 };

/** A change of more than a record of the redo log takes. */
function large(store: Store): void {
  clearMeta(store.connection, store.writer, "nothing");
  for (let i = 0; i < 6; i++) store.tables.blobs.add(randomBytes(200_000));
  store.recordEvent("fork", 0, 1, "large", null, null);
}

/** Lets the store's connection commit nothing, as on a full disk, until the function that is returned is called. */
function full(store: Store): () => void {
  const { connection } = store;
  const commit = connection.commit.bind(connection);
  connection.commit = () => {
    connection.rollback();
    throw new DatabaseFullError("the disk is full");
  };
  return () => {
    connection.commit = commit;
  };
}

t.test("what is synced after a change that could not be committed survives a crash", (t) => {
  const store = newStore(t, logged);
  const file = addFile(store, "file");
  writeMeta(store.connection, store.writer, "fact", "there");
  store.commit("durable");
  writeVersion(store, file, 0, "one");
  store.sync();
  t.ok(store.writer.open, "by a record");
  const room = full(store);
  t.throws(() => store.atomically(() => large(store)), noSpace);
  room();
  t.notOk(store.writer.stalled, "without the change there is room");
  writeVersion(store, file, 0, "two");
  clearMeta(store.connection, store.writer, "fact");
  store.sync();
  t.ok(store.writer.open, "by a record");
  const first = open(t, crashCopy(t, store));
  t.equal(contentIn(liveOf(first), file.ino)?.toString(), "two", "in the same batch");
  t.equal(numberOf(first, "SELECT count(*) FROM meta WHERE key = 'fact'"), 0, "by the statements that were run");
  t.equal(numberOf(first, "SELECT count(*) FROM event WHERE op = 'fork'"), 0);

  store.commit("durable");
  writeVersion(store, file, 0, "three");
  store.sync();
  t.ok(store.writer.open, "by a record");
  const second = open(t, crashCopy(t, store));
  t.equal(contentIn(liveOf(second), file.ino)?.toString(), "three", "in the next batch");
  t.end();
});

t.test("what goes wrong once the change is committed does not take it back", (t) => {
  const store = newStore(t);
  const file = addFile(store, "file");
  store.commit("durable");
  const { sync } = store.connection;
  store.connection.sync = () => {
    throw new Error("the disk is gone");
  };
  t.throws(() => store.atomically(() => store.recordEvent("fork", 0, 1, "name", null, null)), /the disk is gone/);
  store.connection.sync = sync.bind(store.connection);
  write(store, file, 0, "more");
  store.commit("durable");
  t.equal(numberOf(store, "SELECT count(*) FROM event WHERE op = 'fork'"), 1);
  t.equal(contentIn(liveOf(store), file.ino)?.toString(), "more");
  assertClean(t, store);
  t.end();
});
