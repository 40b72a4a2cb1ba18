/** What a sync made durable is there after a crash, though its batch was never committed. */
import fs from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import t, { type Test } from "tap";
import type { Value } from "../../src/db/connection.js";
import { Packer, Unpacker } from "../../src/store/redo-codec.js";
import { recordsOf, redoPath } from "../../src/store/redo-log.js";
import type { Store } from "../../src/store/store.js";
import { newestDescriptorOf } from "../support/descriptors.js";
import { Random, seedOf } from "../support/random.js";
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
  rowsOf,
  textAsOf,
  write,
  writeVersion,
} from "./database.js";
import { newFaultyStore } from "./faulty.js";

const logged = { redoBytes: 1024 * 1024 };

function committed(store: Store): number {
  return numberOf(store, "SELECT count(*) FROM batch");
}

t.test("a synced write is there, its batch goes on", (t) => {
  const store = newStore(t, logged);
  const file = addFile(store, "file");
  store.commit("durable");
  const batches = committed(store);
  const versions = ["one ", "two ", "three"].map((text, index) => {
    write(store, file, index * 4, text);
    store.sync();
    return store.events.last;
  });
  write(store, file, 0, "LOST");
  t.equal(committed(store), batches);
  const copy = open(t, crashCopy(t, store));
  t.equal(committed(copy), batches + 1, "one batch has all of it");
  t.same(
    versions.map((moment) => textAsOf(copy, file.ino, moment)),
    ["one ", "one two ", "one two three"],
  );
  t.notOk(fs.existsSync(redoPath(copy.path)), "it is not done twice");
  t.equal(copy.events.last, versions[2]);
  assertClean(t, copy);
  t.end();
});

t.test("what was committed is not done again", (t) => {
  const store = newStore(t, logged);
  const file = addFile(store, "file");
  store.sync();
  writeVersion(store, file, 0, "synced");
  store.sync();
  store.commit("ordered");
  const copy = open(t, crashCopy(t, store));
  t.equal(contentIn(liveOf(copy), file.ino)?.toString(), "synced");
  assertClean(t, copy);
  writeVersion(store, file, 6, " again");
  store.sync();
  const second = open(t, crashCopy(t, store));
  t.equal(contentIn(liveOf(second), file.ino)?.toString(), "synced again");
  assertClean(t, second);
  t.end();
});

t.test("a recovered database has the rows that the commit would have made", (t) => {
  const store = newStore(t, logged);
  const file = addFile(store, "file");
  for (let index = 0; index < 40; index++) {
    writeVersion(store, file, index * 900, Buffer.alloc(900, index + 1));
    if (index % 3 === 0) store.sync();
  }
  store.sync();
  const copy = open(t, crashCopy(t, store));
  store.commit("durable");
  for (const table of ["event", "extent", "extent_past", "inode", "inode_past", "dirent", "blob", "batch"]) {
    t.same(rowsOf(copy, `SELECT * FROM ${table}`), rowsOf(store, `SELECT * FROM ${table}`), table);
  }
  t.end();
});

t.test("a pack that was synced and is needed no more", (t) => {
  const store = newStore(t, logged);
  const tree = liveOf(store);
  const file = addFile(store, "file");
  tree.hold(file);
  removeFile(store, "file");
  writeVersion(store, file, 0, "nameless");
  store.sync();
  tree.letGo(file);
  store.sync();
  const copy = open(t, crashCopy(t, store));
  assertClean(t, copy);
  t.equal(numberOf(copy, "SELECT count(*) FROM blob"), 0);
  assertClean(t, store);
  t.end();
});

t.test("a large change, and a full log, end the batch", (t) => {
  const store = newStore(t, { redoBytes: 64 * 1024 });
  const file = addFile(store, "file");
  store.sync();
  const batches = committed(store);
  writeVersion(store, file, 0, Buffer.alloc(200_000, 1));
  store.sync();
  t.equal(committed(store), batches + 1);
  for (let index = 0; index < 40; index++) {
    writeVersion(store, file, index, "x");
    store.sync();
  }
  t.ok(committed(store) > batches + 2);
  const copy = open(t, crashCopy(t, store));
  t.equal(contentIn(liveOf(copy), file.ino)?.toString("latin1", 0, 41), `${"x".repeat(40)}\x01`);
  assertClean(t, copy);
  t.end();
});

t.test("a record that was being written is none, nor is what follows it", (t) => {
  const store = newStore(t, logged);
  const file = addFile(store, "file");
  for (const text of ["one", "two", "six"]) {
    writeVersion(store, file, 0, text);
    store.sync();
  }
  const damaged: readonly [number, string | undefined][] = [
    [4096 * 2 + 30, "two"],
    [4096 + 30, "one"],
    [30, undefined],
  ];
  for (const [at, expected] of damaged) {
    const path = crashCopy(t, store);
    const fd = fs.openSync(redoPath(path), "r+");
    fs.writeSync(fd, Buffer.from([0xff]), 0, 1, at);
    fs.closeSync(fd);
    const copy = open(t, path);
    t.equal(contentIn(liveOf(copy), file.ino)?.toString(), expected);
    assertClean(t, copy);
  }
  t.end();
});

t.test("closed, the log is gone", (t) => {
  const path = newDatabase(t);
  const store = open(t, path, logged);
  const file = addFile(store, "file");
  writeVersion(store, file, 0, "synced");
  store.sync();
  store.close();
  t.notOk(fs.existsSync(redoPath(path)));
  t.end();
});

