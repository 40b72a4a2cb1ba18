/** Inode numbers and event ids are never used again. */
import t from "tap";
import { addFile, assertClean, crashCopy, liveOf, newStore, numberOf, open, removeFile } from "./database.js";

t.test("after a clean end numbers go on, without a gap", (t) => {
  const store = newStore(t);
  const { ino } = addFile(store, "file");
  const { last } = store.events;
  store.close();
  const again = open(t, store.path);
  t.equal(addFile(again, "next").ino, ino + 1);
  t.equal(again.events.last, last + 1);
  again.close();
  t.end();
});

t.test("a removed file's number is not given again", (t) => {
  const store = newStore(t);
  const { ino } = addFile(store, "file");
  removeFile(store, "file");
  store.close();
  const again = open(t, store.path);
  t.ok(addFile(again, "file").ino > ino);
  t.end();
});

t.test("after a crash, numbers whose batch was lost are not given again", (t) => {
  const store = newStore(t);
  addFile(store, "committed");
  store.commit("durable");
  const committed = store.events.last;
  const lost = Array.from({ length: 100 }, (_, index) => addFile(store, `lost ${index}`).ino);
  const copy = open(t, crashCopy(t, store));
  const { ino } = addFile(copy, "new");
  t.ok(ino > Math.max(...lost), `${ino} after ${Math.max(...lost)}`);
  t.equal(copy.events.last > committed, true);
  assertClean(t, copy);
  t.end();
});

t.test("crash after crash", (t) => {
  let store = newStore(t);
  let highest = 0;
  let event = 0;
  for (let turn = 0; turn < 5; turn++) {
    for (let i = 0; i < 3; i++) {
      const { ino } = addFile(store, `file ${turn} ${i}`);
      if (ino <= highest) t.fail(`${ino} was given before`);
      highest = ino;
    }
    if (turn % 2 === 0) {
      store.commit("durable");
      if (store.events.last <= event) t.fail(`event ${store.events.last} was there before`);
      event = store.events.last;
    }
    store = open(t, crashCopy(t, store));
  }
  t.ok(numberOf(store, "SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'next_ino'") > highest);
  assertClean(t, store);
  t.end();
});

t.test("more files in one batch than numbers are reserved for", (t) => {
  const store = newStore(t);
  let taken = 0;
  while (taken < 2 ** 20 / 2 + 10) taken = store.inodeNumbers.take();
  addFile(store, "file");
  store.commit("durable");
  t.ok(numberOf(store, "SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'next_ino'") > taken + 2 ** 19, "reserved ahead again");
  t.equal(liveOf(store).lookup(1, "file")?.ino, taken + 1);
  assertClean(t, store);
  t.end();
});
