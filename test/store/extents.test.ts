/** Extents with their history are a flat array of bytes with copies of itself. */
import fc from "fast-check";
import t from "tap";
import { mainBranch } from "../../src/store/store.js";
import { addFile, assertClean, contentIn, liveOf, newStore } from "./database.js";

const size = 2000;
const step = fc.record({
  /** A hole when no byte is given. */
  byte: fc.option(fc.integer({ min: 1, max: 255 })),
  start: fc.integer({ min: 0, max: size - 1 }),
  length: fc.integer({ min: 1, max: 600 }),
});

t.test("replacing ranges and punching holes, at every moment", (t) => {
  const store = newStore(t);
  const tree = liveOf(store);
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
      const file = addFile(store, `file ${store.events.last}`);
      tree.truncate(file, size, null);
      tree.settle(file);
      let expected = Buffer.alloc(size);
      const moments: [number, Buffer][] = [];
      for (const { byte, start, length } of steps) {
        const end = Math.min(size, start + length);
        const tick = store.events.tick();
        file.allocated -= store.tables.extents.punch(mainBranch, file.ino, start, end, tick);
        if (byte !== null) {
          const blob = store.tables.blobs.add(Buffer.alloc(end - start + 7, byte));
          store.tables.extents.insert(mainBranch, file.ino, { offset: start, length: end - start, since: tick, blob, blobOffset: 7 });
          file.allocated += end - start;
        }
        tree.record(file, tick);
        expected = Buffer.from(expected).fill(byte ?? 0, start, end);
        moments.push([tick, expected]);
        if (contentIn(tree, file.ino)?.equals(expected) !== true) return false;
      }
      return moments.every(([tick, bytes]) => contentIn(store.past(mainBranch, tick), file.ino)?.equals(bytes));
    }),
    { numRuns: 60 },
  );
  assertClean(t, store);
  t.end();
});

t.test("twice within one event", (t) => {
  const store = newStore(t);
  const tree = liveOf(store);
  const file = addFile(store, "file");
  tree.write(file, 0, Buffer.from("abcdefgh"), null);
  tree.settle(file);
  const before = store.events.last;
  const tick = store.events.tick();
  t.equal(store.tables.extents.punch(mainBranch, file.ino, 2, 4, tick), 2, "bytes that are no longer stored");
  t.equal(store.tables.extents.punch(mainBranch, file.ino, 3, 6, tick), 2);
  file.allocated -= 4;
  t.same(contentIn(tree, file.ino)?.toString(), "ab\0\0\0\0gh");
  t.same(contentIn(store.past(mainBranch, before), file.ino)?.toString(), "abcdefgh");
  tree.record(file, tick);
  assertClean(t, store);
  t.end();
});

t.test("a read touches only the range it asks for", (t) => {
  const store = newStore(t);
  const tree = liveOf(store);
  const file = addFile(store, "file");
  const content = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));
  for (let at = 0; at < 1000; at += 100) {
    tree.write(file, at, content.subarray(at, at + 100), null);
    tree.settle(file);
  }
  const moment = store.events.last;
  tree.write(file, 0, Buffer.alloc(1000), null);
  tree.settle(file);
  const past = store.past(mainBranch, moment);
  const inode = past.inode(file.ino);
  if (inode === undefined) throw new Error("no inode");
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1100 }), fc.integer({ min: 0, max: 1100 }), (offset, length) => {
      const into = Buffer.alloc(length, 0xee);
      const got = past.read(inode, offset, into);
      return (
        got === Math.max(0, Math.min(length, 1000 - offset)) &&
        into.subarray(0, got).equals(content.subarray(offset, offset + got)) &&
        into.subarray(got).every((byte) => byte === 0xee)
      );
    }),
  );
  t.pass("any range");
  t.end();
});
