import t, { type Test } from "tap";
import { ENOENT, EROFS } from "../../src/base/errno.js";
import { collectGarbage } from "../../src/store/gc.js";
import type { Vfs } from "../../src/vfs/vfs.js";
import type { View } from "../../src/vfs/view.js";
import { newVfs, refused, root, vfsOf } from "./files.js";

/** Sets the clock this far from the real one, in seconds. The test's end sets it right. */
function clock(t: Test): (seconds: number) => void {
  const real = Date.now;
  t.teardown(() => {
    Date.now = real;
  });
  return (seconds) => {
    Date.now = () => real() + seconds * 1000;
  };
}

function namesIn(vfs: Vfs, view: View | undefined, ino = 1): string[] | undefined {
  return view === undefined ? undefined : vfs.list(view, ino, 0, 100).map(({ name }) => name);
}

t.test("by event, by time, by a time ago", (t) => {
  const set = clock(t);
  const vfs = newVfs(t);
  const { mounted } = vfs.views;
  set(100);
  vfs.create(mounted, 1, "one", 0o100644, root);
  const event = vfs.store.events.last;
  set(200);
  vfs.create(mounted, 1, "two", 0o100644, root);
  set(260);
  const open = (name: string) => namesIn(vfs, vfs.views.open(mounted, 1, name));
  t.same(open(`@${event}`), ["one"]);
  t.same(open(`@${event + 1}`), ["one", "two"]);
  t.same(open("30s-ago"), ["one", "two"]);
  t.same(open("90s-ago"), ["one"]);
  t.same(open("200s-ago"), []);
  t.same(open(new Date(Date.now() - 90_000).toISOString()), ["one"]);
  t.end();
});

t.test("no moment, before the beginning, in the future", (t) => {
  const vfs = newVfs(t);
  const { mounted } = vfs.views;
  const future = new Date(Date.now() + 60_000).toISOString();
  for (const name of ["nonsense", "@0", "@999999", "1w-ago", "2001-01-01", future, ".", "..", "", "\xff\xfe", "@1/"]) {
    t.equal(vfs.views.open(mounted, 1, name), undefined, JSON.stringify(name));
  }
  t.end();
});

t.test("a directory's own past", (t) => {
  const vfs = newVfs(t, { dirHistory: true });
  const { mounted } = vfs.views;
  const before = vfs.store.events.last;
  const directory = vfs.mkdir(mounted, 1, "directory", 0o755, root);
  vfs.create(mounted, directory.ino, "file", 0o100644, root);
  const after = vfs.store.events.last;
  const view = vfs.views.open(mounted, directory.ino, `@${after}`);
  t.equal(view?.rootIno, directory.ino);
  t.same(namesIn(vfs, view, directory.ino), ["file"]);
  t.equal(view === undefined ? 0 : vfs.lookup(view, directory.ino, "..")?.ino, directory.ino, "its root is its own parent");
  t.equal(vfs.views.open(mounted, directory.ino, `@${before}`), undefined, "it was not there yet");
  t.equal(vfs.virtualName(mounted, directory.ino, ".history"), "history");
  t.equal(view === undefined ? "" : vfs.virtualName(view, directory.ino, ".history"), undefined, "the past has no past of its own");
  t.end();
});

t.test("a time ago is pinned until nobody asked for it for a minute", (t) => {
  const set = clock(t);
  const vfs = newVfs(t);
  const { mounted } = vfs.views;
  set(1000);
  vfs.create(mounted, 1, "file", 0o100644, root);
  set(1050);
  const first = vfs.views.open(mounted, 1, "10s-ago");
  t.same(namesIn(vfs, first), ["file"]);
  vfs.unlink(mounted, 1, "file", root);
  set(1100);
  t.equal(vfs.views.open(mounted, 1, "10s-ago"), first, "50 s later it is the same");
  set(1150);
  t.equal(vfs.views.open(mounted, 1, "10s-ago"), first, "being asked for keeps it");
  t.ok(first !== undefined && vfs.views.isRelative(first));
  vfs.views.drop(first?.slot ?? 0);
  t.equal(vfs.views.open(mounted, 1, "10s-ago"), first, "though the kernel forgot it meanwhile");
  set(1250);
  const second = vfs.views.open(mounted, 1, "10s-ago");
  t.not(second, first, "100 s later it is another moment");
  t.same(namesIn(vfs, second), []);
  t.same(namesIn(vfs, first), ["file"], "who still holds the first goes on seeing it");
  t.end();
});

t.test("two spellings of one moment are two views, one spelling is one", (t) => {
  const vfs = newVfs(t);
  const { mounted } = vfs.views;
  vfs.create(mounted, 1, "file", 0o100644, root);
  vfs.sync();
  const event = vfs.views.open(mounted, 1, `@${vfs.store.events.last}`);
  const [time] = vfs.views.names(0).slice(-1);
  const byTime = vfs.views.open(mounted, 1, time ?? "");
  t.ok(event !== undefined && byTime !== undefined);
  t.not(event?.slot, byTime?.slot);
  t.equal(event?.tree.asOf, byTime?.tree.asOf);
  t.equal(vfs.views.open(mounted, 1, time ?? ""), byTime);
  t.equal(vfs.views.get(event?.slot ?? 0), event);
  t.same(vfs.views.moments(), [event?.tree.asOf, byTime?.tree.asOf]);
  t.notOk(event !== undefined && vfs.views.isRelative(event));
  vfs.views.drop(event?.slot ?? 0);
  t.equal(vfs.views.get(event?.slot ?? 0), undefined, "forgotten by the kernel, it is gone");
  t.same(vfs.views.moments(), [byTime?.tree.asOf]);
  t.end();
});

