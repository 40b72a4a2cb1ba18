/** The commands that change something, on a database that nobody has mounted. */
import { join } from "node:path";
import t, { type Test } from "tap";
import { lockDatabase } from "../../src/daemon/lock.js";
import { onMount } from "../support/mount.js";
import { temporaryDirectory } from "../support/temporary.js";
import { accepts, list, refuses } from "./support.js";

function freshDatabase(t: Test): string {
  const database = join(temporaryDirectory(t), "a.db");
  accepts(t, ["init", database]);
  return database;
}

t.test("branches, snapshots and transactions without a mount", async (t) => {
  const database = freshDatabase(t);
  const at = ["--db", database];
  t.match(accepts(t, ["branch", "idea", ...at]), `stone mount ${database} DIR --branch idea`);
  accepts(t, ["branch", "-m", "idea", "thought", ...at]);
  accepts(t, ["snapshot", "first", "--branch", "thought", ...at]);
  accepts(t, ["snapshot", "-d", "first", "--branch", "thought", ...at]);
  t.match(accepts(t, ["merge", "thought", ...at]), /nothing to do/);
  accepts(t, ["branch", "-d", "thought", ...at]);
  t.match(accepts(t, ["begin", "upgrade", ...at]), `stone mount ${database} DIR --branch upgrade`);
  accepts(t, ["commit", "upgrade", ...at]);
  accepts(t, ["begin", "other", ...at]);
  accepts(t, ["rollback", ...at]);
  t.match(accepts(t, ["restore", "@1", "--dry-run", ...at]), /nothing to do/);
  t.same(
    list<{ name: string }>(t, ["branch", "--json", ...at]).map(({ name }) => name),
    ["main"],
  );
  const [self] = list<{ arguments: string[]; executable: string }>(t, ["ps", "--json", ...at]);
  t.equal(self?.executable, process.execPath, "the command is known as who did it");
  t.same(self?.arguments.slice(2), ["branch", "idea", ...at]);
  accepts(t, ["check", database]);
});

t.test("two writers never meet", async (t) => {
  const database = freshDatabase(t);
  const lock = lockDatabase(database, "a test");
  refuses(t, 1, ["branch", "idea", "--db", database], [database, "in use", `pid ${process.pid}`, "a test"]);
  t.equal(list(t, ["branch", "--json", "--db", database]).length, 1, "reading goes on");
  lock.release();
  accepts(t, ["branch", "idea", "--db", database]);
});

t.test("a mount shows what was done without it", (t) =>
  onMount(t, (mount) => {
    mount.unmount();
    accepts(t, ["branch", "idea", "--db", mount.database]);
    mount.mount();
    t.equal(list(t, ["branch", "--json"], join(mount.directory, ".branches", "idea")).length, 2);
  }),
);