t.test("another copy of the database does not take the records for its own", (t) => {
  const store = newStore(t, logged);
  const file = addFile(store, "file");
  writeVersion(store, file, 0, "old");
  store.commit("durable");
  const backup = crashCopy(t, store);
  writeVersion(store, file, 0, "new");
  store.commit("durable");
  writeVersion(store, file, 3, "er");
  store.sync();
  fs.copyFileSync(redoPath(store.path), redoPath(backup));
  const copy = open(t, backup);
  t.equal(contentIn(liveOf(copy), file.ino)?.toString(), "old");
  assertClean(t, copy);
  t.end();
});

t.test("a batch that was sealed, could not be committed, and goes on", (t) => {
  const { store, disk } = newFaultyStore(t, logged);
  const file = addFile(store, "file");
  writeVersion(store, file, 0, "one ");
  disk.left = 0;
  t.throws(() => store.commit("durable"), /disk .* is full/);
  disk.left = Number.POSITIVE_INFINITY;
  t.ok(store.writer.retry());
  writeVersion(store, file, 4, "two");
  store.sync();
  const copy = open(t, crashCopy(t, store));
  t.equal(contentIn(liveOf(copy), file.ino)?.toString(), "one two");
  assertClean(t, copy);
  assertClean(t, store);
  t.end();
});

/** Takes copies of the database as power loss would leave it: what was synced of each file, and no more. */
function losingPower(t: Test, store: Store): () => string {
  const directory = temporaryDirectory(t);
  const keep = (): void => {
    for (const suffix of ["", "-wal"]) fs.copyFileSync(store.path + suffix, join(directory, `durable${suffix}`));
  };
  const { connection } = store;
  const sync = connection.sync.bind(connection);
  connection.sync = () => {
    sync();
    keep();
  };
  keep();
  let count = 0;
  return () => {
    const path = join(directory, `copy${count++}`);
    for (const suffix of ["", "-wal"]) fs.copyFileSync(join(directory, `durable${suffix}`), path + suffix);
    fs.copyFileSync(redoPath(store.path), redoPath(path));
    return path;
  };
}

t.test("power loss at any time leaves the last sync", (t) => {
  const random = new Random(seedOf(t));
  const store = newStore(t, { redoBytes: 256 * 1024 });
  store.commit("durable");
  const losePower = losingPower(t, store);
  const tree = liveOf(store);
  const files = ["a", "b", "c"].map((name) => addFile(store, name));
  const contents = () => files.map((file) => contentIn(tree, file.ino)?.toString("latin1"));
  let synced = files.map((): string | undefined => undefined);
  let looks = 0;
  for (let step = 0; step < 400; step++) {
    const file = random.pick(files);
    if (random.chance(0.5)) write(store, file, file.size, random.bytes(1 + random.below(3000)));
    else if (random.chance(0.6)) write(store, file, random.below(file.size + 100), random.bytes(1 + random.below(5000)));
    else if (random.chance(0.3)) tree.truncate(file, random.below(file.size + 1), null);
    else tree.settle(file);
    if (random.chance(0.08)) store.commit(random.chance(0.3) ? "durable" : "ordered");
    else if (random.chance(0.3)) {
      store.sync();
      synced = contents();
      if (!random.chance(0.3)) continue;
      looks++;
      const copy = open(t, losePower());
      const found = files.map((one) => contentIn(liveOf(copy), one.ino)?.toString("latin1"));
      if (!t.same(found, synced, `step ${step}`)) break;
      copy.close();
    }
  }
  t.ok(looks > 5);
  assertClean(t, store);
  t.end();
});

t.test("values of every kind, packed and unpacked", (t) => {
  const value: fc.Arbitrary<Value> = fc.oneof(
    fc.constant(null),
    fc.double({ noNaN: true }),
    fc.maxSafeInteger(),
    fc.string({ unit: "binary" }),
    fc.uint8Array({ maxLength: 300 }),
  );
  const change = fc.record({ sql: fc.constantFrom("one", "two", "three ä"), params: fc.array(value, { maxLength: 12 }) });
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 20 }), { maxLength: 5 }), (records) => {
      const packer = new Packer(24);
      const texts: string[] = [];
      for (const changes of records) {
        packer.begin();
        for (const { sql, params } of changes) {
          packer.text(sql);
          packer.values(params);
        }
        const unpacker = new Unpacker(Buffer.from(packer.padded(packer.length + 7)), 24, packer.length, texts);
        for (const { sql, params } of changes) {
          t.equal(unpacker.text(), sql);
          t.same(
            unpacker.values().map((one) => (one instanceof Uint8Array ? [...one] : one)),
            params.map((one) => (one instanceof Uint8Array ? [...one] : one)),
          );
        }
        t.notOk(unpacker.more);
      }
    }),
  );
  t.end();
});

t.test("no file, no records", (t) => {
  t.same([...recordsOf(join(temporaryDirectory(t), "db"), 0, Buffer.alloc(32))], []);
  t.end();
});

t.test("where a record cannot be written, a sync commits", (t) => {
  const store = newStore(t, logged);
  const file = addFile(store, "file");
  writeVersion(store, file, 0, "one");
  store.sync();
  t.ok(store.writer.open, "by a record");
  fs.closeSync(newestDescriptorOf(redoPath(store.path)));
  writeVersion(store, file, 0, "two");
  store.sync();
  t.notOk(store.writer.open, "by a commit");
  const copy = open(t, crashCopy(t, store));
  t.equal(contentIn(liveOf(copy), file.ino)?.toString(), "two");
  assertClean(t, copy);
  t.end();
});
