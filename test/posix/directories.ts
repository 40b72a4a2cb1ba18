/** mkdir(2), rmdir(2), and what a directory's link count and times say. */
import fs from "node:fs";
import { join } from "node:path";
import { fails, failsWithOneOf } from "../support/fails.js";
import type { Area } from "./case.js";

export const directories: Area = {
  name: "mkdir and rmdir",
  cases: [
    {
      name: "a new directory is empty and has two links",
      run(directory, t) {
        const path = join(directory, "sub");
        fs.mkdirSync(path, 0o751);
        const stat = fs.statSync(path);
        t.ok(stat.isDirectory());
        t.equal(stat.mode & 0o7777, 0o751);
        t.equal(stat.nlink, 2);
        t.same(fs.readdirSync(path), []);
      },
    },
    {
      name: "each subdirectory is a link of its parent, a file is not",
      run(directory, t) {
        const before = fs.statSync(directory).nlink;
        for (const name of ["a", "b", "c"]) fs.mkdirSync(join(directory, name));
        fs.writeFileSync(join(directory, "file"), "");
        t.equal(fs.statSync(directory).nlink, before + 3);
        fs.rmdirSync(join(directory, "b"));
        t.equal(fs.statSync(directory).nlink, before + 2);
      },
    },
    {
      name: "mkdir refuses what exists, of whatever type",
      run(directory, t) {
        fs.mkdirSync(join(directory, "sub"));
        fs.writeFileSync(join(directory, "file"), "");
        fs.symlinkSync("nowhere", join(directory, "dangling"));
        for (const name of ["sub", "file", "dangling"]) {
          fails(t, "EEXIST", () => fs.mkdirSync(join(directory, name)), name);
        }
        fails(t, "EEXIST", () => fs.mkdirSync(directory), "the directory itself");
        fails(t, "ENOENT", () => fs.mkdirSync(join(directory, "none", "sub")), "no parent");
        fails(t, "ENOTDIR", () => fs.mkdirSync(join(directory, "file", "sub")), "a file as parent");
      },
    },
    {
      name: "rmdir takes empty directories only",
      run(directory, t) {
        const path = join(directory, "sub");
        fs.mkdirSync(path);
        fs.writeFileSync(join(path, "file"), "");
        fails(t, "ENOTEMPTY", () => fs.rmdirSync(path), "with a file in it");
        fs.unlinkSync(join(path, "file"));
        fs.mkdirSync(join(path, "inner"));
        fails(t, "ENOTEMPTY", () => fs.rmdirSync(path), "with a directory in it");
        fs.rmdirSync(join(path, "inner"));
        fs.rmdirSync(path);
        fails(t, "ENOENT", () => fs.rmdirSync(path), "again");
      },
    },
    {
      name: "rmdir takes directories, unlink the rest",
      run(directory, t) {
        fs.mkdirSync(join(directory, "sub"));
        fs.writeFileSync(join(directory, "file"), "");
        fs.symlinkSync("sub", join(directory, "link"));
        fails(t, "ENOTDIR", () => fs.rmdirSync(join(directory, "file")), "rmdir of a file");
        fails(t, "ENOTDIR", () => fs.rmdirSync(join(directory, "link")), "rmdir of a link to a directory");
        failsWithOneOf(t, ["EISDIR", "EPERM"], () => fs.unlinkSync(join(directory, "sub")), "unlink of a directory");
        t.ok(fs.existsSync(join(directory, "sub")));
      },
    },
    {
      name: "rmdir of . and .. is refused",
      run(directory, t) {
        const path = join(directory, "sub");
        fs.mkdirSync(path);
        fails(t, "EINVAL", () => fs.rmdirSync(`${path}/.`), "dot");
        fails(t, "ENOTEMPTY", () => fs.rmdirSync(`${path}/..`), "dot dot");
      },
    },
    {
      name: "a removed directory that is still open is empty and refuses new names",
      needs: ["removed-directory"],
      run(directory, t) {
        const path = join(directory, "sub");
        fs.mkdirSync(path);
        const fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
        fs.rmdirSync(path);
        t.equal(fs.fstatSync(fd).nlink, 0);
        fails(t, "ENOENT", () => fs.writeFileSync(`/proc/self/fd/${fd}/file`, ""), "a file in it");
        fails(t, "ENOENT", () => fs.mkdirSync(`/proc/self/fd/${fd}/inner`), "a directory in it");
        fs.closeSync(fd);
      },
    },
    {
      name: "a name can be used again at once, as another type",
      run(directory, t) {
        const path = join(directory, "name");
        for (let turn = 0; turn < 20; turn++) {
          fs.mkdirSync(path);
          t.ok(fs.statSync(path).isDirectory());
          fs.rmdirSync(path);
          fs.writeFileSync(path, String(turn));
          t.equal(fs.readFileSync(path, "utf8"), String(turn));
          fs.unlinkSync(path);
        }
      },
    },
    {
      name: "dot and dot dot lead where they should",
      run(directory, t) {
        fs.mkdirSync(join(directory, "a", "b"), { recursive: true });
        const ino = fs.statSync(join(directory, "a")).ino;
        t.equal(fs.statSync(`${directory}/a/.`).ino, ino);
        t.equal(fs.statSync(`${directory}/a/b/..`).ino, ino);
        t.equal(fs.statSync(`${directory}/a/b/../../a`).ino, ino);
      },
    },
    {
      name: "a chain of 200 directories",
      run(directory, t) {
        let path = directory;
        for (let depth = 0; depth < 200; depth++) {
          path = join(path, `d${depth}`);
          fs.mkdirSync(path);
        }
        fs.writeFileSync(join(path, "bottom"), "deep");
        t.equal(fs.readFileSync(join(path, "bottom"), "utf8"), "deep");
        fs.rmSync(join(directory, "d0"), { recursive: true });
        t.same(fs.readdirSync(directory), []);
      },
    },
  ],
};
