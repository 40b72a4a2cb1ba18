/** rename(2) and renameat2(2). */
import fs from "node:fs";
import { join } from "node:path";
import { fails, failsWithOneOf } from "../support/fails.js";
import { RENAME_EXCHANGE, RENAME_NOREPLACE, renameat2 } from "../support/sys.js";
import type { Area } from "./case.js";

const read = (path: string): string => fs.readFileSync(path, "utf8");

export const rename: Area = {
  name: "rename",
  cases: [
    {
      name: "a file moves with its inode, bytes and links",
      run(directory, t) {
        const [from, to] = [join(directory, "from"), join(directory, "to")];
        fs.writeFileSync(from, "bytes");
        const ino = fs.statSync(from).ino;
        fs.renameSync(from, to);
        t.notOk(fs.existsSync(from));
        t.equal(fs.statSync(to).ino, ino);
        t.equal(fs.statSync(to).nlink, 1);
        t.equal(read(to), "bytes");
        t.same(fs.readdirSync(directory), ["to"]);
      },
    },
    {
      name: "onto a file: replaces it, and who has it open keeps the old bytes",
      run(directory, t) {
        const [from, to] = [join(directory, "from"), join(directory, "to")];
        fs.writeFileSync(from, "new");
        fs.writeFileSync(to, "old");
        const fd = fs.openSync(to, "r");
        fs.renameSync(from, to);
        t.equal(read(to), "new");
        t.equal(fs.fstatSync(fd).nlink, 0);
        t.equal(fs.readFileSync(fd, "utf8"), "old");
        fs.closeSync(fd);
        t.same(fs.readdirSync(directory), ["to"]);
      },
    },
    {
      name: "onto one of several links: the others keep the file",
      run(directory, t) {
        const [from, to, other] = [join(directory, "from"), join(directory, "to"), join(directory, "other")];
        fs.writeFileSync(from, "new");
        fs.writeFileSync(to, "old");
        fs.linkSync(to, other);
        fs.renameSync(from, to);
        t.equal(read(other), "old");
        t.equal(fs.statSync(other).nlink, 1);
      },
    },
    {
      name: "between two links of one file: does nothing, both stay",
      run(directory, t) {
        const [from, to] = [join(directory, "from"), join(directory, "to")];
        fs.writeFileSync(from, "same");
        fs.linkSync(from, to);
        fs.renameSync(from, to);
        t.same(fs.readdirSync(directory).sort(), ["from", "to"]);
        t.equal(fs.statSync(from).nlink, 2);
      },
    },
    {
      name: "onto itself: does nothing",
      run(directory, t) {
        fs.writeFileSync(join(directory, "file"), "same");
        fs.mkdirSync(join(directory, "sub"));
        fs.renameSync(join(directory, "file"), join(directory, "file"));
        fs.renameSync(join(directory, "sub"), join(directory, "sub"));
        t.equal(read(join(directory, "file")), "same");
        t.same(fs.readdirSync(directory).sort(), ["file", "sub"]);
      },
    },
    {
      name: "into another directory: link counts and dot dot follow",
      run(directory, t) {
        const [left, right] = [join(directory, "left"), join(directory, "right")];
        fs.mkdirSync(join(left, "sub", "inner"), { recursive: true });
        fs.mkdirSync(right);
        fs.writeFileSync(join(left, "sub", "inner", "file"), "deep");
        fs.renameSync(join(left, "sub"), join(right, "moved"));
        t.equal(fs.statSync(left).nlink, 2);
        t.equal(fs.statSync(right).nlink, 3);
        t.equal(fs.statSync(join(right, "moved")).nlink, 3);
        t.equal(fs.statSync(`${right}/moved/..`).ino, fs.statSync(right).ino);
        t.equal(read(join(right, "moved", "inner", "file")), "deep");
        t.same(fs.readdirSync(left), []);
      },
    },
    {
      name: "a directory onto an empty one: replaces it",
      run(directory, t) {
        const [from, to] = [join(directory, "from"), join(directory, "to")];
        fs.mkdirSync(from);
        fs.writeFileSync(join(from, "file"), "in");
        fs.mkdirSync(to);
        const before = fs.statSync(directory).nlink;
        fs.renameSync(from, to);
        t.equal(read(join(to, "file")), "in");
        t.equal(fs.statSync(directory).nlink, before - 1);
      },
    },
    {
      name: "a directory onto a full one is refused",
      run(directory, t) {
        const [from, to] = [join(directory, "from"), join(directory, "to")];
        fs.mkdirSync(from);
        fs.mkdirSync(to);
        fs.writeFileSync(join(to, "file"), "in");
        failsWithOneOf(t, ["ENOTEMPTY", "EEXIST"], () => fs.renameSync(from, to), "full target");
        t.same(fs.readdirSync(directory).sort(), ["from", "to"]);
      },
    },
    {
      name: "types must agree",
      run(directory, t) {
        fs.writeFileSync(join(directory, "file"), "");
        fs.mkdirSync(join(directory, "sub"));
        fails(t, "EISDIR", () => fs.renameSync(join(directory, "file"), join(directory, "sub")), "a file onto a directory");
        fails(t, "ENOTDIR", () => fs.renameSync(join(directory, "sub"), join(directory, "file")), "a directory onto a file");
      },
    },
    {
      name: "a directory cannot go into itself, nor onto its ancestor",
      run(directory, t) {
        fs.mkdirSync(join(directory, "a", "b", "c"), { recursive: true });
        fails(t, "EINVAL", () => fs.renameSync(join(directory, "a"), join(directory, "a", "x")), "its child");
        fails(t, "EINVAL", () => fs.renameSync(join(directory, "a"), join(directory, "a", "b", "c", "x")), "its grandchild");
        failsWithOneOf(
          t,
          ["ENOTEMPTY", "EEXIST"],
          () => fs.renameSync(join(directory, "a", "b", "c"), join(directory, "a")),
          "its ancestor",
        );
        t.ok(fs.existsSync(join(directory, "a", "b", "c")));
      },
    },
    {
      name: "missing things",
      run(directory, t) {
        fs.writeFileSync(join(directory, "file"), "");
        fails(t, "ENOENT", () => fs.renameSync(join(directory, "none"), join(directory, "x")), "no source");
        fails(t, "ENOENT", () => fs.renameSync(join(directory, "file"), join(directory, "none", "x")), "no target parent");
        fails(t, "ENOTDIR", () => fs.renameSync(join(directory, "file", "x"), join(directory, "y")), "a file as parent");
        fails(t, "ENOTDIR", () => fs.renameSync(join(directory, "file"), `${directory}/y/`), "a file to a name with a slash");
      },
    },
    {
      name: "a symlink moves itself, and is replaced itself",
      run(directory, t) {
        fs.writeFileSync(join(directory, "target"), "stays");
        fs.symlinkSync("target", join(directory, "link"));
        fs.renameSync(join(directory, "link"), join(directory, "moved"));
        t.equal(fs.readlinkSync(join(directory, "moved")), "target");
        fs.writeFileSync(join(directory, "file"), "over");
        fs.renameSync(join(directory, "file"), join(directory, "moved"));
        t.ok(fs.lstatSync(join(directory, "moved")).isFile());
        t.equal(read(join(directory, "target")), "stays");
      },
    },
    {
      name: "moves the times of both parents and the file's ctime",
      run(directory, t) {
        const [left, right] = [join(directory, "left"), join(directory, "right")];
        for (const path of [left, right]) fs.mkdirSync(path);
        fs.writeFileSync(join(left, "file"), "");
        for (const path of [left, right, join(left, "file")]) fs.utimesSync(path, 1, 1);
        const before = fs.statSync(join(left, "file"), { bigint: true }).ctimeNs;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
        fs.renameSync(join(left, "file"), join(right, "file"));
        t.ok(fs.statSync(left).mtimeMs > 1000);
        t.ok(fs.statSync(right).mtimeMs > 1000);
        const after = fs.statSync(join(right, "file"), { bigint: true });
        t.equal(after.mtimeMs, 1000n);
        t.ok(after.ctimeNs > before);
      },
    },
    {
      name: "an open file goes on through the rename",
      run(directory, t) {
        const fd = fs.openSync(join(directory, "from"), "w+");
        fs.writeSync(fd, "before ");
        fs.renameSync(join(directory, "from"), join(directory, "to"));
        fs.writeSync(fd, "after");
        t.equal(read(join(directory, "to")), "before after");
        fs.closeSync(fd);
      },
    },
    {
      name: "NOREPLACE refuses any target that exists, and moves otherwise",
      needs: ["noreplace"],
      run(directory, t) {
        fs.writeFileSync(join(directory, "file"), "mine");
        fs.writeFileSync(join(directory, "other"), "kept");
        fs.mkdirSync(join(directory, "sub"));
        fs.symlinkSync("nowhere", join(directory, "dangling"));
        for (const name of ["other", "sub", "dangling", "file"]) {
          fails(t, "EEXIST", () => renameat2(join(directory, "file"), join(directory, name), RENAME_NOREPLACE), name);
        }
        t.equal(read(join(directory, "other")), "kept");
        renameat2(join(directory, "file"), join(directory, "new"), RENAME_NOREPLACE);
        t.equal(read(join(directory, "new")), "mine");
      },
    },
    {
      name: "EXCHANGE swaps two files",
      needs: ["exchange"],
      run(directory, t) {
        const [one, two] = [join(directory, "one"), join(directory, "two")];
        fs.writeFileSync(one, "1");
        fs.writeFileSync(two, "2");
        const [inoOne, inoTwo] = [fs.statSync(one).ino, fs.statSync(two).ino];
        renameat2(one, two, RENAME_EXCHANGE);
        t.equal(read(one), "2");
        t.equal(read(two), "1");
        t.equal(fs.statSync(one).ino, inoTwo);
        t.equal(fs.statSync(two).ino, inoOne);
      },
    },
    {
      name: "EXCHANGE swaps a full directory with a file across parents",
      needs: ["exchange"],
      run(directory, t) {
        const [left, right] = [join(directory, "left"), join(directory, "right")];
        fs.mkdirSync(join(left, "full"), { recursive: true });
        fs.mkdirSync(right);
        fs.writeFileSync(join(left, "full", "inner"), "deep");
        fs.writeFileSync(join(right, "file"), "flat");
        renameat2(join(left, "full"), join(right, "file"), RENAME_EXCHANGE);
        t.equal(read(join(left, "full")), "flat");
        t.equal(read(join(right, "file", "inner")), "deep");
        t.equal(fs.statSync(left).nlink, 2);
        t.equal(fs.statSync(right).nlink, 3);
        t.equal(fs.statSync(`${right}/file/..`).ino, fs.statSync(right).ino);
      },
    },
    {
      name: "EXCHANGE wants both, and no loop",
      needs: ["exchange"],
      run(directory, t) {
        fs.mkdirSync(join(directory, "a", "b"), { recursive: true });
        fails(t, "ENOENT", () => renameat2(join(directory, "a"), join(directory, "x"), RENAME_EXCHANGE), "no target");
        fails(t, "ENOENT", () => renameat2(join(directory, "x"), join(directory, "a"), RENAME_EXCHANGE), "no source");
        fails(t, "EINVAL", () => renameat2(join(directory, "a"), join(directory, "a", "b"), RENAME_EXCHANGE), "its child");
        fails(t, "EINVAL", () => renameat2(join(directory, "a", "b"), join(directory, "a"), RENAME_EXCHANGE), "its parent");
      },
    },
    {
      name: "flags that exclude each other",
      run(directory, t) {
        fs.writeFileSync(join(directory, "a"), "");
        fs.writeFileSync(join(directory, "b"), "");
        const both = RENAME_EXCHANGE | RENAME_NOREPLACE;
        fails(t, "EINVAL", () => renameat2(join(directory, "a"), join(directory, "b"), both), "both");
        fails(t, "EINVAL", () => renameat2(join(directory, "a"), join(directory, "b"), 0x80), "an unknown one");
      },
    },
    {
      name: "back and forth a hundred times leaves one name",
      run(directory, t) {
        fs.mkdirSync(join(directory, "a"));
        fs.mkdirSync(join(directory, "b"));
        fs.writeFileSync(join(directory, "a", "x"), "ball");
        for (let turn = 0; turn < 100; turn++) {
          fs.renameSync(join(directory, "a", "x"), join(directory, "b", "y"));
          fs.renameSync(join(directory, "b", "y"), join(directory, "a", "x"));
        }
        t.same(fs.readdirSync(join(directory, "a")), ["x"]);
        t.same(fs.readdirSync(join(directory, "b")), []);
        t.equal(read(join(directory, "a", "x")), "ball");
      },
    },
  ],
};
