/** When bytes get a version: true from the tick of its last WRITE on, and what ends it. */
import t, { type Test } from "tap";
import type { Inode } from "../../src/store/inode.js";
import { mainBranch, type Store } from "../../src/store/store.js";
import { rootIno } from "../../src/store/tree.js";
import { addFile, assertClean, liveOf, newStore, rowsOf, textAsOf, write, writeVersion } from "./database.js";

function newFile(t: Test): { store: Store; file: Inode; first: number } {
  const store = newStore(t);
  const file = addFile(store, "file");
  return { store, file, first: writeVersion(store, file, 0, "one") };
}

t.test("every change is a tick, writes too", (t) => {
  const store = newStore(t);
  const before = store.events.last;
  const file = addFile(store, "file");
  t.equal(store.events.last, before + 1);
  write(store, file, 0, "a");
  write(store, file, 1, "b");
  t.equal(store.events.last, before + 3);
  liveOf(store).truncate(file, 1, null);
  t.equal(store.events.last, before + 4);
  assertClean(t, store);
  t.end();
});

t.test("a version is true from its last write on; until then the one before shows", (t) => {
  const { store, file, first } = newFile(t);
  const second = write(store, file, 0, "two");
  const third = write(store, file, 3, " and more");
  liveOf(store).settle(file);
  t.equal(file.since, third);
  t.equal(textAsOf(store, file.ino, first), "one");
  t.equal(textAsOf(store, file.ino, second), "one", "between the first and the last write");
  t.equal(textAsOf(store, file.ino, third), "two and more");
  t.same(store.past(mainBranch, second).inode(file.ino)?.size, 3, "the size is versioned with the bytes");
  assertClean(t, store);
  t.same(rowsOf(store, `SELECT id, op, bytes FROM event WHERE id > ${first}`), [[third, "write", 12]], "one event for the version");
  t.end();
});

t.test("before the file had bytes, and before it was there", (t) => {
  const { store, file, first } = newFile(t);
  t.equal(textAsOf(store, file.ino, first - 1), "");
  t.equal(textAsOf(store, file.ino, first - 2), undefined);
  t.end();
});

t.test("the live tree shows what was written at once", (t) => {
  const { store, file } = newFile(t);
  write(store, file, 1, "XX");
  const into = Buffer.alloc(10);
  t.equal(liveOf(store).read(file, 0, into), 3);
  t.equal(into.toString("latin1", 0, 3), "oXX");
  t.equal(liveOf(store).read(file, 2, into), 1, "from an offset");
  t.equal(liveOf(store).read(file, 3, into), 0, "at the end");
  t.end();
});

t.test("a read of the past ends the version", (t) => {
  const { store, file } = newFile(t);
  const second = write(store, file, 0, "two");
  t.equal(textAsOf(store, file.ino, second), "two");
  const third = write(store, file, 0, "six");
  t.equal(textAsOf(store, file.ino, second), "two", "what was seen once stays seen");
  t.equal(textAsOf(store, file.ino, third), "six");
  assertClean(t, store);
  t.end();
});

t.test("a batch's end ends the version", (t) => {
  const { store, file } = newFile(t);
  for (const durability of ["ordered", "durable"] as const) {
    const tick = write(store, file, 0, durability);
    store.commit(durability);
    write(store, file, 0, "another");
    t.equal(textAsOf(store, file.ino, tick), durability);
  }
  assertClean(t, store);
  t.end();
});

t.test("truncating: shorter, longer, and both within one version", (t) => {
  const { store, file, first } = newFile(t);
  const tree = liveOf(store);
  tree.truncate(file, 1, null);
  tree.settle(file);
  const second = store.events.last;
  tree.truncate(file, 4, null);
  tree.settle(file);
  const third = store.events.last;
  write(store, file, 0, "abcdef");
  tree.truncate(file, 2, null);
  tree.truncate(file, 5, null);
  write(store, file, 4, "Z");
  tree.settle(file);
  const fourth = store.events.last;
  t.equal(textAsOf(store, file.ino, first), "one");
  t.equal(textAsOf(store, file.ino, second), "o");
  t.equal(textAsOf(store, file.ino, third), "o\0\0\0", "the bytes cut off do not come back");
  t.equal(textAsOf(store, file.ino, fourth), "ab\0\0Z");
  assertClean(t, store);
  t.same(rowsOf(store, `SELECT op FROM event WHERE id IN (${second}, ${third}, ${fourth}) ORDER BY id`), [
    ["truncate"],
    ["truncate"],
    ["write"],
  ]);
  t.end();
});

