/** A file system of a limited size: ENOSPC before anything is changed, and removing goes on. */
import t from "tap";
import { ENOSPC, FsError } from "../../src/base/errno.js";
import { collectGarbage } from "../../src/store/gc.js";
import { addFile, assertClean, newStore, numberOf, removeFile, writeVersion } from "./database.js";

const noSpace = (error: unknown): boolean => error instanceof FsError && error.errno === ENOSPC;

t.test("the limit holds, and everything before it stays", (t) => {
  const sizeBytes = 4 * 1024 * 1024;
  const store = newStore(t, { sizeBytes });
  let written = 0;
  let refusal: unknown;
  for (let i = 0; refusal === undefined && i < 1000; i++) {
    try {
      writeVersion(store, addFile(store, `file ${i}`), 0, Buffer.alloc(50_000, i));
      written += 1;
    } catch (error) {
      refusal = error;
    }
    if (i % 10 === 0) store.commit("ordered");
  }
  t.ok(noSpace(refusal), "ENOSPC");
  t.match((refusal as Error).message, /size= limit; drop history with: stone gc/);
  t.ok(written * 50_000 > sizeBytes / 2, `${written} files of 50,000 bytes fit`);
  store.commit("durable");
  const { usedBytes } = store.connection.usage();
  t.ok(usedBytes < sizeBytes * 1.05, `${usedBytes} bytes are used`);
  const { totalBytes, freeBytes } = store.space.space();
  t.equal(totalBytes, sizeBytes);
  t.ok(freeBytes < 600_000, `${freeBytes} bytes are free`);
  assertClean(t, store);
  const events = numberOf(store, "SELECT count(*) FROM event");
  for (let i = 0; i < 30; i++) removeFile(store, `file ${i}`);
  store.commit("ordered");
  t.equal(numberOf(store, "SELECT count(*) FROM event"), events + 30, "removing goes on");
  collectGarbage(store, 0, []);
  t.ok(store.space.space().freeBytes > 1_000_000, "dropping history makes room");
  writeVersion(store, addFile(store, "again"), 0, Buffer.alloc(500_000));
  assertClean(t, store);
  t.end();
});
