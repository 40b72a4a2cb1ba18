/** Files that are set aside beside a database while it is used: its redo log, the engine's log, the reserve. */
import fs from "node:fs";
import { dirname } from "node:path";
import t from "tap";
import { redoPath } from "../../src/store/redo-log.js";
import type { Store } from "../../src/store/store.js";
import { addFile, assertClean, crashCopy, newStore, numberOf, open, textAsOf, write } from "./database.js";

const inSteps = { redoBytes: 1 << 20, preparedLogBytes: 4 << 20, setAside: "in steps" } as const;

function sizeOf(store: Store, suffix: string): number {
  return fs.statSync(store.path + suffix, { throwIfNoEntry: false })?.size ?? 0;
}

t.test("between any two steps a sync is a sync", (t) => {
  const store = newStore(t, inSteps);
  t.equal(sizeOf(store, "-redo"), 0, "opening waits for none of them");
  t.equal(sizeOf(store, "-reserve"), 0);
  const file = addFile(store, "file");
  t.ok(sizeOf(store, "-reserve") > 0, "the first change waits for the reserve");
  let batches = 0;
  let steps = 0;
  for (let done = false; !done; steps++) {
    done = store.preparation.next().done === true;
    write(store, file, steps, "x");
    store.sync();
    const copy = open(t, crashCopy(t, store));
    t.equal(textAsOf(copy, file.ino, copy.events.last), "x".repeat(steps + 1));
    assertClean(t, copy);
    const committed = numberOf(store, "SELECT count(*) FROM batch");
    if (fs.existsSync(redoPath(store.path)) && done) t.equal(committed, batches, "at the end without a commit");
    batches = committed;
  }
  t.ok(steps > 8, "in steps");
  t.equal(sizeOf(store, "-redo"), inSteps.redoBytes);
  t.equal(sizeOf(store, "-wal"), inSteps.preparedLogBytes);
  assertClean(t, store);
  t.end();
});

t.test("the log that grew meanwhile is not written over", (t) => {
  const store = newStore(t, { ...inSteps, preparedLogBytes: 1 << 20 });
  while (sizeOf(store, "-wal") <= 1 << 19) store.preparation.next();
  const files = Array.from({ length: 100 }, (_, index) => addFile(store, `file${index}`));
  for (const file of files) write(store, file, 0, "text ".repeat(4096));
  store.commit("durable");
  const before = sizeOf(store, "-wal");
  t.ok(before > 1 << 20, "it is longer than it was to be made");
  while (store.preparation.next().done !== true);
  t.equal(sizeOf(store, "-wal"), before);
  const copy = open(t, crashCopy(t, store));
  for (const { ino } of files) t.equal(textAsOf(copy, ino, copy.events.last), "text ".repeat(4096));
  assertClean(t, copy);
  t.end();
});

t.test("closing in the middle leaves one file", (t) => {
  for (const taken of [1, 2, 4]) {
    const store = newStore(t, inSteps);
    for (let step = 0; step < taken; step++) store.preparation.next();
    store.close();
    t.same(fs.readdirSync(dirname(store.path)), ["db"]);
  }
  t.end();
});
