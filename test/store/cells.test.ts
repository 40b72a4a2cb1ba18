import t from "tap";
import { Cells } from "../../src/store/cells.js";
import { mainBranch } from "../../src/store/store.js";
import { addDirectory, addFile, assertClean, contentIn, liveOf, newStore, write, writeVersion } from "./database.js";

interface Thing {
  dirty: boolean;
  pins: number;
}

t.test("what is dirty or pinned outlives its place in the cache", (t) => {
  const cells = new Cells<number, Thing>(3, () => 1);
  const dirty = { dirty: true, pins: 0 };
  const pinned = { dirty: false, pins: 1 };
  cells.set(1, dirty);
  cells.set(2, pinned);
  cells.set(3, { dirty: false, pins: 0 });
  for (let key = 10; key < 20; key++) cells.set(key, { dirty: false, pins: 0 });
  t.equal(cells.get(1), dirty);
  t.equal(cells.get(2), pinned);
  t.equal(cells.get(3), undefined, "the rest is let go");
  cells.release();
  t.equal(cells.get(1), dirty, "still dirty");
  dirty.dirty = false;
  cells.release();
  t.equal(cells.get(1), undefined, "clean now");
  t.equal(cells.get(2), pinned, "still pinned");
  cells.delete(2);
  t.equal(cells.get(2), undefined);
  t.end();
});

t.test("a tree with room for a few files in memory loses nothing", (t) => {
  const store = newStore(t, { cacheBytes: 16_000, blobCacheBytes: 1000 });
  const tree = liveOf(store);
  const directories = Array.from({ length: 5 }, (_, index) => addDirectory(store, `directory ${index}`));
  const held = addFile(store, "held");
  tree.hold(held);
  write(store, held, 0, "not yet a version");
  const files = new Map<number, string>();
  for (let i = 0; i < 300; i++) {
    const directory = directories[i % 5];
    const file = addFile(store, `file ${i}`, directory?.ino);
    writeVersion(store, file, 0, `content ${i}`);
    files.set(file.ino, `content ${i}`);
    if (i % 70 === 0) store.pulse();
  }
  t.equal(tree.inode(held.ino), held, "an open file is the same object");
  t.equal(contentIn(tree, held.ino)?.toString(), "not yet a version");
  for (const [ino, text] of files) if (contentIn(tree, ino)?.toString() !== text) t.fail(`file ${ino}`);
  assertClean(t, store);
  for (const [ino, text] of files) if (contentIn(tree, ino)?.toString() !== text) t.fail(`file ${ino} after the commit`);
  t.equal(store.past(mainBranch, store.events.last).list(directories[0]?.ino ?? 0, 0, 100).length, 60);
  t.equal(tree.list(directories[0]?.ino ?? 0, 0, 100).length, 60);
  t.end();
});

t.test("a file with bytes that are no version yet stays in memory though nobody has it open", (t) => {
  const store = newStore(t, { cacheBytes: 16_000 });
  const tree = liveOf(store);
  const file = addFile(store, "file");
  store.commit("ordered");
  tree.truncate(file, 500, null);
  for (let i = 0; i < 100; i++) addFile(store, `other ${i}`);
  t.equal(tree.inode(file.ino), file);
  assertClean(t, store);
  t.equal(tree.inode(file.ino)?.size, 500);
  t.end();
});
