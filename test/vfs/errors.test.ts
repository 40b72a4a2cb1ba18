/** What is refused, with the errno the man page of the call names; and nothing changes by it. */
import t from "tap";
import {
  E2BIG,
  EBADF,
  EEXIST,
  EFBIG,
  EINVAL,
  EISDIR,
  ELOOP,
  ENAMETOOLONG,
  ENODATA,
  ENOENT,
  ENOTDIR,
  ENOTEMPTY,
  EOPNOTSUPP,
  EPERM,
  ERANGE,
  ESTALE,
} from "../../src/base/errno.js";
import { assertClean } from "../store/database.js";
import { newVfs, refused, root } from "./files.js";

t.test("every refusal", (t) => {
  const vfs = newVfs(t);
  const view = vfs.views.mounted;
  const { ino: file } = vfs.create(view, 1, "file", 0o100644, root);
  const { ino: directory } = vfs.mkdir(view, 1, "directory", 0o755, root);
  const { ino: inner } = vfs.mkdir(view, directory, "inner", 0o755, root);
  const { ino: link } = vfs.symlink(view, 1, "link", "target", root);
  const { ino: fifo } = vfs.mknod(view, 1, "fifo", 0o010644, 0, root);
  const before = vfs.store.events.last;

  refused(t, ENOTDIR, () => vfs.lookup(view, file, "x"), "lookup in a file");
  refused(t, ENOTDIR, () => vfs.create(view, file, "x", 0o100644, root), "create in a file");
  refused(t, ENOTDIR, () => vfs.list(view, file, 0, 10), "list a file");
  refused(t, ESTALE, () => vfs.attributes(view, 999), "attributes of an unknown number");
  refused(t, EEXIST, () => vfs.create(view, 1, "file", 0o100644, root), "create over a file");
  refused(t, EEXIST, () => vfs.mkdir(view, 1, "file", 0o755, root), "mkdir over a file");
  refused(t, EEXIST, () => vfs.symlink(view, 1, "file", "x", root), "symlink over a file");
  refused(t, EEXIST, () => vfs.link(view, file, 1, "link", root), "link over a symlink");
  refused(t, EPERM, () => vfs.link(view, directory, 1, "new", root), "link to a directory");
  refused(t, ENOENT, () => vfs.symlink(view, 1, "new", "", root), "symlink to nothing");
  refused(t, ENAMETOOLONG, () => vfs.symlink(view, 1, "new", "x".repeat(4096), root), "symlink to 4096 bytes");
  refused(t, EINVAL, () => vfs.mknod(view, 1, "new", 0o040755, 0, root), "mknod of a directory");

  refused(t, ENOENT, () => vfs.unlink(view, 1, "none", root), "unlink nothing");
  refused(t, EISDIR, () => vfs.unlink(view, 1, "directory", root), "unlink a directory");
  refused(t, ENOENT, () => vfs.rmdir(view, 1, "none", root), "rmdir nothing");
  refused(t, ENOTDIR, () => vfs.rmdir(view, 1, "file", root), "rmdir a file");
  refused(t, ENOTEMPTY, () => vfs.rmdir(view, 1, "directory", root), "rmdir what is not empty");

  refused(t, ENOENT, () => vfs.rename(view, 1, "none", 1, "new", "replace", root), "rename nothing");
  refused(t, EEXIST, () => vfs.rename(view, 1, "file", 1, "link", "noreplace", root), "rename over something, noreplace");
  refused(t, ENOENT, () => vfs.rename(view, 1, "file", 1, "none", "exchange", root), "exchange with nothing");
  refused(t, EISDIR, () => vfs.rename(view, 1, "file", 1, "directory", "replace", root), "rename a file over a directory");
  refused(t, ENOTDIR, () => vfs.rename(view, 1, "directory", 1, "file", "replace", root), "rename a directory over a file");
  refused(t, EINVAL, () => vfs.rename(view, 1, "directory", directory, "new", "replace", root), "rename a directory into itself");
  refused(t, EINVAL, () => vfs.rename(view, 1, "directory", inner, "new", "replace", root), "and into one below it");
  refused(
    t,
    EINVAL,
    () => vfs.rename(view, directory, "inner", 1, "directory", "exchange", root),
    "exchange a directory with one above it",
  );
  refused(t, ENOTEMPTY, () => vfs.rename(view, directory, "inner", 1, "directory", "replace", root), "rename over what is not empty");

  refused(t, EINVAL, () => vfs.readlink(view, file), "readlink of a file");
  refused(t, EISDIR, () => vfs.handles.open(view, directory, 0, root), "open a directory");
  refused(t, ELOOP, () => vfs.handles.open(view, link, 0, root), "open a symlink");
  refused(t, EINVAL, () => vfs.handles.open(view, fifo, 0, root), "open a FIFO");
  refused(t, EISDIR, () => vfs.setAttributes(view, directory, { size: 0 }, root), "truncate a directory");
  refused(t, EINVAL, () => vfs.setAttributes(view, link, { size: 0 }, root), "truncate a symlink");
  refused(t, EFBIG, () => vfs.setAttributes(view, file, { size: 2 ** 53 }, root), "truncate to 2^53");

  const handle = vfs.handles.open(view, file, 0, root);
  refused(t, EBADF, () => vfs.handles.write(handle, 0, Buffer.from("x"), false, root), "write to a handle opened to read");
  vfs.handles.release(handle);
  refused(t, EBADF, () => vfs.handles.read(handle, 0, Buffer.alloc(1)), "read from a closed handle");
  refused(t, EBADF, () => vfs.handles.release(handle), "close twice");
  const writing = vfs.handles.open(view, file, 1, root);
  refused(t, EFBIG, () => vfs.handles.write(writing, 2 ** 53 - 2, Buffer.from("xy"), false, root), "write beyond 2^53-1");
  t.equal(vfs.handles.write(writing, 5, Buffer.alloc(0), false, root), 0, "a write of nothing does nothing");
  vfs.handles.release(writing);
  t.equal(vfs.handles.count, 0);

  const value = Buffer.from("x");
  refused(t, ENODATA, () => vfs.getXattr(view, file, "user.none"), "an attribute that is not there");
  refused(t, ENODATA, () => vfs.removeXattr(view, file, "user.none", root), "removing it");
  refused(t, ENODATA, () => vfs.setXattr(view, file, "user.none", value, "replace", root), "replacing it");
  refused(t, EOPNOTSUPP, () => vfs.setXattr(view, file, "other.x", value, "set", root), "an unknown namespace");
  refused(t, EOPNOTSUPP, () => vfs.setXattr(view, file, "user.", value, "set", root), "no name after the namespace");
  refused(t, ERANGE, () => vfs.setXattr(view, file, `user.${"x".repeat(251)}`, value, "set", root), "a name of 256 bytes");
  refused(t, E2BIG, () => vfs.setXattr(view, file, "user.x", Buffer.alloc(65537), "set", root), "a value of 65537 bytes");
  t.equal(vfs.store.events.last, before, "none of these is an event");

  vfs.setXattr(view, file, "user.x", value, "create", root);
  refused(t, EEXIST, () => vfs.setXattr(view, file, "user.x", value, "create", root), "creating one that is there");
  vfs.setXattr(view, file, "user.y", Buffer.alloc(0), "set", root);
  t.equal(vfs.listXattrs(view, file).toString("latin1"), "user.x\0user.y\0");
  t.equal(vfs.getXattr(view, file, "user.y").length, 0, "an empty value is a value");
  assertClean(t, vfs.store);
  t.end();
});

