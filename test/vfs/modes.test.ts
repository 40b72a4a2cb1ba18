/** Set-id bits and file capabilities. That the sticky bit keeps others from removing is the kernel's own check (`default_permissions`). */
import t from "tap";
import { assertClean } from "../store/database.js";
import { errnoOf, newVfs, root } from "./files.js";

const alice = { uid: 1000, gid: 100, process: null };

t.test("a directory with set-group-id hands its group down, and the bit to directories", (t) => {
  const vfs = newVfs(t);
  const view = vfs.views.mounted;
  const shared = vfs.mkdir(view, 1, "shared", 0o2775, { ...root, gid: 50 });
  const file = vfs.create(view, shared.ino, "file", 0o100644, alice);
  const directory = vfs.mkdir(view, shared.ino, "directory", 0o755, alice);
  const link = vfs.symlink(view, shared.ino, "link", "target", alice);
  t.same([file.uid, file.gid, file.mode], [1000, 50, 0o100644]);
  t.same([directory.uid, directory.gid, directory.mode], [1000, 50, 0o042755]);
  t.same([link.gid, link.mode], [50, 0o120777]);
  const plain = vfs.create(view, 1, "plain", 0o100644, alice);
  t.same([plain.uid, plain.gid], [1000, 100], "elsewhere it is the caller's");
  assertClean(t, vfs.store);
  t.end();
});

t.test("writing takes set-id bits away where the kernel says so", (t) => {
  const vfs = newVfs(t);
  const view = vfs.views.mounted;
  const modes: [number, number][] = [
    [0o4755, 0o755],
    [0o2755, 0o755],
    [0o6711, 0o711],
    [0o2644, 0o2644],
    [0o1644, 0o1644],
    [0o644, 0o644],
  ];
  for (const [before, after] of modes) {
    const name = before.toString(8);
    const { ino } = vfs.create(view, 1, name, 0o100000 | before, root);
    const handle = vfs.handles.open(view, ino, 1, root);
    vfs.handles.write(handle, 0, Buffer.from("x"), false, root);
    t.equal(vfs.attributes(view, ino).mode, 0o100000 | before, `${name} stays when it does not`);
    vfs.handles.write(handle, 1, Buffer.from("x"), true, root);
    t.equal(vfs.attributes(view, ino).mode, 0o100000 | after, `${name} when it does`);
    vfs.handles.release(handle);
    vfs.setAttributes(view, ino, { mode: before }, root);
    vfs.setAttributes(view, ino, { size: 0, killPrivileges: true }, root);
    t.equal(vfs.attributes(view, ino).mode, 0o100000 | after, `${name} by truncating`);
    vfs.setAttributes(view, ino, { mode: before }, root);
    vfs.setAttributes(view, ino, { uid: 5 }, root);
    t.equal(vfs.attributes(view, ino).mode, 0o100000 | after, `${name} by chown`);
    vfs.setAttributes(view, ino, { uid: 6, mode: before }, root);
    t.equal(vfs.attributes(view, ino).mode, 0o100000 | before, `${name} by chown with a mode of its own`);
  }
  const directory = vfs.mkdir(view, 1, "directory", 0o2755, root);
  vfs.setAttributes(view, directory.ino, { gid: 7 }, root);
  t.equal(directory.mode, 0o042755, "a directory keeps its bits");
  assertClean(t, vfs.store);
  t.end();
});

t.test("file capabilities go with a write, a truncation, a change of owner", (t) => {
  const vfs = newVfs(t);
  const view = vfs.views.mounted;
  const { ino } = vfs.create(view, 1, "file", 0o100755, root);
  const has = () => errnoOf(() => vfs.getXattr(view, ino, "security.capability")) === 0;
  const give = () => vfs.setXattr(view, ino, "security.capability", Buffer.from([1, 2, 3]), "set", root);
  const handle = vfs.handles.open(view, ino, 1, root);
  const actions = {
    write: () => vfs.handles.write(handle, 0, Buffer.from("x"), false, root),
    "another write": () => vfs.handles.write(handle, 0, Buffer.from("y"), false, root),
    truncate: () => vfs.setAttributes(view, ino, { size: 0 }, root),
    chown: () => vfs.setAttributes(view, ino, { uid: 5 }, root),
  };
  for (const [what, action] of Object.entries(actions)) {
    give();
    t.ok(has());
    action();
    t.notOk(has(), what);
  }
  give();
  vfs.setAttributes(view, ino, { mode: 0o700 }, root);
  t.ok(has(), "not with a chmod");
  vfs.handles.release(handle);
  assertClean(t, vfs.store);
  t.end();
});
