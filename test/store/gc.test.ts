/** Dropping history: what is kept stays byte for byte, what is not goes, and the live tree does not notice. */
import t, { type Test } from "tap";
import { nowMicros } from "../../src/base/clock.js";
import { collectGarbage, garbageCollection } from "../../src/store/gc.js";
import type { Inode } from "../../src/store/inode.js";
import { mainBranch, type Store } from "../../src/store/store.js";
import {
  addFile,
  assertClean,
  contentIn,
  liveOf,
  newStore,
  numberOf,
  open,
  removeFile,
  rowsOf,
  textAsOf,
  writeVersion,
} from "./database.js";

interface Past {
  readonly store: Store;
  readonly file: Inode;
  readonly other: Inode;
  /** Moments at which `file` had the text of the same position. */
  readonly moments: number[];
  readonly texts: string[];
  /** While `other` was there. */
  readonly otherThere: number;
}

/** A file with five versions in five batches, ten seconds apart, and another one that was removed after the third. */
function aPast(t: Test): Past {
  const real = Date.now;
  t.teardown(() => {
    Date.now = real;
  });
  const store = newStore(t);
  const file = addFile(store, "file");
  const other = addFile(store, "other");
  writeVersion(store, other, 0, "other bytes");
  const otherThere = store.events.last;
  const [moments, texts]: [number[], string[]] = [[], []];
  for (let i = 0; i < 5; i++) {
    Date.now = () => real() + (i + 1) * 10_000;
    const text = `version ${i} ${"x".repeat(i * 10)}`;
    moments.push(writeVersion(store, file, 0, text));
    texts.push(text);
    if (i === 2) removeFile(store, "other");
    store.commit("ordered");
  }
  return { store, file, other, moments, texts, otherThere };
}

function blobs(store: Store): number {
  return numberOf(store, "SELECT count(*) FROM blob");
}

t.test("keeping nothing leaves what there is now", (t) => {
  const { store, file, moments, texts } = aPast(t);
  const live = contentIn(liveOf(store), file.ino);
  const last = store.events.last;
  const report = collectGarbage(store, 0, []);
  t.ok(report.rows > 5);
  t.equal(report.blobs, 5, "four versions and the removed file");
  t.ok(report.bytes > 40);
  t.equal(blobs(store), 1);
  t.same(contentIn(liveOf(store), file.ino), live);
  t.equal(store.events.last, last, "it is no change");
  assertClean(t, store);
  t.equal(store.horizon(), last);
  t.equal(store.momentOf({ event: moments[3] as number }, nowMicros()), undefined, "before the horizon");
  t.equal(store.momentOf({ event: last }, nowMicros()), last);
  t.equal(store.momentOf({ micros: nowMicros() }, nowMicros()), last);
  t.equal(textAsOf(store, file.ino, last), texts[4]);
  const again = collectGarbage(store, 0, []);
  t.same([again.rows, again.blobs], [0, 0], "a second time there is nothing to drop");
  t.end();
});

t.test("keeping everything drops nothing", (t) => {
  const { store, file, other, moments, texts, otherThere } = aPast(t);
  const report = collectGarbage(store, 3600e6, []);
  t.same([report.rows, report.blobs], [0, 0]);
  for (const [index, moment] of moments.entries()) t.equal(textAsOf(store, file.ino, moment), texts[index]);
  t.equal(textAsOf(store, other.ino, otherThere), "other bytes");
  assertClean(t, store);
  t.end();
});

t.test("keeping from a moment on", (t) => {
  const { store, file, moments, texts } = aPast(t);
  const [at] = store.connection.prepare<readonly [number]>("SELECT at FROM event WHERE id = $1").get([moments[3] as number]) ?? [0];
  collectGarbage(store, nowMicros() - at - 5e6, []);
  const kept = moments.filter((moment) => store.momentOf({ event: moment }, nowMicros()) !== undefined);
  t.same(kept, moments.slice(3));
  for (const moment of kept) t.equal(textAsOf(store, file.ino, moment), texts[moments.indexOf(moment)]);
  t.equal(store.momentOf({ micros: at }, nowMicros()), moments[3]);
  t.equal(store.momentOf({ micros: at - 1000 }, nowMicros()), undefined);
  assertClean(t, store);
  t.end();
});

t.test("snapshots, forks and open views are kept", (t) => {
  const { store, file, other, moments, texts, otherThere } = aPast(t);
  const [snapshot, fork, view] = [otherThere, moments[1] as number, moments[3] as number];
  store.connection.prepare("INSERT INTO snapshot (name, branch, event, at) VALUES ('kept', 0, $1, 0)").run([snapshot]);
  store.connection
    .prepare("INSERT INTO branch (id, name, kind, made, parent, forked_at) VALUES (1, 'fork', 'branch', $1, 0, $1)")
    .run([fork]);
  collectGarbage(store, 0, [view]);
  t.equal(textAsOf(store, other.ino, snapshot), "other bytes", "the snapshot's removed file");
  t.same(
    store
      .past(mainBranch, snapshot)
      .list(1, 0, 10)
      .map(({ name }) => name),
    ["file", "other"],
  );
  t.equal(textAsOf(store, file.ino, snapshot), "", "the snapshot's other file, which was empty then");
  t.equal(textAsOf(store, file.ino, fork), texts[1]);
  t.equal(textAsOf(store, file.ino, view), texts[3]);
  t.same(
    store
      .past(mainBranch, view)
      .list(1, 0, 10)
      .map(({ name }) => name),
    ["file"],
  );
  t.equal(store.snapshotNamed(mainBranch, "kept"), snapshot);
  assertClean(t, store);
  store.connection.exec("DELETE FROM snapshot; DELETE FROM branch WHERE id = 1");
  collectGarbage(store, 0, []);
  t.equal(blobs(store), 1, "dropped later, when they are not needed any more");
  assertClean(t, store);
  t.end();
});

