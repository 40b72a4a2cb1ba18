/** Small pieces share blobs, appends extents, and still every version shows what it had. */
import fc from "fast-check";
import t, { type Test } from "tap";
import { packBytes } from "../../src/base/limits.js";
import type { Inode } from "../../src/store/inode.js";
import { sharedChunks } from "../../src/store/ranges.js";
import { mainBranch, type Store } from "../../src/store/store.js";
import { addFile, assertClean, contentIn, liveOf, newStore, numberOf, removeFile, writeVersion } from "./database.js";

/** Appends in one version each. Returns the moments and what the file had then. */
function append(store: Store, file: Inode, count: number, bytes: number, each: () => void): [number, Buffer][] {
  const moments: [number, Buffer][] = [];
  let content = contentIn(liveOf(store), file.ino) ?? Buffer.alloc(0);
  for (let index = 0; index < count; index++) {
    const piece = Buffer.alloc(bytes, 1 + ((index + content.length) % 255));
    const moment = writeVersion(store, file, file.size, piece);
    content = Buffer.concat([content, piece]);
    moments.push([moment, content]);
    each();
  }
  return moments;
}

function assertMoments(t: Test, store: Store, file: Inode, moments: readonly [number, Buffer][]): void {
  t.same(contentIn(liveOf(store), file.ino), moments.at(-1)?.[1], "now");
  const wrong = moments.filter(([moment, bytes]) => contentIn(store.past(mainBranch, moment), file.ino)?.equals(bytes) !== true);
  t.same(wrong, [], "every moment");
}

t.test("appends of one batch are one extent", (t) => {
  const store = newStore(t);
  const file = addFile(store, "file");
  const moments = append(store, file, 300, 100, () => {});
  t.equal(numberOf(store, "SELECT count(*) FROM extent"), 1);
  assertMoments(t, store, file, moments);
  assertClean(t, store);
  t.equal(numberOf(store, "SELECT count(*) FROM blob"), 1);
  t.equal(numberOf(store, "SELECT max(length) FROM blob"), 30_000);
  assertMoments(t, store, file, moments);
  t.end();
});

t.test("a pack is full at last", (t) => {
  const store = newStore(t);
  const file = addFile(store, "file");
  const moments = append(store, file, 1000, 1000, () => {});
  assertMoments(t, store, file, moments);
  assertClean(t, store);
  t.ok(numberOf(store, "SELECT max(length) FROM blob") <= 128 * 1024);
  t.ok(numberOf(store, "SELECT count(*) FROM extent") <= (2 * 1_000_000) / packBytes);
  t.end();
});

t.test("appends of many batches are few extents, and keep nothing twice", (t) => {
  const store = newStore(t);
  const file = addFile(store, "file");
  const moments = append(store, file, 500, 100, () => store.commit("ordered"));
  t.ok(numberOf(store, "SELECT count(*) FROM extent") < 40, `${numberOf(store, "SELECT count(*) FROM extent")} extents`);
  t.equal(numberOf(store, "SELECT count(*) FROM extent_past"), 0);
  t.equal(numberOf(store, "SELECT sum(length) FROM blob"), 50_000);
  assertMoments(t, store, file, moments);
  assertClean(t, store);
  t.end();
});

t.test("what others may point to is not joined", (t) => {
  const store = newStore(t);
  const tree = liveOf(store);
  const file = addFile(store, "file");
  const copy = addFile(store, "copy");
  const moments = append(store, file, 10, 100, () => store.commit("ordered"));
  tree.share(copy, 0, 1000, sharedChunks(tree, file.ino, 0, 1000, 0, 1000).chunks, null);
  tree.settle(copy);
  moments.push(...append(store, file, 40, 100, () => store.commit("ordered")));
  assertMoments(t, store, file, moments);
  t.same(contentIn(tree, copy.ino), moments[9]?.[1]);
  assertClean(t, store);
  t.end();
});

t.test("what is appended to a file without a name goes with it", (t) => {
  const store = newStore(t);
  const tree = liveOf(store);
  const file = addFile(store, "file");
  const [, before] = [writeVersion(store, file, 0, "kept"), store.events.last];
  tree.hold(file);
  removeFile(store, "file");
  writeVersion(store, file, 4, "lost");
  writeVersion(store, file, 8, "lost");
  t.equal(contentIn(tree, file.ino)?.toString(), "keptlostlost");
  tree.letGo(file);
  assertClean(t, store);
  t.equal(contentIn(store.past(mainBranch, before), file.ino)?.toString(), "kept");
  t.equal(numberOf(store, "SELECT sum(length) FROM blob"), 4);
  t.end();
});

t.test("small overwrites of one batch share blobs", (t) => {
  const store = newStore(t);
  const tree = liveOf(store);
  const file = addFile(store, "file");
  writeVersion(store, file, 0, Buffer.alloc(1_000_000, 1));
  store.commit("ordered");
  const before = numberOf(store, "SELECT count(*) FROM blob");
  for (let index = 0; index < 64; index++) tree.write(file, index * 12_288, Buffer.alloc(4096, index), null);
  tree.settle(file);
  store.commit("ordered");
  t.equal(numberOf(store, "SELECT count(*) FROM blob"), before + (64 * 4096) / packBytes);
  assertClean(t, store);
  t.end();
});

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ what: fc.constant("append" as const), bytes: fc.integer({ min: 1, max: 3000 }) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("commit" as const), bytes: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("truncate" as const), bytes: fc.integer({ min: 0, max: 9000 }) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("beyond" as const), bytes: fc.integer({ min: 1, max: 3000 }) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("overwrite" as const), bytes: fc.integer({ min: 0, max: 9000 }) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("both" as const), bytes: fc.integer({ min: 1, max: 3000 }) }) },
);

t.test("among other changes", (t) => {
  const store = newStore(t);
  const tree = liveOf(store);
  let fill = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 120 }), (steps) => {
      const file = addFile(store, `file ${store.events.last}`);
      const moments: [number, Buffer][] = [];
      let content = Buffer.alloc(0);
      const put = (offset: number, bytes: number) => {
        fill = (fill + 1) % 255;
        const piece = Buffer.alloc(bytes, fill + 1);
        tree.write(file, offset, piece, null);
        const grown = Buffer.alloc(Math.max(content.length, offset + bytes));
        content.copy(grown);
        piece.copy(grown, offset);
        content = grown;
      };
      const cut = (size: number) => {
        tree.truncate(file, size, null);
        const cut = Buffer.alloc(size);
        content.copy(cut);
        content = cut;
      };
      for (const { what, bytes } of steps) {
        if (what === "commit") store.commit("ordered");
        if (what === "append") put(content.length, bytes);
        if (what === "beyond") put(content.length + bytes, 100);
        if (what === "overwrite") put(Math.min(bytes, content.length), 700);
        if (what === "truncate") cut(bytes);
        if (what === "both") {
          put(content.length, bytes);
          cut(content.length + 200);
        }
        tree.settle(file);
        moments.push([store.events.last, content]);
      }
      return (
        contentIn(tree, file.ino)?.equals(content) === true &&
        moments.every(([moment, bytes]) => contentIn(store.past(mainBranch, moment), file.ino)?.equals(bytes))
      );
    }),
    { numRuns: 100 },
  );
  assertClean(t, store);
  t.end();
});
