/** Row versions that wait in memory end as the same tables as rows written at once. */
import t, { type Test } from "tap";
import type { Store } from "../../src/store/store.js";
import { Random, seedOf, stepsOf } from "../support/random.js";
import { addDirectory, addFile, assertClean, liveOf, newStore, removeFile, rowsOf, write } from "./database.js";

const tables = ["inode", "inode_past", "dirent", "dirent_past", "xattr", "xattr_past", "extent", "extent_past"];

/** The same changes by the same seed; what happens after each is up to `after`. */
function change(store: Store, seed: number, after: (store: Store) => void): void {
  const random = new Random(seed);
  const tree = liveOf(store);
  const directory = addDirectory(store, "directory");
  for (let i = 0; i < stepsOf(400); i++) {
    const name = `name ${random.below(12)}`;
    const parent = random.pick([1, directory.ino]);
    const entry = tree.lookup(parent, name);
    const action = random.below(5);
    if (entry === undefined) addFile(store, name, parent);
    else {
      const file = tree.inode(entry.ino);
      if (file === undefined) throw new Error(`${name} leads nowhere`);
      if (action === 0) removeFile(store, name, parent);
      else if (action === 1) write(store, file, random.below(500), random.bytes(50));
      else {
        tree.settle(file);
        const tick = tree.change("setattr", file.ino, null, {});
        if (action === 2) tree.setXattr(file.ino, "user.x", random.chance(0.3) ? undefined : random.bytes(10), tick);
        file.mode = 0o100000 | random.below(0o1000);
        tree.record(file, tick);
      }
    }
    after(store);
  }
  store.settle();
}

/** The tables without clock times, which differ from run to run. */
function contents(store: Store): Map<string, unknown[]> {
  return new Map(
    tables.map((table) => {
      const columns = rowsOf(store, `SELECT name FROM pragma_table_info('${table}')`).map((row) => String((row as unknown[])[0]));
      const kept = columns.filter((column) => !/^[amcb]time_/.test(column)).map((column) => `"${column}"`);
      return [table, rowsOf(store, `SELECT ${kept.join(", ")} FROM ${table} ORDER BY ${kept.join(", ")}`)];
    }),
  );
}

function compare(t: Test, after: (store: Store) => void): void {
  const seed = seedOf(t);
  const [behind, through] = [newStore(t), newStore(t)];
  change(behind, seed, () => {});
  change(through, seed, after);
  const expected = contents(behind);
  for (const [table, rows] of contents(through)) t.same(rows, expected.get(table), table);
  t.ok((expected.get("inode_past")?.length ?? 0) > 50, "there is a past to compare");
  assertClean(t, behind);
  assertClean(t, through);
}

t.test("drained after each change", (t) => {
  compare(t, (store) => store.drain());
  t.end();
});

t.test("drained now and then", (t) => {
  let count = 0;
  compare(t, (store) => {
    count += 1;
    if (count % 7 === 0) store.drain();
  });
  t.end();
});

t.test("many waiting rows are drained between requests", (t) => {
  const store = newStore(t);
  for (let i = 0; i < 1100; i++) addFile(store, `file ${i}`);
  const { inode, dirent } = store.tables;
  t.ok(inode.pending + dirent.pending >= 2100);
  store.pulse();
  t.equal(inode.pending + dirent.pending, 0);
  assertClean(t, store);
  t.end();
});

t.test("while there is nothing else to do, all but the newest is written, a little at a time", (t) => {
  const store = newStore(t);
  for (let i = 0; i < 1000; i++) addFile(store, `file ${i}`);
  const { inode, dirent } = store.tables;
  let steps = 0;
  while (store.idle()) steps += 1;
  t.ok(steps > 100, `${steps} steps`);
  t.ok(inode.pending > 0 && inode.pending < 300);
  t.ok(dirent.pending > 0 && dirent.pending < 300);
  t.ok(store.events.waitingCount > 0 && store.events.waitingCount < 300);
  t.equal(store.events.batch.length, 1000, "all of them will be sealed");
  assertClean(t, store);
  t.end();
});
