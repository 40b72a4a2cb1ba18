/** A draft is a flat array of bytes over the stored ones, however it is written. */
import fc from "fast-check";
import t from "tap";
import { blobBytes } from "../../src/base/limits.js";
import { Draft } from "../../src/store/draft.js";
import { addFile, assertClean, contentIn, liveOf, newStore, writeVersion } from "./database.js";

/** Offsets and lengths near the edges of blocks, where the mistakes are. */
const near = fc
  .tuple(fc.constantFrom(0, 1, 2), fc.integer({ min: -40, max: 40 }))
  .map(([block, by]) => Math.max(0, block * blobBytes + by));
const offset = fc.oneof(near, fc.integer({ min: 0, max: 3 * blobBytes }));
const length = fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: blobBytes + 100 }));

type Action = { readonly write: number; readonly length: number; readonly byte: number } | { readonly truncate: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ write: offset, length, byte: fc.integer({ min: 1, max: 255 }) }) },
  { weight: 1, arbitrary: fc.record({ truncate: offset }) },
);

/** The chunks' invariant, and what they say. */
function chunksOf(draft: Draft): Map<number, number> {
  const bytes = new Map<number, number>();
  let end = 0;
  let memory = 0;
  for (const chunk of draft.chunks) {
    if (chunk.length < 1 || chunk.offset < end) throw new Error(`the chunk at ${chunk.offset} lies before ${end}`);
    end = chunk.offset + chunk.length;
    if (Math.floor(chunk.offset / blobBytes) !== Math.floor((end - 1) / blobBytes))
      throw new Error(`the chunk at ${chunk.offset} crosses a block`);
    if (chunk.data === undefined || chunk.data.length < chunk.length) throw new Error("no data");
    memory += chunk.length;
    for (let i = 0; i < chunk.length; i++) bytes.set(chunk.offset + i, chunk.data[i] as number);
  }
  if (memory !== draft.memoryBytes) throw new Error(`${draft.memoryBytes} bytes counted, ${memory} held`);
  return bytes;
}

t.test("writes and truncations in any order", (t) => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 12 }), offset, (actions, stored) => {
      const draft = new Draft(stored);
      const expected = new Map<number, number>();
      let clip = stored;
      for (const step of actions) {
        if ("truncate" in step) {
          draft.truncate(step.truncate);
          clip = Math.min(clip, step.truncate);
          for (const at of expected.keys()) if (at >= step.truncate) expected.delete(at);
        } else {
          const data = Buffer.alloc(step.length, step.byte);
          draft.write(step.write, data);
          data.fill(0);
          for (let i = 0; i < step.length; i++) expected.set(step.write + i, step.byte);
        }
      }
      const actual = chunksOf(draft);
      t.equal(draft.clip, clip);
      if (actual.size !== expected.size) return false;
      for (const [at, byte] of expected) if (actual.get(at) !== byte) return false;
      return coveredAlike(draft, expected, near);
    }),
    { numRuns: 60 },
  );
  t.end();
});

function coveredAlike(draft: Draft, expected: ReadonlyMap<number, number>, offsets: fc.Arbitrary<number>): boolean {
  for (const start of fc.sample(offsets, 20)) {
    for (const size of [1, 5, 50]) {
      let all = true;
      for (let at = start; at < start + size; at++) all &&= expected.has(at);
      if (draft.covers(start, start + size) !== all) return false;
    }
  }
  return true;
}

t.test("a long write becomes blobs on the way, and what is overwritten of them is not left over", (t) => {
  const store = newStore(t);
  const tree = liveOf(store);
  const file = addFile(store, "file");
  const expected = Buffer.alloc(4 * 1024 * 1024);
  for (let at = 0; at < expected.length; at += 100_000) {
    const data = Buffer.alloc(Math.min(100_000, expected.length - at), at / 100_000 + 1);
    tree.write(file, at, data, null);
    data.copy(expected, at);
  }
  const spilled = file.draft?.spilled.length ?? 0;
  t.ok(spilled >= 16, `${spilled} blobs were stored before the version`);
  t.ok((file.draft?.memoryBytes ?? 0) < 2 * 1024 * 1024, "memory is bounded");
  const again = Buffer.alloc(2 * blobBytes + 500, 77);
  tree.write(file, blobBytes - 200, again, null);
  again.copy(expected, blobBytes - 200);
  tree.truncate(file, 3_000_000, null);
  t.same(contentIn(tree, file.ino), expected.subarray(0, 3_000_000), "before the version is made");
  tree.settle(file);
  t.same(contentIn(tree, file.ino), expected.subarray(0, 3_000_000), "and after");
  assertClean(t, store, "no blob is left over");
  t.end();
});

t.test("a dropped draft leaves no blobs", (t) => {
  const store = newStore(t);
  const tree = liveOf(store);
  const file = addFile(store, "file");
  tree.write(file, 0, Buffer.alloc(3_000_000, 1), null);
  t.ok((file.draft?.spilled.length ?? 0) > 0);
  const tick = tree.change("unlink", file.ino, null, { parent: 1, name: "file" });
  tree.setDirent(1, "file", undefined, tick);
  file.nlink = 0;
  tree.recordUnlinked(file, tick);
  assertClean(t, store);
  t.end();
});

t.test("many small appends", (t) => {
  const store = newStore(t);
  const file = addFile(store, "log");
  let expected = "";
  for (let i = 0; i < 500; i++) {
    const line = `line ${i}\n`;
    if (i % 50 === 0) writeVersion(store, file, expected.length, line);
    else liveOf(store).write(file, expected.length, Buffer.from(line), null);
    expected += line;
  }
  t.equal(contentIn(liveOf(store), file.ino)?.toString(), expected);
  assertClean(t, store);
  t.end();
});
