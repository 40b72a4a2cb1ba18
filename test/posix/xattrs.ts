/** Extended attributes. */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { fails, failsWithOneOf } from "../support/fails.js";
import { getxattr, getxattrSize, listxattr, listxattrSize, removexattr, setxattr, XATTR_CREATE, XATTR_REPLACE } from "../support/sys.js";
import type { Area } from "./case.js";

function file(directory: string): string {
  const path = join(directory, "file");
  fs.writeFileSync(path, "");
  return path;
}

export const xattrs: Area = {
  name: "extended attributes",
  cases: [
    {
      name: "set, get, list, remove",
      run(directory, t) {
        const path = file(directory);
        t.same(listxattr(path), []);
        setxattr(path, "user.one", "1");
        setxattr(path, "user.two", "22");
        t.equal(getxattr(path, "user.one").toString(), "1");
        t.equal(getxattrSize(path, "user.two"), 2);
        t.same(listxattr(path), ["user.one", "user.two"]);
        t.equal(listxattrSize(path), "user.one\0user.two\0".length);
        setxattr(path, "user.one", "changed");
        t.equal(getxattr(path, "user.one").toString(), "changed");
        removexattr(path, "user.one");
        t.same(listxattr(path), ["user.two"]);
        fails(t, "ENODATA", () => getxattr(path, "user.one"), "get what is gone");
        fails(t, "ENODATA", () => removexattr(path, "user.one"), "remove what is gone");
      },
    },
    {
      name: "any bytes, also none",
      run(directory, t) {
        const path = file(directory);
        const bytes = randomBytes(2000);
        setxattr(path, "user.bytes", bytes);
        setxattr(path, "user.empty", "");
        t.ok(getxattr(path, "user.bytes").equals(bytes));
        t.equal(getxattr(path, "user.empty").length, 0);
        t.same(listxattr(path), ["user.bytes", "user.empty"]);
      },
    },
    {
      name: "CREATE and REPLACE",
      run(directory, t) {
        const path = file(directory);
        fails(t, "ENODATA", () => setxattr(path, "user.x", "1", XATTR_REPLACE), "replace what is missing");
        setxattr(path, "user.x", "1", XATTR_CREATE);
        fails(t, "EEXIST", () => setxattr(path, "user.x", "2", XATTR_CREATE), "create what exists");
        t.equal(getxattr(path, "user.x").toString(), "1");
        setxattr(path, "user.x", "3", XATTR_REPLACE);
        t.equal(getxattr(path, "user.x").toString(), "3");
      },
    },
    {
      name: "a buffer too small: ERANGE",
      run(directory, t) {
        const path = file(directory);
        setxattr(path, "user.x", "12345");
        fails(t, "ERANGE", () => getxattr(path, "user.x", 4), "get");
        fails(t, "ERANGE", () => listxattr(path, 4), "list");
        t.equal(getxattr(path, "user.x", 5).toString(), "12345");
        t.same(listxattr(path, 7), ["user.x"]);
      },
    },
    {
      name: "limits of names and values",
      run(directory, t) {
        const path = file(directory);
        const longest = `user.${"n".repeat(250)}`;
        setxattr(path, longest, "v");
        t.same(listxattr(path), [longest]);
        fails(t, "ERANGE", () => setxattr(path, `user.${"n".repeat(251)}`, "v"), "a name of 256 bytes");
        failsWithOneOf(t, ["E2BIG", "ENOSPC"], () => setxattr(path, "user.big", Buffer.alloc(65_537)), "a value over 64 KiB");
        failsWithOneOf(t, ["EINVAL", "EOPNOTSUPP"], () => setxattr(path, "user.", "v"), "no name behind the prefix");
        fails(t, "EOPNOTSUPP", () => setxattr(path, "nonsense.x", "v"), "no such namespace");
      },
    },
    {
      name: "on directories; on symlinks only root's namespaces",
      needs: ["root"],
      run(directory, t) {
        setxattr(directory, "user.dir", "d");
        t.equal(getxattr(directory, "user.dir").toString(), "d");
        fs.symlinkSync("nowhere", join(directory, "link"));
        fails(t, "EPERM", () => setxattr(join(directory, "link"), "user.x", "v"), "user on a symlink");
        setxattr(join(directory, "link"), "trusted.x", "v");
        t.equal(getxattr(join(directory, "link"), "trusted.x").toString(), "v");
      },
    },
    {
      name: "they belong to the file: links share them, rename carries them, ctime moves",
      run(directory, t) {
        const path = file(directory);
        const before = fs.statSync(path, { bigint: true });
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
        setxattr(path, "user.x", "v");
        const after = fs.statSync(path, { bigint: true });
        t.ok(after.ctimeNs > before.ctimeNs);
        t.equal(after.mtimeNs, before.mtimeNs);
        fs.linkSync(path, join(directory, "link"));
        t.equal(getxattr(join(directory, "link"), "user.x").toString(), "v");
        fs.renameSync(path, join(directory, "moved"));
        t.equal(getxattr(join(directory, "moved"), "user.x").toString(), "v");
        fs.unlinkSync(join(directory, "moved"));
        fs.unlinkSync(join(directory, "link"));
        t.same(listxattr(file(directory)), [], "a new file of the name has none");
      },
    },
    {
      name: "fifty on one file",
      run(directory, t) {
        const path = file(directory);
        const names = Array.from({ length: 50 }, (_, index) => `user.name${String(index).padStart(3, "0")}`);
        for (const name of names) setxattr(path, name, `value of ${name}`);
        t.same(listxattr(path), names);
        for (const name of names) if (getxattr(path, name).toString() !== `value of ${name}`) t.fail(name);
        for (const name of names) removexattr(path, name);
        t.same(listxattr(path), []);
      },
    },
    {
      name: "of a missing file",
      run(directory, t) {
        const path = join(directory, "none");
        fails(t, "ENOENT", () => setxattr(path, "user.x", "v"), "set");
        fails(t, "ENOENT", () => getxattr(path, "user.x"), "get");
        fails(t, "ENOENT", () => listxattr(path), "list");
        fails(t, "ENOENT", () => removexattr(path, "user.x"), "remove");
      },
    },
  ],
};
