/** Files without a name: they live while they are open, and none of what was written to them then is kept. */
import t, { type Test } from "tap";
import type { Inode } from "../../src/store/inode.js";
import { mainBranch, type Store } from "../../src/store/store.js";
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

/** A file with bytes, open, whose name was then removed. */
function orphan(t: Test): { store: Store; file: Inode; named: number } {
  const store = newStore(t);
  const file = addFile(store, "file");
  const named = writeVersion(store, file, 0, "named bytes");
  liveOf(store).hold(file);
  removeFile(store, "file");
  return { store, file, named };
}

function leftOver(store: Store, ino: number): number {
  return numberOf(
    store,
    `SELECT (SELECT count(*) FROM inode WHERE ino = ${ino}) + (SELECT count(*) FROM inode_past WHERE ino = ${ino} AND nlink = 0)`,
  );
}

t.test("open, it can be read and written; closed, it is gone", (t) => {
  const { store, file, named } = orphan(t);
  const tree = liveOf(store);
  write(store, file, 0, "NAMELESS");
  t.equal(contentIn(tree, file.ino)?.toString(), "NAMELESStes");
  tree.letGo(file);
  store.commit("ordered");
  t.equal(leftOver(store, file.ino), 0);
  t.equal(textAsOf(store, file.ino, named), "named bytes", "what it was while it had a name stays");
  assertClean(t, store);
  t.end();
});

t.test("bytes written without a name are not kept, though batches ended meanwhile", (t) => {
  const { store, file, named } = orphan(t);
  const tree = liveOf(store);
  store.commit("ordered");
  const blobs = numberOf(store, "SELECT count(*) FROM blob");
  for (let i = 0; i < 3; i++) {
    write(store, file, i * 4, Buffer.alloc(200_000, i + 1));
    store.commit("ordered");
  }
  assertClean(t, store, "clean while it is open");
  const into = Buffer.alloc(200_008);
  t.equal(tree.read(file, 0, into), 200_008);
  t.equal(into[200_007], 3);
  tree.letGo(file);
  store.commit("ordered");
  t.equal(leftOver(store, file.ino), 0);
  t.equal(numberOf(store, "SELECT count(*) FROM blob"), blobs, "the blobs of those writes are gone");
  t.equal(textAsOf(store, file.ino, named), "named bytes");
  assertClean(t, store);
  t.end();
});

t.test("a crash while it was open: it ends at the next mount, with what was written to it", (t) => {
  const { store, file, named } = orphan(t);
  store.commit("ordered");
  const blobs = numberOf(store, "SELECT count(*) FROM blob");
  write(store, file, 0, Buffer.alloc(300_000, 1));
  store.commit("ordered");
  write(store, file, 100, Buffer.alloc(300_000, 2));
  store.commit("ordered");
  const copy = open(t, crashCopy(t, store));
  t.equal(liveOf(copy).inode(file.ino)?.version ?? null, null);
  t.equal(leftOver(copy, file.ino), 0);
  t.equal(numberOf(copy, "SELECT count(*) FROM blob"), blobs);
  t.equal(contentIn(copy.past(mainBranch, named), file.ino)?.toString(), "named bytes");
  assertClean(t, copy);
  t.end();
});

t.test("made and removed in one batch, while open", (t) => {
  const store = newStore(t);
  const tree = liveOf(store);
  const file = addFile(store, "file");
  tree.hold(file);
  const named = writeVersion(store, file, 0, "short lived");
  removeFile(store, "file");
  write(store, file, 0, "nobody sees this");
  tree.letGo(file);
  store.commit("ordered");
  t.equal(leftOver(store, file.ino), 0);
  t.equal(textAsOf(store, file.ino, named), "short lived");
  assertClean(t, store);
  t.end();
});

t.test("while its number is known it is one object, and then forgotten", (t) => {
  const { store, file } = orphan(t);
  const tree = liveOf(store);
  tree.letGo(file);
  t.equal(tree.inode(file.ino), file);
  store.commit("ordered");
  t.equal(tree.inode(file.ino), file, "the kernel may still ask for it");
  tree.forget(file.ino);
  t.equal(tree.inode(file.ino), undefined);
  t.end();
});
