import fs from "node:fs";
import t from "tap";
import { openSqlite } from "../../src/db/sqlite.js";
import { addFile, assertClean, contentIn, liveOf, newDatabase, newStore, writeVersion } from "../store/database.js";
import { newestDescriptorOf } from "../support/descriptors.js";

t.test("the log has a length, and carrying it over ends it", (t) => {
  const connection = openSqlite(newDatabase(t), { mode: "write" });
  t.teardown(() => connection.close());
  connection.checkpoint();
  t.equal(connection.logBytes(), 0, "nothing to carry over");
  connection.begin();
  t.ok(connection.inTransaction);
  connection.prepare("INSERT INTO meta (key, value) VALUES ($1, $2)").run(["big", "x".repeat(100_000)]);
  connection.commit();
  t.notOk(connection.inTransaction);
  t.ok(connection.logBytes() > 100_000, "what was committed lies in the log");
  connection.sync();
  t.ok(connection.logBytes() > 100_000, "asking for its length carries nothing over, nor does a sync");
  t.equal(connection.checkpoint(), true);
  t.equal(connection.logBytes(), 0);
  t.end();
});

t.test("a reader keeps the log from being carried over, and sees one state meanwhile", (t) => {
  const path = newDatabase(t);
  const connection = openSqlite(path, { mode: "write" });
  const reader = openSqlite(path, { mode: "read" });
  t.teardown(() => {
    reader.close();
    connection.close();
  });
  const count = reader.prepare<readonly [number]>("SELECT count(*) FROM meta");
  reader.reading(() => {
    const before = count.get([]);
    connection.prepare("INSERT INTO meta (key, value) VALUES ('new', '1')").run([]);
    t.same(count.get([]), before, "the same state");
    t.equal(connection.checkpoint(), false, "does not wait for the reader");
  });
  t.same(
    reader.reading(() => count.get([])),
    [4],
  );
  t.equal(connection.checkpoint(), true);
  t.throws(() => reader.prepare("DELETE FROM meta").run([]), /readonly/);
  t.end();
});

t.test("rolled back is as if it never was", (t) => {
  const connection = openSqlite(newDatabase(t), { mode: "write" });
  t.teardown(() => connection.close());
  connection.begin();
  connection.exec("DELETE FROM meta");
  connection.rollback();
  connection.rollback();
  t.same(connection.prepare("SELECT count(*) FROM meta").get([]), [3]);
  t.end();
});

t.test("the log stays bounded while much is written", (t) => {
  const store = newStore(t);
  let longest = 0;
  for (let i = 0; i < 60; i++) {
    writeVersion(store, addFile(store, `file ${i}`), 0, Buffer.alloc(1024 * 1024, i));
    store.commit(i % 2 === 0 ? "ordered" : "durable");
    longest = Math.max(longest, fs.statSync(`${store.path}-wal`).size);
  }
  t.ok(longest < 24 * 1024 * 1024, `the log was ${longest} bytes at most, of 60 MiB written`);
  t.same(contentIn(liveOf(store), 20), Buffer.alloc(1024 * 1024, 18));
  assertClean(t, store);
  t.end();
});

t.test("a sync that failed once fails for ever: what the kernel could not write it has forgotten", (t) => {
  const path = newDatabase(t);
  const connection = openSqlite(path, { mode: "write" });
  connection.exec("INSERT INTO meta (key, value) VALUES ('a', 'b')");
  connection.sync();
  fs.closeSync(newestDescriptorOf(`${path}-wal`));
  t.throws(() => connection.sync(), { code: "EBADF" });
  // Its number is another file's now, which could be synced.
  fs.fdatasyncSync(fs.openSync(`${path}.other`, "w"));
  t.throws(() => connection.sync(), { code: "EBADF" });
  connection.close();
  t.end();
});
