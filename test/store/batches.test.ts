import fs from "node:fs";
import { dirname } from "node:path";
import t from "tap";
import { genesisDigest } from "../../src/store/seal.js";
import { addFile, assertClean, crashCopy, liveOf, newStore, numberOf, open, rowsOf, textAsOf, write, writeVersion } from "./database.js";

t.test("events are sealed in a chain", (t) => {
  const store = newStore(t);
  for (let batch = 0; batch < 4; batch++) {
    for (let i = 0; i < 3; i++) addFile(store, `file ${batch} ${i}`);
    store.commit("ordered");
  }
  const batches = store.connection
    .prepare<readonly [number, number, number, Uint8Array, Uint8Array]>(
      'SELECT "first", "last", events, digest, previous FROM batch ORDER BY id',
    )
    .all([]);
  t.equal(batches.length, 5, "four, and the root directory's");
  let next = 1;
  let before: Uint8Array = genesisDigest;
  for (const [first, last, events, digest, previous] of batches) {
    t.equal(first, next);
    t.ok(Buffer.from(previous).equals(before), "follows from the one before");
    t.equal(digest.length, 32);
    t.equal(events, last - first + 1);
    next = last + 1;
    before = digest;
  }
  assertClean(t, store);
  t.end();
});

t.test("a batch without changes is none", (t) => {
  const store = newStore(t);
  const before = numberOf(store, "SELECT count(*) FROM batch");
  store.commit("ordered");
  store.commit("durable");
  t.equal(numberOf(store, "SELECT count(*) FROM batch"), before);
  t.end();
});

t.test("the chain goes on after the database was closed", (t) => {
  const store = newStore(t);
  addFile(store, "one");
  store.close();
  const again = open(t, store.path);
  addFile(again, "two");
  assertClean(t, again);
  t.equal(numberOf(again, "SELECT count(*) FROM batch"), 3);
  t.end();
});

t.test("a batch is due after its time, and only when something changed", (t) => {
  const store = newStore(t, { batchMillis: 0 });
  store.pulse();
  t.equal(store.millisUntilDue(), Number.POSITIVE_INFINITY);
  addFile(store, "file");
  store.pulse();
  t.equal(store.millisUntilDue(), 0);
  store.tick();
  t.equal(numberOf(store, 'SELECT max("last") FROM batch'), store.events.last);
  t.equal(store.millisUntilDue(), Number.POSITIVE_INFINITY);
  const patient = newStore(t, { batchMillis: 100_000 });
  addFile(patient, "file");
  patient.pulse();
  t.ok(patient.millisUntilDue() > 90_000);
  patient.tick();
  t.ok(numberOf(patient, 'SELECT max("last") FROM batch') < patient.events.last);
  t.end();
});

t.test("a batch ends with many bytes, or many events", (t) => {
  const store = newStore(t, { batchBytes: 100_000 });
  const file = addFile(store, "file");
  store.pulse();
  const before = numberOf(store, "SELECT count(*) FROM batch");
  write(store, file, 0, Buffer.alloc(100_001));
  store.pulse();
  t.equal(numberOf(store, "SELECT count(*) FROM batch"), before + 1);
  const tree = liveOf(store);
  for (let i = 0; i < 8200; i++) {
    tree.record(file, tree.change("setattr", file.ino, null, {}));
    store.pulse();
  }
  t.ok(numberOf(store, "SELECT count(*) FROM batch") > before + 1);
  t.ok(numberOf(store, "SELECT max(events) FROM batch") <= 8192);
  assertClean(t, store);
  t.end();
});

t.test("a crash leaves what was committed, and nothing of what was not", (t) => {
  const store = newStore(t);
  const file = addFile(store, "file");
  writeVersion(store, file, 0, "committed");
  store.commit("durable");
  const kept = store.events.last;
  addFile(store, "lost");
  writeVersion(store, file, 0, "LOST");
  store.drain();
  const copy = open(t, crashCopy(t, store));
  t.equal(textAsOf(copy, file.ino, kept), "committed");
  t.same(
    liveOf(copy)
      .list(1, 0, 10)
      .map(({ name }) => name),
    ["file"],
  );
  t.equal(copy.events.last, kept);
  assertClean(t, copy);
  t.end();
});

t.test("closing leaves one file", (t) => {
  const store = newStore(t);
  writeVersion(store, addFile(store, "file"), 0, "text");
  t.ok(fs.existsSync(`${store.path}-reserve`), "while it is open there is a reserve");
  store.close();
  t.same(fs.readdirSync(dirname(store.path)), ["db"]);
  t.end();
});

t.test("what a process did is said by its row", (t) => {
  const store = newStore(t);
  const id = store.processes.add({ pid: 12, started: 34, parent: 1, uid: 1000, gid: 100, name: "cp" });
  store.processes.describe(id, { executable: "/bin/cp", arguments: ["cp", "a", "b"], directory: "/" });
  const file = addFile(store, "file");
  liveOf(store).write(file, 0, Buffer.from("x"), id);
  store.commit("ordered");
  t.same(rowsOf(store, "SELECT e.op, p.pid, p.arguments FROM event e JOIN process p ON p.id = e.process"), [
    ["write", 12, '["cp","a","b"]'],
  ]);
  assertClean(t, store);
  t.end();
});