t.test("renaming a name to another name of the same file does nothing", (t) => {
  const vfs = newVfs(t);
  const view = vfs.views.mounted;
  const { ino } = vfs.create(view, 1, "one", 0o100644, root);
  vfs.link(view, ino, 1, "two", root);
  const before = vfs.store.events.last;
  for (const mode of ["replace", "exchange"] as const) vfs.rename(view, 1, "one", 1, "two", mode, root);
  vfs.rename(view, 1, "one", 1, "one", "replace", root);
  t.equal(vfs.store.events.last, before);
  t.equal(vfs.attributes(view, ino).nlink, 2);
  t.end();
});

t.test("a file without a name can be changed but gets no name again", (t) => {
  const vfs = newVfs(t);
  const view = vfs.views.mounted;
  const { ino } = vfs.create(view, 1, "file", 0o100644, root);
  const handle = vfs.handles.open(view, ino, 2, root);
  vfs.unlink(view, 1, "file", root);
  vfs.setAttributes(view, ino, { mode: 0o600, size: 10 }, root);
  vfs.setXattr(view, ino, "user.x", Buffer.from("x"), "set", root);
  vfs.handles.write(handle, 0, Buffer.from("text"), false, root);
  t.equal(vfs.attributes(view, ino).size, 10);
  refused(t, ENOENT, () => vfs.link(view, ino, 1, "again", root), "link");
  assertClean(t, vfs.store);
  vfs.handles.release(handle);
  vfs.forget(view, ino);
  refused(t, ESTALE, () => vfs.attributes(view, ino), "gone");
  assertClean(t, vfs.store);
  t.end();
});
