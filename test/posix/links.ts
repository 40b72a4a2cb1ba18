/** Hard links, symbolic links, and files whose names are gone. */
import fs from "node:fs";
import { join } from "node:path";
import { fails, failsWithOneOf } from "../support/fails.js";
import { linkDescriptor, linkNoFollow, O_TMPFILE, open } from "../support/sys.js";
import type { Area } from "./case.js";

const read = (path: string): string => fs.readFileSync(path, "utf8");

export const links: Area = {
  name: "links",
  cases: [
    {
      name: "two names, one file",
      run(directory, t) {
        const [one, two] = [join(directory, "one"), join(directory, "two")];
        fs.writeFileSync(one, "first");
        fs.linkSync(one, two);
        t.equal(fs.statSync(one).ino, fs.statSync(two).ino);
        t.equal(fs.statSync(one).nlink, 2);
        fs.appendFileSync(two, " second");
        t.equal(read(one), "first second");
        fs.chmodSync(two, 0o600);
        t.equal(fs.statSync(one).mode & 0o7777, 0o600);
        fs.unlinkSync(one);
        t.equal(fs.statSync(two).nlink, 1);
        t.equal(read(two), "first second");
      },
    },
    {
      name: "linking moves the file's ctime, not its mtime",
      run(directory, t) {
        const path = join(directory, "one");
        fs.writeFileSync(path, "");
        fs.utimesSync(path, 1, 1);
        const before = fs.statSync(path, { bigint: true }).ctimeNs;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
        fs.linkSync(path, join(directory, "two"));
        const linked = fs.statSync(path, { bigint: true });
        t.ok(linked.ctimeNs > before);
        t.equal(linked.mtimeMs, 1000n);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
        fs.unlinkSync(join(directory, "two"));
        t.ok(fs.statSync(path, { bigint: true }).ctimeNs > linked.ctimeNs, "unlinking moves it too");
      },
    },
    {
      name: "what cannot be linked",
      run(directory, t) {
        fs.mkdirSync(join(directory, "sub"));
        fs.writeFileSync(join(directory, "file"), "");
        fails(t, "EPERM", () => fs.linkSync(join(directory, "sub"), join(directory, "x")), "a directory");
        fails(t, "EEXIST", () => fs.linkSync(join(directory, "file"), join(directory, "sub")), "onto a name in use");
        fails(t, "ENOENT", () => fs.linkSync(join(directory, "none"), join(directory, "x")), "nothing");
        fails(t, "ENOENT", () => fs.linkSync(join(directory, "file"), join(directory, "none", "x")), "no parent");
      },
    },
    {
      name: "a thousand links of one file",
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "shared");
        for (let index = 0; index < 1000; index++) fs.linkSync(path, join(directory, `link${index}`));
        t.equal(fs.statSync(path).nlink, 1001);
        for (let index = 0; index < 1000; index++) fs.unlinkSync(join(directory, `link${index}`));
        t.equal(fs.statSync(path).nlink, 1);
      },
    },
    {
      name: "a symlink holds its text, its size is the text's length",
      run(directory, t) {
        const path = join(directory, "link");
        for (const target of ["x", "../up/and/away", "/absolute", "a".repeat(255), "d/".repeat(2000)]) {
          fs.symlinkSync(target, path);
          const stat = fs.lstatSync(path);
          t.ok(stat.isSymbolicLink());
          t.equal(stat.mode & 0o7777, 0o777);
          t.equal(stat.size, target.length);
          t.equal(fs.readlinkSync(path), target);
          fs.unlinkSync(path);
        }
      },
    },
    {
      name: "the longest target is 4095 bytes",
      run(directory, t) {
        fs.symlinkSync("t".repeat(4095), join(directory, "long"));
        t.equal(fs.readlinkSync(join(directory, "long")).length, 4095);
        fails(t, "ENAMETOOLONG", () => fs.symlinkSync("t".repeat(4096), join(directory, "longer")), "4096");
        fails(t, "ENOENT", () => fs.symlinkSync("", join(directory, "empty")), "an empty target");
      },
    },
    {
      name: "targets keep bytes that are no UTF-8",
      needs: ["any-name"],
      run(directory, t) {
        const target = Buffer.from([0x66, 0xff, 0xfe, 0x0a, 0x80]);
        fs.symlinkSync(target, join(directory, "link"));
        t.same(fs.readlinkSync(join(directory, "link"), "buffer"), target);
      },
    },
    {
      name: "following: to files, to directories, through chains",
      run(directory, t) {
        fs.mkdirSync(join(directory, "sub"));
        fs.writeFileSync(join(directory, "sub", "file"), "found");
        fs.symlinkSync("sub", join(directory, "a"));
        fs.symlinkSync("a/file", join(directory, "b"));
        fs.symlinkSync(join(directory, "b"), join(directory, "c"));
        t.equal(read(join(directory, "c")), "found");
        t.equal(fs.statSync(join(directory, "c")).ino, fs.statSync(join(directory, "sub", "file")).ino);
        t.same(fs.readdirSync(join(directory, "a")), ["file"]);
      },
    },
    {
      name: "loops and dangling links",
      run(directory, t) {
        fs.symlinkSync("b", join(directory, "a"));
        fs.symlinkSync("a", join(directory, "b"));
        fs.symlinkSync("self", join(directory, "self"));
        fs.symlinkSync("none", join(directory, "dangling"));
        fails(t, "ELOOP", () => fs.statSync(join(directory, "a")), "two links");
        fails(t, "ELOOP", () => fs.openSync(join(directory, "self"), "r"), "one link");
        fails(t, "ENOENT", () => fs.statSync(join(directory, "dangling")), "dangling");
        t.ok(fs.lstatSync(join(directory, "dangling")).isSymbolicLink());
      },
    },
    {
      name: "a symlink can have a second name of its own",
      run(directory, t) {
        fs.symlinkSync("target", join(directory, "one"));
        linkNoFollow(join(directory, "one"), join(directory, "two"));
        t.equal(fs.lstatSync(join(directory, "two")).nlink, 2);
        fs.unlinkSync(join(directory, "one"));
        t.equal(fs.readlinkSync(join(directory, "two")), "target");
      },
    },
    {
      name: "readlink of what is no symlink, symlink onto what exists",
      run(directory, t) {
        fs.writeFileSync(join(directory, "file"), "");
        fails(t, "EINVAL", () => fs.readlinkSync(join(directory, "file")), "a file");
        fails(t, "EINVAL", () => fs.readlinkSync(directory), "a directory");
        fails(t, "EEXIST", () => fs.symlinkSync("x", join(directory, "file")), "a name in use");
      },
    },
    {
      name: "an open file lives on without a name",
      run(directory, t) {
        const path = join(directory, "file");
        const fd = fs.openSync(path, "w+");
        fs.writeSync(fd, "still ");
        fs.unlinkSync(path);
        t.equal(fs.fstatSync(fd).nlink, 0);
        t.same(fs.readdirSync(directory), []);
        fs.writeSync(fd, "here");
        fs.fchmodSync(fd, 0o640);
        fs.ftruncateSync(fd, 8);
        const buffer = Buffer.alloc(16);
        t.equal(fs.readSync(fd, buffer, 0, 16, 0), 8);
        t.equal(buffer.toString("utf8", 0, 8), "still he");
        t.equal(fs.fstatSync(fd).mode & 0o7777, 0o640);
        fs.fsyncSync(fd);
        fs.closeSync(fd);
        fails(t, "ENOENT", () => fs.statSync(path), "afterwards");
      },
    },
    {
      name: "an unlinked open file and a new file of that name are two",
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "old");
        const fd = fs.openSync(path, "r+");
        fs.unlinkSync(path);
        fs.writeFileSync(path, "new");
        fs.writeSync(fd, "OLD", 0);
        t.not(fs.fstatSync(fd).ino, fs.statSync(path).ino);
        t.equal(read(path), "new");
        fs.closeSync(fd);
        t.equal(read(path), "new");
      },
    },
    {
      name: "many unlinked open files at once",
      run(directory, t) {
        const descriptors = Array.from({ length: 200 }, (_, index) => {
          const fd = fs.openSync(join(directory, `file${index}`), "w+");
          fs.writeSync(fd, `content ${index}`);
          fs.unlinkSync(join(directory, `file${index}`));
          return fd;
        });
        for (const [index, fd] of descriptors.entries()) {
          const buffer = Buffer.alloc(32);
          const length = fs.readSync(fd, buffer, 0, 32, 0);
          if (buffer.toString("utf8", 0, length) !== `content ${index}`) t.fail(`file${index} lost its bytes`);
          fs.closeSync(fd);
        }
        t.same(fs.readdirSync(directory), []);
      },
    },
    {
      name: "linking a file that was unlinked is refused",
      run(directory, t) {
        const fd = fs.openSync(join(directory, "file"), "w+");
        fs.unlinkSync(join(directory, "file"));
        failsWithOneOf(t, ["ENOENT"], () => linkDescriptor(fd, join(directory, "back")), "back");
        fs.closeSync(fd);
      },
    },
    {
      name: "O_TMPFILE: nameless until linked",
      needs: ["tmpfile"],
      run(directory, t) {
        const fd = open(directory, O_TMPFILE | fs.constants.O_RDWR, 0o600);
        fs.writeSync(fd, "hidden");
        t.same(fs.readdirSync(directory), []);
        t.equal(fs.fstatSync(fd).nlink, 0);
        linkDescriptor(fd, join(directory, "shown"));
        fs.closeSync(fd);
        t.equal(read(join(directory, "shown")), "hidden");
      },
    },
  ],
};
