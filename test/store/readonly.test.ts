import t from "tap";
import { vfsOf } from "../vfs/files.js";
import { addFile, contentIn, liveOf, newStore, open, textAsOf, writeVersion } from "./database.js";

t.test("a store opened to read shows everything and writes nothing", (t) => {
  const writing = newStore(t);
  const file = addFile(writing, "file");
  const moment = writeVersion(writing, file, 0, "text");
  writing.commit("durable");
  const store = open(t, writing.path, { mode: "read" });
  t.equal(contentIn(liveOf(store), file.ino)?.toString(), "text");
  t.equal(textAsOf(store, file.ino, moment), "text");
  t.equal(store.momentOf({ event: moment }, 0), moment);
  t.equal(vfsOf(store, { access: "read-only" }).views.names(0).length, 1);
  store.commit("durable");
  t.notOk(store.writer.open);
  store.close();
  writeVersion(writing, file, 0, "TEXT");
  writing.commit("durable");
  t.equal(contentIn(liveOf(writing), file.ino)?.toString(), "TEXT", "the writer goes on");
  t.end();
});
