/** Operations by path on a real file system, without a kernel: what they do, and that every reference is given back. */
import t, { type Test } from "tap";
import { EEXIST, ENOENT, ENOTDIR, ENOTEMPTY, ERANGE, ESTALE } from "../../src/base/errno.js";
import { Bridge } from "../../src/bridge/bridge.js";
import { Callers } from "../../src/bridge/callers.js";
import { Operations } from "../../src/libfuse/operations.js";
import type { Vfs } from "../../src/vfs/vfs.js";
import { newStore } from "../store/database.js";
import { refused, vfsOf } from "../vfs/files.js";

const hiddenPath = "/.fuse_hidden0000000200000001";
const text = (buffer: Buffer, length: number): string => buffer.toString("utf8", 0, length);

interface Served {
  readonly operations: Operations;
  readonly vfs: Vfs;
  /** Nodes that something still has a reference to, the kept directories aside. */
  references(): number;
}

function served(t: Test): Served {
  const vfs = vfsOf(newStore(t));
  const owner = { uid: 0, gid: 0, mode: 0o700 };
  const bridge = new Bridge(vfs, new Callers(vfs.store.processes, () => {}), owner, "asked");
  const operations = new Operations(bridge);
  const references = (): number => {
    operations.paths.invalidateEntry();
    return bridge.nodes.knownNodes;
  };
  return { operations, vfs, references };
}

function write(operations: Operations, path: string, content: string): void {
  const fh = operations.create(path, 0o100644);
  operations.write(fh, 0, Buffer.from(content));
  operations.release(fh);
}

function read(operations: Operations, path: string): string {
  const fh = operations.open(path, 0);
  const into = Buffer.alloc(100);
  const length = operations.read(fh, 0, into);
  operations.release(fh);
  return text(into, length);
}

t.test("files and directories by path", async (t) => {
  const { operations, references } = served(t);
  operations.mkdir("/a", 0o755);
  operations.mkdir("/a/b", 0o755);
  write(operations, "/a/b/file", "content");
  t.equal(read(operations, "/a/b/file"), "content");
  operations.symlink("file", "/a/b/link");
  t.equal(operations.readlink("/a/b/link"), "file");
  operations.link("/a/b/file", "/a/second");
  t.equal(operations.getattr("/a/second").nlink, 2);
  operations.mknod("/a/pipe", 0o010600, 0);
  t.same(
    operations
      .readdir("/a")
      .map(({ name }) => name)
      .sort(),
    [".", "..", "b", "pipe", "second"],
  );
  operations.truncate("/a/second", 3);
  operations.chmod("/a/second", 0o600);
  operations.chown("/a/second", 0xffffffff, 7);
  operations.utimens("/a/second", 1_500, 2_500_000_000_123);
  const { size, mode, uid, gid, atimeSec, atimeNsec, mtimeSec, mtimeNsec } = operations.getattr("/a/b/file");
  t.same({ size, mode, uid, gid }, { size: 3, mode: 0o100600, uid: process.geteuid?.(), gid: 7 });
  t.same([atimeSec, atimeNsec, mtimeSec, mtimeNsec], [1, 500_000_000, 2_500_000_000, 123_000_000]);
  operations.setxattr("/a", "user.name", Buffer.from("value"), 0);
  const into = Buffer.alloc(20);
  t.equal(operations.getxattr("/a", "user.name", Buffer.alloc(0)), 5, "without room, how much it takes");
  t.equal(text(into, operations.getxattr("/a", "user.name", into)), "value");
  refused(t, ERANGE, () => operations.getxattr("/a", "user.name", Buffer.alloc(4)), "too little room");
  t.equal(text(into, operations.listxattr("/a", into)), "user.name\0");
  operations.removexattr("/a", "user.name");
  t.equal(operations.listxattr("/a", into), 0);
  operations.rename("/a/b/file", "/a/b/moved");
  operations.unlink("/a/b/moved");
  operations.unlink("/a/b/link");
  operations.rmdir("/a/b");
  refused(t, ENOENT, () => operations.getattr("/a/b"), "removed");
  refused(t, ENOTDIR, () => operations.getattr("/a/pipe/x"), "below a pipe");
  refused(t, ENOENT, () => operations.open("/a/none", 0), "no such file");
  refused(t, EEXIST, () => operations.mkdir("/a", 0o755), "mkdir again");
  refused(t, ENOTEMPTY, () => operations.rmdir("/a"), "rmdir");
  refused(t, ESTALE, () => operations.create("/a/second", 0o100644), "made by somebody else meanwhile");
  t.equal(references(), 0, "nothing is held");
});

t.test("a directory that moved is found where it is, and nowhere else", async (t) => {
  const { operations, references } = served(t);
  operations.mkdir("/a", 0o755);
  operations.mkdir("/a/b", 0o755);
  write(operations, "/a/b/file", "one");
  operations.mkdir("/other", 0o755);
  operations.mkdir("/other/b", 0o755);
  write(operations, "/other/b/file", "two");
  t.equal(read(operations, "/a/b/file"), "one");
  operations.rename("/a", "/moved");
  refused(t, ENOENT, () => operations.getattr("/a/b/file"), "where it was");
  t.equal(read(operations, "/moved/b/file"), "one");
  operations.rename("/other", "/a");
  t.equal(read(operations, "/a/b/file"), "two");
  t.equal(references(), 0);
});

t.test("an open file that is removed", async (t) => {
  const { operations, vfs, references } = served(t);
  operations.mkdir("/d", 0o755);
  write(operations, "/d/file", "still there");
  const fh = operations.open("/d/file", 2);
  operations.rename("/d/file", `/d${hiddenPath}`);
  t.same(
    operations.readdir("/d").map(({ name }) => name),
    [".", ".."],
    "it has no name",
  );
  t.equal(operations.getattr(`/d${hiddenPath}`).nlink, 0);
  operations.truncate(`/d${hiddenPath}`, 5);
  t.equal(read(operations, `/d${hiddenPath}`), "still");
  refused(t, ENOTEMPTY, () => operations.rmdir("/d"), "or libfuse could not find it any more");
  operations.mkdir("/empty", 0o755);
  refused(t, ENOTEMPTY, () => operations.rename("/empty", "/d"), "nor by a rename");
  operations.release(fh);
  operations.unlink(`/d${hiddenPath}`);
  operations.rmdir("/d");
  t.equal(vfs.handles.count, 0);
  t.equal(references(), 0);
});

t.test("a file that is not open may be called like that", async (t) => {
  const { operations } = served(t);
  write(operations, "/file", "kept");
  operations.rename("/file", hiddenPath);
  t.equal(read(operations, hiddenPath), "kept");
  operations.unlink(hiddenPath);
  refused(t, ENOENT, () => operations.getattr(hiddenPath), "removed");
});

t.test("the past keeps its numbers while somebody walks in it", async (t) => {
  const { operations, vfs, references } = served(t);
  operations.mkdir("/d", 0o755);
  write(operations, "/d/file", "one");
  vfs.store.commit("durable");
  const then = `/.history/@${vfs.store.events.last}`;
  write(operations, "/d/later", "two");
  const { inoLo, inoHi } = { ...operations.getattr(`${then}/d/file`) };
  refused(t, ENOENT, () => operations.getattr(`${then}/d/later`), "made later");
  t.same({ ...operations.getattr(`${then}/d/file`) }, { ...operations.getattr(`${then}/d/file`), inoLo, inoHi });
  t.equal(read(operations, `${then}/d/file`), "one");
  t.not(operations.getattr("/d/file").inoHi, inoHi, "another than now");
  t.equal(references(), 0);
});
