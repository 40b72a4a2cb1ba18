/** What is refused for want of room leaves no trace. */
import t from "tap";
import { ENOSPC } from "../../src/base/errno.js";
import { dropSnapshot, takeSnapshot } from "../../src/store/snapshots.js";
import { assertClean, numberOf } from "../store/database.js";
import { errnoOf, newVfs, root } from "./files.js";

const everything = (events: string) => `SELECT count(*) FROM event WHERE op = '${events}'`;

t.test("attributes", (t) => {
  const vfs = newVfs(t, {}, { sizeBytes: 1024 * 1024 });
  const view = vfs.views.mounted;
  const { ino } = vfs.create(view, 1, "file", 0o100644, root);
  let set = 0;
  while (errnoOf(() => vfs.setXattr(view, ino, `user.${set}`, Buffer.alloc(60_000, 1), "set", root)) === 0) {
    set += 1;
    if (set > 100) break;
    vfs.sync();
  }
  t.ok(set > 2 && set < 100, `${set} attributes`);
  t.equal(vfs.listXattrs(view, ino).toString().split("\0").length - 1, set);
  assertClean(t, vfs.store);
  t.equal(numberOf(vfs.store, everything("setxattr")), set, "no event of one that was refused");
  t.end();
});

t.test("files, directories, links, renames, writes", (t) => {
  const vfs = newVfs(t, {}, { sizeBytes: 1024 * 1024 });
  const view = vfs.views.mounted;
  const { ino } = vfs.create(view, 1, "file", 0o100644, root);
  const handle = vfs.handles.open(view, ino, 2, root);
  let size = 0;
  while (errnoOf(() => vfs.handles.write(handle, size, Buffer.alloc(10_000, 1), false, root)) === 0) {
    size += 10_000;
    if (size > 10_000_000) break;
  }
  t.ok(size < 1024 * 1024, `${size} bytes fit`);
  while (errnoOf(() => vfs.create(view, 1, `small ${size}`, 0o100644, root)) === 0) size += 1;
  const before = vfs.list(view, 1, 0, 10_000).length;
  const refusals = {
    create: () => vfs.create(view, 1, "new", 0o100644, root),
    mkdir: () => vfs.mkdir(view, 1, "new", 0o755, root),
    symlink: () => vfs.symlink(view, 1, "new", "target", root),
    link: () => vfs.link(view, ino, 1, "new", root),
    rename: () => vfs.rename(view, 1, "file", 1, "new", "replace", root),
    chmod: () => vfs.setAttributes(view, ino, { mode: 0o600 }, root),
  };
  for (const [call, action] of Object.entries(refusals)) t.equal(errnoOf(action), ENOSPC, call);
  t.equal(vfs.list(view, 1, 0, 10_000).length, before, "nothing was made");
  t.equal(vfs.attributes(view, ino).mode, 0o100644);
  t.equal(vfs.attributes(view, ino).nlink, 1);
  t.ok(vfs.statistics().free < 100, "df shows it");
  assertClean(t, vfs.store);
  t.equal(
    errnoOf(() => vfs.setAttributes(view, ino, { size: 0 }, root)),
    0,
    "truncating to make room is let through",
  );
  t.equal(
    errnoOf(() => vfs.unlink(view, 1, "file", root)),
    0,
    "and so is removing",
  );
  vfs.handles.release(handle);
  assertClean(t, vfs.store);
  t.end();
});

t.test("branches and snapshots: none is made, but those there are can be dropped to make room", (t) => {
  const vfs = newVfs(t, {}, { sizeBytes: 1024 * 1024 });
  const view = vfs.views.mounted;
  const { store } = vfs;
  const branch = store.branches.fork("idea", 0, undefined, "branch", null);
  takeSnapshot(store, 0, "then", null, null);
  const handle = vfs.handles.open(view, vfs.create(view, 1, "file", 0o100644, root).ino, 2, root);
  let size = 0;
  while (errnoOf(() => vfs.handles.write(handle, size, Buffer.alloc(10_000, 1), false, root)) === 0) size += 10_000;
  // What waits for the end of its batch is counted dearer than it is: full is full once nothing waits.
  for (let before = -1; before !== size; vfs.sync()) {
    before = size;
    while (errnoOf(() => vfs.create(view, 1, `small ${size}`, 0o100644, root)) === 0) size += 1;
  }
  const refusals = {
    fork: () => store.branches.fork("new", 0, undefined, "branch", null),
    rename: () => store.branches.rename(branch, "thought", null),
    snapshot: () => takeSnapshot(store, 0, "now", null, null),
  };
  for (const [call, action] of Object.entries(refusals)) t.equal(errnoOf(action), ENOSPC, call);
  t.equal(
    errnoOf(() => dropSnapshot(store, 0, "then", null)),
    0,
  );
  t.equal(
    errnoOf(() => store.branches.drop(branch, null)),
    0,
  );
  t.same(
    store.branches.list().map(({ name }) => name),
    ["main"],
  );
  assertClean(t, store);
  t.end();
});
