/** Names: which may be made, which are kept for views. */
import t from "tap";
import { EEXIST, EINVAL, ENAMETOOLONG, ENOENT, EPERM } from "../../src/base/errno.js";
import { assertClean } from "../store/database.js";
import { newVfs, refused, root } from "./files.js";

t.test("any bytes but / and NUL, up to 255 of them", (t) => {
  const vfs = newVfs(t);
  const view = vfs.views.mounted;
  const all = Array.from({ length: 255 }, (_, index) => String.fromCharCode(index + 1)).filter((byte) => byte !== "/");
  for (const name of [all.join(""), "x".repeat(255), " ", "\n", "\xff", "...", ".hidden", "a\\b"]) {
    const { ino } = vfs.create(view, 1, name, 0o100644, root);
    t.equal(vfs.lookup(view, 1, name)?.ino, ino, JSON.stringify(name.slice(0, 10)));
  }
  refused(t, ENAMETOOLONG, () => vfs.create(view, 1, "x".repeat(256), 0o100644, root), "256 bytes");
  refused(t, ENAMETOOLONG, () => vfs.lookup(view, 1, "x".repeat(256)), "looking up 256 bytes");
  refused(t, EINVAL, () => vfs.mkdir(view, 1, "", 0o755, root), "no bytes");
  refused(t, EINVAL, () => vfs.mkdir(view, 1, "a/b", 0o755, root), "a slash");
  refused(t, EINVAL, () => vfs.mkdir(view, 1, "a\0b", 0o755, root), "a NUL");
  refused(t, EEXIST, () => vfs.mkdir(view, 1, ".", 0o755, root), "a dot");
  refused(t, EEXIST, () => vfs.mkdir(view, 1, "..", 0o755, root), "two dots");
  assertClean(t, vfs.store);
  t.end();
});

t.test("the names of views are kept in the root, and only there", (t) => {
  const vfs = newVfs(t);
  const view = vfs.views.mounted;
  const directory = vfs.mkdir(view, 1, "directory", 0o755, root);
  const file = vfs.create(view, 1, "file", 0o100644, root);
  for (const name of [".history", ".branches"]) {
    refused(t, EPERM, () => vfs.create(view, 1, name, 0o100644, root), `create ${name}`);
    refused(t, EPERM, () => vfs.mkdir(view, 1, name, 0o755, root), `mkdir ${name}`);
    refused(t, EPERM, () => vfs.symlink(view, 1, name, "target", root), `symlink ${name}`);
    refused(t, EPERM, () => vfs.link(view, file.ino, 1, name, root), `link ${name}`);
    refused(t, EPERM, () => vfs.rename(view, 1, "file", 1, name, "replace", root), `rename to ${name}`);
    refused(t, EPERM, () => vfs.rename(view, 1, name, 1, "new", "replace", root), `rename from ${name}`);
    refused(t, EPERM, () => vfs.unlink(view, 1, name, root), `unlink ${name}`);
    refused(t, EPERM, () => vfs.rmdir(view, 1, name, root), `rmdir ${name}`);
    const below = vfs.mkdir(view, directory.ino, name, 0o755, root);
    t.equal(vfs.lookup(view, directory.ino, name)?.ino, below.ino, `${name} below is a name like any other`);
  }
  t.same(
    vfs.list(view, 1, 0, 10).map(({ name }) => name),
    ["directory", "file"],
    "not listed",
  );
  t.equal(vfs.virtualName(view, 1, ".history"), "history");
  t.equal(vfs.virtualName(view, directory.ino, ".history"), undefined);
  t.equal(vfs.virtualName(view, 1, "history"), undefined);
  t.end();
});

t.test("dots", (t) => {
  const vfs = newVfs(t);
  const view = vfs.views.mounted;
  const outer = vfs.mkdir(view, 1, "outer", 0o755, root);
  const inner = vfs.mkdir(view, outer.ino, "inner", 0o755, root);
  t.equal(vfs.lookup(view, inner.ino, "."), inner);
  t.equal(vfs.lookup(view, inner.ino, ".."), outer);
  t.equal(vfs.lookup(view, 1, "..")?.ino, 1, "the root is its own parent");
  vfs.rename(view, outer.ino, "inner", 1, "moved", "replace", root);
  t.equal(vfs.lookup(view, inner.ino, "..")?.ino, 1);
  t.end();
});

t.test("a removed directory is empty for ever", (t) => {
  const vfs = newVfs(t);
  const view = vfs.views.mounted;
  const directory = vfs.mkdir(view, 1, "directory", 0o755, root);
  vfs.rmdir(view, 1, "directory", root);
  refused(t, ENOENT, () => vfs.create(view, directory.ino, "file", 0o100644, root), "create");
  refused(t, ENOENT, () => vfs.lookup(view, directory.ino, "file"), "lookup");
  refused(t, ENOENT, () => vfs.unlink(view, directory.ino, "file", root), "unlink");
  t.same(vfs.list(view, directory.ino, 0, 10), []);
  t.equal(vfs.attributes(view, directory.ino).nlink, 0, "who is in it still sees it");
  assertClean(t, vfs.store);
  t.end();
});

t.test("listings go on from a cookie, whatever was removed or made meanwhile", (t) => {
  const vfs = newVfs(t);
  const view = vfs.views.mounted;
  for (let i = 0; i < 10; i++) vfs.create(view, 1, `file ${i}`, 0o100644, root);
  const first = vfs.list(view, 1, 0, 4);
  t.same(
    first.map(({ name }) => name),
    ["file 0", "file 1", "file 2", "file 3"],
  );
  vfs.unlink(view, 1, "file 3", root);
  vfs.unlink(view, 1, "file 5", root);
  vfs.rename(view, 1, "file 0", 1, "renamed", "replace", root);
  vfs.rename(view, 1, "file 1", 1, "file 6", "exchange", root);
  const rest = vfs.list(view, 1, first[3]?.cookie ?? 0, 100).map(({ name }) => name);
  t.same(rest, ["file 4", "file 6", "file 7", "file 8", "file 9", "renamed"]);
  t.end();
});