t.test("snapshots come first", (t) => {
  const vfs = newVfs(t);
  const { mounted } = vfs.views;
  vfs.create(mounted, 1, "file", 0o100644, root);
  vfs.sync();
  const insert = vfs.store.connection.prepare("INSERT INTO snapshot (name, branch, event, at) VALUES ($1, 0, $2, 0)");
  insert.run(["before", 1]);
  insert.run(["@1000", vfs.store.events.last]);
  insert.run(["später", vfs.store.events.last]);
  t.same(namesIn(vfs, vfs.views.open(mounted, 1, "before")), []);
  t.same(namesIn(vfs, vfs.views.open(mounted, 1, "@1000")), ["file"], "a snapshot's name goes before the grammar");
  t.same(namesIn(vfs, vfs.views.open(mounted, 1, "sp\xc3\xa4ter")), ["file"], "names are bytes here, UTF-8");
  t.same(vfs.views.names(0).slice(0, 3), ["before", "@1000", "sp\xc3\xa4ter"]);
  t.end();
});

t.test("every name that is listed leads somewhere, also after history was dropped", (t) => {
  const set = clock(t);
  const vfs = newVfs(t);
  const { mounted } = vfs.views;
  for (let i = 1; i <= 6; i++) {
    set(i * 10);
    vfs.create(mounted, 1, `file ${i}`, 0o100644, root);
    vfs.sync();
  }
  set(70);
  const before = vfs.views.names(0);
  t.equal(before.length, 7);
  for (const name of before) t.ok(vfs.views.open(mounted, 1, name) !== undefined, name);
  t.same(namesIn(vfs, vfs.views.open(mounted, 1, before[3] ?? "")), ["file 1", "file 2", "file 3"]);
  collectGarbage(vfs.store, 25e6, []);
  const after = vfs.views.names(0);
  t.ok(after.length > 1 && after.length < before.length, `${after.length} are left`);
  for (const name of after) t.ok(vfs.views.open(mounted, 1, name) !== undefined, name);
  t.end();
});

t.test("the past cannot be changed", (t) => {
  const vfs = newVfs(t);
  const { mounted } = vfs.views;
  const { ino } = vfs.create(mounted, 1, "file", 0o106755, root);
  const device = vfs.mknod(mounted, 1, "device", 0o020600, 0x103, root);
  const past = vfs.views.open(mounted, 1, `@${vfs.store.events.last}`) as View;
  refused(t, EROFS, () => vfs.create(past, 1, "new", 0o100644, root), "create");
  refused(t, EROFS, () => vfs.mkdir(past, 1, "new", 0o755, root), "mkdir");
  refused(t, EROFS, () => vfs.unlink(past, 1, "file", root), "unlink");
  refused(t, EROFS, () => vfs.rename(past, 1, "file", 1, "new", "replace", root), "rename");
  refused(t, EROFS, () => vfs.link(past, ino, 1, "new", root), "link");
  refused(t, EROFS, () => vfs.setAttributes(past, ino, { mode: 0 }, root), "chmod");
  refused(t, EROFS, () => vfs.setXattr(past, ino, "user.x", Buffer.from("x"), "set", root), "setxattr");
  refused(t, EROFS, () => vfs.handles.open(past, ino, 1, root), "open to write");
  const handle = vfs.handles.open(past, ino, 0, root);
  t.equal(vfs.handles.read(handle, 0, Buffer.alloc(10)), 0);
  vfs.handles.release(handle);
  t.equal(past.mode(vfs.attributes(past, ino)), 0o100755, "set-user-id is inert");
  t.equal(mounted.mode(vfs.attributes(mounted, ino)), 0o106755);
  t.equal(past.rdev(vfs.attributes(past, device.ino)), 0, "device nodes are inert");
  t.equal(mounted.rdev(vfs.attributes(mounted, device.ino)), 0x103);
  t.end();
});

t.test("a mount as of a moment", (t) => {
  const vfs = newVfs(t);
  vfs.create(vfs.views.mounted, 1, "one", 0o100644, root);
  const moment = vfs.store.events.last;
  vfs.unlink(vfs.views.mounted, 1, "one", root);
  const then = vfsOf(vfs.store, { moment });
  t.same(namesIn(then, then.views.mounted), ["one"]);
  refused(t, EROFS, () => then.unlink(then.views.mounted, 1, "one", root), "unlink");
  t.same(then.views.moments(), [moment], "retention must not remove it");
  t.end();
});

t.test("a read-only mount, and one that froze", (t) => {
  const vfs = newVfs(t, { access: "read-only" });
  refused(t, EROFS, () => vfs.create(vfs.views.mounted, 1, "new", 0o100644, root), "create");
  const frozen = newVfs(t);
  const handle = frozen.handles.open(frozen.views.mounted, frozen.create(frozen.views.mounted, 1, "file", 0o100644, root).ino, 2, root);
  frozen.freeze("a test says so");
  refused(t, EROFS, () => frozen.handles.write(handle, 0, Buffer.from("x"), false, root), "write to a file opened before");
  refused(t, EROFS, () => frozen.create(frozen.views.mounted, 1, "new", 0o100644, root), "create");
  refused(t, ENOENT, () => frozen.unlink(newVfs(t).views.mounted, 1, "none", root), "reading goes on");
  t.end();
});
