/** A database that cannot grow though there seemed to be room: nothing acknowledged is lost. */
import t, { type Test } from "tap";
import { ENOSPC, FsError } from "../../src/base/errno.js";
import type { Store } from "../../src/store/store.js";
import {
  addFile,
  assertClean,
  contentIn,
  crashCopy,
  liveOf,
  newStore,
  numberOf,
  open,
  removeFile,
  textAsOf,
  write,
  writeVersion,
} from "./database.js";
import { newFaultyStore } from "./faulty.js";

const noSpace = { errno: ENOSPC } as Partial<FsError> as FsError;

/** Lets the database grow by `pages` pages from now on. */
function limit(store: Store, pages: number): void {
  store.connection.exec(`PRAGMA max_page_count = ${numberOf(store, "PRAGMA page_count") + pages}`);
}

function unlimited(store: Store): void {
  store.connection.exec("PRAGMA max_page_count = 1000000");
}

/** A store with a committed file, whose database is then full in the middle of a batch. */
function stalled(t: Test): { store: Store; before: number } {
  const store = newStore(t);
  const file = addFile(store, "before");
  writeVersion(store, file, 0, "committed");
  store.commit("durable");
  limit(store, 4);
  return { store, before: file.ino };
}

t.test("a full database in the middle of a batch: the batch waits, and goes through when there is room", (t) => {
  const { store, before } = stalled(t);
  const inos: number[] = [];
  for (let i = 0; i < 5; i++) {
    const file = addFile(store, `file ${i}`);
    write(store, file, 0, Buffer.alloc(100_000, i + 1));
    inos.push(file.ino);
  }
  t.throws(() => store.commit("durable"), noSpace);
  t.throws(() => store.commit("durable"), noSpace, "still");
  store.commitQuietly();
  t.ok(store.writer.stalled);
  const crashed = open(t, crashCopy(t, store));
  t.equal(contentIn(liveOf(crashed), before)?.toString(), "committed", "a crash now leaves the batch before");
  t.same(
    liveOf(crashed)
      .list(1, 0, 10)
      .map(({ name }) => name),
    ["before"],
  );
  assertClean(t, crashed, "which is whole");
  unlimited(store);
  store.commit("durable");
  t.notOk(store.writer.stalled);
  for (const [index, ino] of inos.entries()) t.same(contentIn(liveOf(store), ino), Buffer.alloc(100_000, index + 1));
  assertClean(t, store);
  const after = open(t, crashCopy(t, store));
  t.equal(liveOf(after).list(1, 0, 10).length, 6);
  assertClean(t, after);
  t.end();
});

t.test("while the batch waits, changes are refused, and reads show what was acknowledged or fail", (t) => {
  const { store, before } = stalled(t);
  const tree = liveOf(store);
  const file = addFile(store, "file");
  write(store, file, 0, Buffer.alloc(300_000, 7));
  t.throws(() => store.commit("ordered"), noSpace);
  t.throws(() => addFile(store, "more"), noSpace);
  t.throws(() => write(store, file, 5, "more"), noSpace);
  t.throws(() => removeFile(store, "before"), noSpace);
  let bytes: Buffer | undefined;
  try {
    bytes = contentIn(tree, file.ino);
  } catch (error) {
    t.ok(error instanceof FsError && error.errno === ENOSPC, "ENOSPC");
  }
  if (bytes !== undefined) t.ok(bytes.equals(Buffer.alloc(300_000, 7)), "never zeros in place of acknowledged bytes");
  unlimited(store);
  store.commit("ordered");
  t.same(contentIn(tree, file.ino), Buffer.alloc(300_000, 7), "with room again");
  writeVersion(store, file, 100_000, Buffer.alloc(1000, 8));
  removeFile(store, "before");
  assertClean(t, store);
  t.same(contentIn(tree, file.ino), Buffer.alloc(300_000, 7).fill(8, 100_000, 101_000));
  t.equal(textAsOf(store, before, 3), "committed");
  t.end();
});

t.test("full in the middle of a version that replaces others: all of it is stored, or nothing any more", (t) => {
  const outcomes = new Set<string>();
  for (const statements of [0, 10, 40, 1000]) {
    const { store, disk } = newFaultyStore(t);
    const file = addFile(store, "file");
    const first = Buffer.alloc(1_000_000, 1);
    write(store, file, 0, first);
    store.commit("durable");
    const pieces = (shift: number) => {
      for (let at = shift; at < 900_000; at += 120_000) write(store, file, at, Buffer.alloc(50_000, 2));
      return store.settle();
    };
    pieces(0);
    disk.left = statements;
    try {
      pieces(20_000);
    } catch (error) {
      t.match(error, /a change broke off in its middle, mount again/);
    }
    disk.left = Number.POSITIVE_INFINITY;
    try {
      store.commit("durable");
      outcomes.add("stored");
    } catch (error) {
      t.match(error, /a change broke off in its middle, mount again/);
      outcomes.add("ended");
    }
    const copy = open(t, crashCopy(t, store));
    const content = contentIn(liveOf(copy), file.ino);
    const second = Buffer.from(first);
    for (let at = 0; at < 900_000; at += 120_000) second.fill(2, at, at + 70_000);
    t.ok(content?.equals(first) || content?.equals(second), `${statements} statements went through`);
    assertClean(t, copy);
  }
  t.same([...outcomes].sort(), ["ended", "stored"]);
  t.end();
});

t.test("full at the commit itself", (t) => {
  const store = newStore(t);
  const file = addFile(store, "file");
  writeVersion(store, file, 0, "one");
  const { connection } = store;
  const commit = connection.commit.bind(connection);
  let refusals = 4;
  connection.commit = () => {
    refusals -= 1;
    if (refusals < 0) {
      commit();
      return;
    }
    connection.exec("PRAGMA max_page_count = 1");
    try {
      connection.prepare("INSERT INTO meta (key, value) VALUES ('filler', $1)").run(["x".repeat(1_000_000)]);
    } finally {
      unlimited(store);
    }
  };
  t.throws(() => store.commit("durable"), noSpace);
  t.throws(() => store.commit("durable"), noSpace);
  store.commit("durable");
  assertClean(t, store);
  t.equal(contentIn(liveOf(open(t, crashCopy(t, store))), file.ino)?.toString(), "one");
  t.end();
});

t.test("an unexpected failure of the database: nothing half done is ever committed", (t) => {
  const store = newStore(t);
  addFile(store, "before");
  store.commit("durable");
  addFile(store, "one");
  store.connection.exec(
    `INSERT INTO dirent (branch, parent, name, since, ino, type, cookie) VALUES (0, 1, x'${Buffer.from("two").toString("hex")}', 1, 99, 8, 99)`,
  );
  addFile(store, "three");
  liveOf(store).setDirent(1, "two", { ino: 5, type: 8 }, store.events.last);
  store.connection.exec(
    `INSERT INTO dirent (branch, parent, name, since, ino, type, cookie) VALUES (0, 1, x'${Buffer.from("three").toString("hex")}', 1, 98, 8, 98)`,
  );
  t.throws(() => store.commit("durable"), /UNIQUE/);
  t.throws(() => store.commit("durable"), "and it says so again");
  const crashed = open(t, crashCopy(t, store), { mode: "read" });
  t.notOk(liveOf(crashed).lookup(1, "one"), "no part of the batch");
  t.end();
});
