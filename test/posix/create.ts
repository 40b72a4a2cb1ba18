/** open(2) that creates or truncates: flags, modes, umask, what is returned. */
import fs from "node:fs";
import { join } from "node:path";
import { fails } from "../support/fails.js";
import { withUmask } from "../support/users.js";
import type { Area } from "./case.js";

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DIRECTORY, O_NOFOLLOW } = fs.constants;

export const create: Area = {
  name: "create and open flags",
  cases: [
    {
      name: "a new file is empty, regular and ours",
      run(directory, t) {
        const path = join(directory, "file");
        fs.closeSync(fs.openSync(path, O_WRONLY | O_CREAT, 0o640));
        const stat = fs.statSync(path);
        t.ok(stat.isFile());
        t.equal(stat.size, 0);
        t.equal(stat.blocks, 0);
        t.equal(stat.nlink, 1);
        t.equal(stat.mode & 0o7777, 0o640);
        t.equal(stat.uid, process.geteuid?.());
        t.equal(stat.dev, fs.statSync(directory).dev);
      },
    },
    {
      name: "the umask applies to files and directories",
      run(directory, t) {
        withUmask(0o027, () => {
          fs.closeSync(fs.openSync(join(directory, "file"), O_WRONLY | O_CREAT, 0o666));
          fs.mkdirSync(join(directory, "sub"), 0o777);
        });
        t.equal(fs.statSync(join(directory, "file")).mode & 0o7777, 0o640);
        t.equal(fs.statSync(join(directory, "sub")).mode & 0o7777, 0o750);
      },
    },
    {
      name: "O_CREAT opens what exists and keeps its bytes and mode",
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "kept", { mode: 0o600 });
        fs.closeSync(fs.openSync(path, O_RDWR | O_CREAT, 0o666));
        t.equal(fs.readFileSync(path, "utf8"), "kept");
        t.equal(fs.statSync(path).mode & 0o7777, 0o600);
      },
    },
    {
      name: "O_EXCL refuses what exists, a dangling symlink too",
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "");
        fs.symlinkSync("nowhere", join(directory, "dangling"));
        fs.mkdirSync(join(directory, "sub"));
        for (const name of ["file", "dangling", "sub"]) {
          fails(t, "EEXIST", () => fs.openSync(join(directory, name), O_WRONLY | O_CREAT | O_EXCL), name);
        }
        fs.closeSync(fs.openSync(join(directory, "new"), O_WRONLY | O_CREAT | O_EXCL));
        t.notOk(fs.existsSync(join(directory, "nowhere")));
      },
    },
    {
      name: "O_CREAT through a dangling symlink makes its target",
      run(directory, t) {
        fs.symlinkSync("target", join(directory, "link"));
        fs.writeFileSync(join(directory, "link"), "through");
        t.equal(fs.readFileSync(join(directory, "target"), "utf8"), "through");
        t.ok(fs.lstatSync(join(directory, "link")).isSymbolicLink());
      },
    },
    {
      name: "O_TRUNC empties the file and moves its times",
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "some bytes");
        fs.utimesSync(path, 1, 1);
        fs.closeSync(fs.openSync(path, O_WRONLY | O_TRUNC));
        const stat = fs.statSync(path);
        t.equal(stat.size, 0);
        t.ok(stat.mtimeMs > 1000);
      },
    },
    {
      name: "O_TRUNC is seen by another descriptor at once",
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "some bytes");
        const other = fs.openSync(path, O_RDONLY);
        fs.closeSync(fs.openSync(path, O_WRONLY | O_TRUNC));
        t.equal(fs.fstatSync(other).size, 0);
        t.equal(fs.readSync(other, Buffer.alloc(16), 0, 16, 0), 0);
        fs.closeSync(other);
      },
    },
    {
      name: "O_APPEND writes at the end whatever was written by others meanwhile",
      run(directory, t) {
        const path = join(directory, "log");
        const first = fs.openSync(path, O_WRONLY | O_CREAT | O_APPEND, 0o644);
        const second = fs.openSync(path, O_WRONLY | O_APPEND);
        for (let turn = 0; turn < 100; turn++) {
          fs.writeSync(first, `a${turn}\n`);
          fs.writeSync(second, `b${turn}\n`);
        }
        fs.closeSync(first);
        fs.closeSync(second);
        const expected = Array.from({ length: 100 }, (_, turn) => `a${turn}\nb${turn}\n`).join("");
        t.equal(fs.readFileSync(path, "utf8"), expected);
      },
    },
    {
      name: "O_APPEND appends after a truncate",
      run(directory, t) {
        const path = join(directory, "log");
        const fd = fs.openSync(path, O_WRONLY | O_CREAT | O_APPEND, 0o644);
        fs.writeSync(fd, "0123456789");
        fs.truncateSync(path, 4);
        fs.writeSync(fd, "ab");
        fs.closeSync(fd);
        t.equal(fs.readFileSync(path, "utf8"), "0123ab");
      },
    },
    {
      name: "O_DIRECTORY opens directories only",
      run(directory, t) {
        fs.writeFileSync(join(directory, "file"), "");
        fails(t, "ENOTDIR", () => fs.openSync(join(directory, "file"), O_RDONLY | O_DIRECTORY), "a file");
        fs.closeSync(fs.openSync(directory, O_RDONLY | O_DIRECTORY));
      },
    },
    {
      name: "O_NOFOLLOW refuses a symlink at the end, not on the way",
      run(directory, t) {
        fs.mkdirSync(join(directory, "sub"));
        fs.writeFileSync(join(directory, "sub", "file"), "");
        fs.symlinkSync("sub", join(directory, "way"));
        fs.symlinkSync("sub/file", join(directory, "end"));
        fails(t, "ELOOP", () => fs.openSync(join(directory, "end"), O_RDONLY | O_NOFOLLOW), "at the end");
        fs.closeSync(fs.openSync(join(directory, "way", "file"), O_RDONLY | O_NOFOLLOW));
      },
    },
    {
      name: "directories are not written",
      run(directory, t) {
        for (const flags of [O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC, O_WRONLY | O_CREAT]) {
          fails(t, "EISDIR", () => fs.openSync(directory, flags), `flags ${flags}`);
        }
        const fd = fs.openSync(directory, O_RDONLY);
        fails(t, "EISDIR", () => fs.readSync(fd, Buffer.alloc(1)), "read");
        fs.closeSync(fd);
      },
    },
    {
      name: "a descriptor does what it was opened for",
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "x");
        const reader = fs.openSync(path, O_RDONLY);
        const writer = fs.openSync(path, O_WRONLY);
        fails(t, "EBADF", () => fs.writeSync(reader, "y"), "writing a reader");
        fails(t, "EINVAL", () => fs.ftruncateSync(reader, 0), "truncating a reader");
        fails(t, "EBADF", () => fs.readSync(writer, Buffer.alloc(1)), "reading a writer");
        fs.closeSync(reader);
        fs.closeSync(writer);
      },
    },
    {
      name: "a file with no permission bits is still written by its creator",
      run(directory, t) {
        const path = join(directory, "sealed");
        const fd = fs.openSync(path, O_RDWR | O_CREAT | O_EXCL, 0);
        fs.writeSync(fd, "inside");
        const buffer = Buffer.alloc(6);
        fs.readSync(fd, buffer, 0, 6, 0);
        fs.closeSync(fd);
        t.equal(buffer.toString(), "inside");
        t.equal(fs.statSync(path).mode & 0o7777, 0);
      },
    },
    {
      name: "missing files, missing parents and files as parents",
      run(directory, t) {
        fs.writeFileSync(join(directory, "file"), "");
        fails(t, "ENOENT", () => fs.openSync(join(directory, "none"), O_RDONLY), "no file");
        fails(t, "ENOENT", () => fs.openSync(join(directory, "none", "x"), O_WRONLY | O_CREAT), "no parent");
        fails(t, "ENOTDIR", () => fs.openSync(join(directory, "file", "x"), O_WRONLY | O_CREAT), "a file as parent");
        fails(t, "ENOTDIR", () => fs.statSync(join(directory, "file", "x")), "stat below a file");
        fails(t, "ENOTDIR", () => fs.statSync(`${join(directory, "file")}/`), "a file with a slash behind it");
      },
    },
    {
      name: "creating moves the parent's times",
      run(directory, t) {
        fs.utimesSync(directory, 1, 1);
        fs.writeFileSync(join(directory, "file"), "");
        const stat = fs.statSync(directory);
        t.ok(stat.mtimeMs > 1000);
        t.ok(stat.ctimeMs > 1000);
      },
    },
    {
      name: "many descriptors of one file share its bytes",
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "0".repeat(100));
        const descriptors = Array.from({ length: 100 }, () => fs.openSync(path, O_RDWR));
        for (const [index, fd] of descriptors.entries()) fs.writeSync(fd, "1", index);
        const buffer = Buffer.alloc(100);
        fs.readSync(descriptors[0] as number, buffer, 0, 100, 0);
        for (const fd of descriptors) fs.closeSync(fd);
        t.equal(buffer.toString(), "1".repeat(100));
      },
    },
  ],
};