t.test("changes go on afterwards, and after a remount", (t) => {
  const { store, file, texts } = aPast(t);
  collectGarbage(store, 0, []);
  const before = store.events.last;
  const after = writeVersion(store, file, 0, "AFTER");
  t.equal(textAsOf(store, file.ino, before), texts[4]);
  t.match(textAsOf(store, file.ino, after), /^AFTER/);
  removeFile(store, "file");
  assertClean(t, store);
  store.close();
  const again = open(t, store.path);
  t.equal(again.horizon(), before);
  t.equal(textAsOf(again, file.ino, before), texts[4]);
  collectGarbage(again, 0, []);
  t.equal(blobs(again), 0);
  assertClean(t, again);
  t.end();
});

t.test("an open file without a name keeps its bytes", (t) => {
  const { store, file, texts } = aPast(t);
  const tree = liveOf(store);
  tree.hold(file);
  removeFile(store, "file");
  collectGarbage(store, 0, []);
  t.equal(contentIn(tree, file.ino)?.toString(), texts[4]);
  tree.letGo(file);
  collectGarbage(store, 0, []);
  t.equal(blobs(store), 0);
  assertClean(t, store);
  t.end();
});

t.test("the database shrinks", (t) => {
  const store = newStore(t);
  const file = addFile(store, "file");
  for (let i = 0; i < 10; i++) {
    writeVersion(store, file, 0, Buffer.alloc(1_000_000, i));
    store.commit("ordered");
  }
  const before = store.connection.usage();
  collectGarbage(store, 0, []);
  const after = store.connection.usage();
  t.ok(before.usedBytes - after.usedBytes > 8_500_000, `${before.usedBytes} to ${after.usedBytes}`);
  t.ok(after.reusableBytes < 100_000, "and gives back what it does not need");
  t.same(contentIn(liveOf(store), file.ino), Buffer.alloc(1_000_000, 9));
  t.end();
});

t.test("whatever step it is interrupted after, the database is whole, and the next one ends it", (t) => {
  for (let done = 1, whole = false; !whole; done++) {
    const { store, file } = aPast(t);
    const live = contentIn(liveOf(store), file.ino);
    const steps = garbageCollection(store, 0, []);
    for (let i = 0; i < done && !whole; i++) whole = steps.next().done === true;
    steps.return({ rows: 0, blobs: 0, bytes: 0 });
    assertClean(t, store, `clean after ${done} steps`);
    collectGarbage(store, 0, []);
    t.equal(blobs(store), 1);
    t.equal(numberOf(store, "SELECT count(*) FROM meta WHERE key = 'retaining'"), 0);
    t.same(contentIn(liveOf(store), file.ino), live);
    assertClean(t, store, `clean after ${done} steps and the rest`);
  }
  t.end();
});

t.test("what happens between its steps is not lost", (t) => {
  const { store, moments } = aPast(t);
  const made = new Map<number, string>();
  const steps = garbageCollection(store, 0, [moments[2] as number]);
  for (let i = 0; steps.next().done !== true; i++) {
    const file = addFile(store, `between ${i}`);
    writeVersion(store, file, 0, `bytes ${i}`);
    made.set(file.ino, `bytes ${i}`);
  }
  t.ok(made.size > 5, `${made.size} steps`);
  for (const [ino, text] of made) t.equal(contentIn(liveOf(store), ino)?.toString(), text);
  assertClean(t, store);
  t.end();
});

t.test("processes that did nothing that is kept, and may do nothing any more, are forgotten", (t) => {
  const store = newStore(t);
  const make = (pid: number): number => store.processes.add({ pid, started: pid, parent: 1, uid: 0, gid: 0, name: `p${pid}` });
  const [kept, forgotten, remembered, meanwhile] = [make(1), make(2), make(3), make(4)];
  const change = (process: number, name: string): void => {
    const file = addFile(store, name);
    liveOf(store).write(file, 0, Buffer.from(name), process);
    liveOf(store).settle(file);
  };
  change(kept, "kept");
  change(forgotten, "removed");
  removeFile(store, "removed");
  store.processes.usedBy(() => [remembered]);
  const steps = garbageCollection(store, 0, []);
  steps.next();
  change(meanwhile, "meanwhile");
  while (steps.next().done !== true);
  t.same(rowsOf(store, "SELECT id FROM process ORDER BY id"), [[kept], [remembered], [meanwhile]]);
  change(remembered, "later");
  assertClean(t, store);
  t.end();
});