t.test("attributes changed twice by one event are one version", (t) => {
  const { store, file } = newFile(t);
  const tree = liveOf(store);
  const tick = tree.change("setattr", file.ino, null, {});
  file.mode = 0o100600;
  tree.record(file, tick);
  file.mode = 0o100640;
  tree.record(file, tick);
  store.commit("ordered");
  t.same(
    rowsOf(
      store,
      `SELECT since, mode FROM inode WHERE ino = ${file.ino} UNION SELECT since, mode FROM inode_past WHERE ino = ${file.ino} AND since >= ${tick}`,
    ),
    [[tick, 0o100640]],
  );
  assertClean(t, store);
  t.end();
});

t.test("names: as of before, while, and after", (t) => {
  const store = newStore(t);
  const tree = liveOf(store);
  const before = store.events.last;
  const first = addFile(store, "name");
  const made = store.events.last;
  const gone = tree.change("unlink", first.ino, null, { parent: 1, name: "name" });
  tree.setDirent(1, "name", undefined, gone);
  tree.recordUnlinked(first, gone);
  const second = addFile(store, "name");
  const again = store.events.last;
  const inoAt = (moment: number) => store.past(mainBranch, moment).lookup(1, "name")?.ino;
  t.same([before, made, gone, again].map(inoAt), [undefined, first.ino, undefined, second.ino]);
  t.same(
    store
      .past(mainBranch, made)
      .list(1, 0, 10)
      .map(({ ino }) => ino),
    [first.ino],
  );
  t.same(store.past(mainBranch, gone).list(1, 0, 10), []);
  assertClean(t, store);
  t.end();
});

t.test("attributes by name: as of before, while, and after", (t) => {
  const { store, file } = newFile(t);
  const tree = liveOf(store);
  const moments = [store.events.last];
  for (const value of ["first", "second", undefined, "third"]) {
    const tick = tree.change("setxattr", file.ino, null, {});
    tree.setXattr(file.ino, "user.x", value === undefined ? undefined : Buffer.from(value), tick);
    moments.push(tick);
  }
  const valueAt = (moment: number) => {
    const value = store.past(mainBranch, moment).xattr(file.ino, "user.x");
    return value === undefined ? undefined : Buffer.from(value).toString();
  };
  t.same(moments.map(valueAt), [undefined, "first", "second", undefined, "third"]);
  t.same(
    moments.map((moment) => store.past(mainBranch, moment).xattrNames(file.ino)),
    [[], ["user.x"], ["user.x"], [], ["user.x"]],
  );
  assertClean(t, store);
  t.end();
});

t.test("what has not changed since a moment is read from memory there; what has, from the database", (t) => {
  const store = newStore(t);
  const [same, changed] = [addFile(store, "same"), addFile(store, "changed")];
  writeVersion(store, changed, 0, "one");
  const moment = store.events.last;
  const past = store.past(mainBranch, moment);
  writeVersion(store, changed, 0, "longer");
  const asked: string[] = [];
  for (const table of store.tables.writeBehind) {
    const readAsOf = table.readAsOf.bind(table);
    table.readAsOf = (key, at) => {
      asked.push(`${table.spec.name} ${key[1]}`);
      return readAsOf(key, at);
    };
  }
  t.match(past.lookup(rootIno, "same"), { ino: same.ino });
  t.match(past.inode(same.ino), { since: same.since, nlink: 1, size: 0 });
  t.not(past.inode(same.ino), same, "an object of its own, which no change of the file changes");
  t.same(asked, []);
  t.equal(past.inode(changed.ino)?.size, 3);
  t.same(asked, [`inode ${changed.ino}`]);
  write(store, same, 0, "a draft is not a version");
  t.equal(store.past(mainBranch, moment).inode(same.ino)?.size, 0);
  assertClean(t, store);
  t.end();
});
