import t from "tap";
import { nowMicros } from "../../src/base/clock.js";
import { addFile, assertClean, liveOf, newStore, open, textAsOf, write, writeVersion } from "./database.js";

t.test("a clock time is the newest event at or before it", (t) => {
  const store = newStore(t);
  const events: [number, number][] = [[store.events.last, store.events.lastAt]];
  for (let i = 0; i < 9; i++) {
    addFile(store, `file ${i}`);
    events.push([store.events.last, store.events.lastAt]);
    if (i % 3 === 2) store.commit("ordered");
    if (i === 7) store.commit("ordered");
  }
  const now = nowMicros() + 1e6;
  const compare = (where: string) => {
    for (const [index, [event, at]] of events.entries()) {
      t.equal(store.momentOf({ micros: at }, now), event, `${where}: at event ${event}`);
      t.equal(store.momentOf({ micros: at - 1 }, now), events[index - 1]?.[0], `${where}: just before event ${event}`);
      t.equal(store.momentOf({ event }, now), event);
    }
    t.equal(store.momentOf({ micros: now }, now), events[events.length - 1]?.[0], `${where}: now`);
  };
  compare("some in the open batch");
  store.commit("ordered");
  compare("all committed");
  t.end();
});

t.test("before the file system, and the future", (t) => {
  const store = newStore(t);
  const now = nowMicros() + 1e6;
  t.equal(store.momentOf({ micros: 0 }, now), undefined);
  t.equal(store.momentOf({ micros: -1e15 }, now), undefined);
  t.equal(store.momentOf({ micros: now + 1 }, now), undefined);
  t.equal(store.momentOf({ event: 0 }, now), undefined);
  t.equal(store.momentOf({ event: store.events.last + 1 }, now), undefined);
  t.end();
});

t.test("a time after a write that is no version yet includes it, and means the same later", (t) => {
  const store = newStore(t);
  const file = addFile(store, "file");
  writeVersion(store, file, 0, "one");
  store.commit("ordered");
  const tick = write(store, file, 0, "two");
  const at = store.events.lastAt;
  const now = at + 1e6;
  t.equal(store.momentOf({ micros: at }, now), tick);
  write(store, file, 0, "six");
  t.equal(store.momentOf({ micros: at }, now), tick, "asked again");
  t.equal(textAsOf(store, file.ino, tick), "two");
  assertClean(t, store);
  t.end();
});

t.test("times of events never go back, though the host's clock does", (t) => {
  const store = newStore(t);
  const real = Date.now;
  t.teardown(() => {
    Date.now = real;
  });
  addFile(store, "one");
  const before = store.events.lastAt;
  Date.now = () => real() - 3600_000;
  addFile(store, "two");
  t.equal(store.events.lastAt, before + 1);
  store.close();
  const again = open(t, store.path);
  addFile(again, "three");
  t.ok(again.events.lastAt > before);
  assertClean(t, again);
  t.end();
});

t.test("recent points of change are ends of batches, apart from each other, newest last", (t) => {
  const store = newStore(t);
  const real = Date.now;
  t.teardown(() => {
    Date.now = real;
  });
  const ends: number[] = [];
  for (let i = 1; i <= 5; i++) {
    Date.now = () => real() + i * 10_000;
    for (const half of ["a", "b"]) {
      addFile(store, `file ${i} ${half}`);
      store.commit("ordered");
    }
    ends.push(store.events.last);
  }
  t.same(
    store.moments.recent(3, 1e6).map(({ moment }) => moment),
    ends.slice(2),
  );
  const all = store.moments.recent(100, 1e6);
  t.equal(all.length, 6, "and the file system's beginning");
  const now = Date.now() * 1000 + 1e6;
  for (const { moment, at } of all) t.equal(store.momentOf({ micros: at }, now), moment, "its time leads to it");
  t.equal(liveOf(store).list(1, 0, 100).length, 10);
  t.end();
});
