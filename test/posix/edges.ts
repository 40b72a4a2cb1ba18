/** Limits and edges: sizes, offsets, nameless files, links, loops, birth times. */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { fails } from "../support/fails.js";
import { fallocate, ftruncate, linkDescriptor, open, pread, pwrite } from "../support/sys.js";
import { alice, asUser, withUmask } from "../support/users.js";
import type { Area } from "./case.js";

const O_TMPFILE = 0o20200000;
const O_RDWR = 2;
const O_EXCL = 0o200;

/** What stat(1) prints for a format. */
function stat(format: string, path: string): string {
  return spawnSync("stat", ["-c", format, path], { encoding: "utf8", env: { ...process.env, LC_ALL: "C", TZ: "UTC" } }).stdout.trim();
}

export const edges: Area = {
  name: "edges",
  cases: [
    {
      name: "a file without a name takes bytes, gets a name, and keeps both",
      needs: ["tmpfile"],
      run(directory, t) {
        const bytes = randomBytes(200_000);
        const fd = withUmask(0o027, () => open(directory, O_TMPFILE | O_RDWR, 0o666));
        t.same(fs.readdirSync(directory), []);
        t.equal(fs.fstatSync(fd).nlink, 0);
        t.equal((fs.fstatSync(fd).mode & 0o7777).toString(8), "640");
        fs.writeSync(fd, bytes);
        fs.fsyncSync(fd);
        linkDescriptor(fd, join(directory, "named"));
        t.equal(fs.fstatSync(fd).nlink, 1);
        fs.writeSync(fd, "more");
        fs.closeSync(fd);
        t.ok(fs.readFileSync(join(directory, "named")).equals(Buffer.concat([bytes, Buffer.from("more")])));
        fs.linkSync(join(directory, "named"), join(directory, "again"));
        t.equal(fs.statSync(join(directory, "again")).nlink, 2);
      },
    },
    {
      name: "one that is closed without a name is gone; O_EXCL keeps it from getting one",
      needs: ["tmpfile"],
      run(directory, t) {
        const fd = open(directory, O_TMPFILE | O_RDWR, 0o600);
        fs.writeSync(fd, "lost");
        fs.closeSync(fd);
        const own = open(directory, O_TMPFILE | O_RDWR | O_EXCL, 0o600);
        fails(t, "ENOENT", () => linkDescriptor(own, join(directory, "named")), "with O_EXCL");
        fs.closeSync(own);
        t.same(fs.readdirSync(directory), []);
      },
    },
    {
      name: "a file that lost its last name gets none back",
      run(directory, t) {
        const path = join(directory, "file");
        const fd = fs.openSync(path, "w+");
        fs.unlinkSync(path);
        fails(t, "ENOENT", () => linkDescriptor(fd, path), "unlinked");
        fs.closeSync(fd);
      },
    },
    {
      name: "birth time is when it was made, whatever happens later",
      needs: ["birth-time"],
      async run(directory, t) {
        const path = join(directory, "file");
        const before = Date.now() - 1000;
        fs.writeFileSync(path, "");
        const born = stat("%W %w", path);
        const seconds = Number(born.split(" ")[0]);
        t.ok(seconds * 1000 >= before - 1000 && seconds * 1000 <= Date.now() + 1000, born);
        await new Promise((resolve) => setTimeout(resolve, 20));
        fs.appendFileSync(path, "more");
        fs.chmodSync(path, 0o600);
        fs.utimesSync(path, 1, 1);
        fs.renameSync(path, join(directory, "renamed"));
        t.equal(stat("%W %w", join(directory, "renamed")), born);
        fs.mkdirSync(join(directory, "d"));
        t.ok(Number(stat("%W", join(directory, "d"))) >= seconds);
      },
    },
    {
      name: "offsets that no file reaches are refused",
      needs: ["fallocate"],
      run(directory, t) {
        const path = join(directory, "file");
        const fd = fs.openSync(path, "w+");
        const one = Buffer.from("x");
        const most = 2n ** 63n - 1n;
        fails(t, "EINVAL", () => pwrite(fd, one, -1n), "before the start");
        t.throws(() => pwrite(fd, one, most));
        t.throws(() => pwrite(fd, one, most - 1n));
        t.throws(() => ftruncate(fd, most));
        fails(t, "EINVAL", () => ftruncate(fd, -1n), "a negative size");
        t.throws(() => fallocate(fd, 0, Number.MAX_SAFE_INTEGER - 1, 10));
        t.equal(pread(fd, Buffer.alloc(10), 2n ** 62n), 0, "reading there finds the end");
        t.equal(fs.fstatSync(fd).size, 0);
        fs.closeSync(fd);
      },
    },
    {
      name: "RLIMIT_FSIZE is the kernel's to keep",
      run(directory, t) {
        const path = join(directory, "file");
        const script = `trap '' XFSZ; ulimit -f 8; dd if=/dev/zero of='${path}' bs=1024 count=64 2>&1`;
        const { status, stdout } = spawnSync("bash", ["-c", script], { encoding: "utf8", env: { ...process.env, LC_ALL: "C" } });
        t.not(status, 0);
        t.match(stdout, /File too large/);
        t.equal(fs.statSync(path).size, 8192);
      },
    },
    {
      name: "symlinks that lead to themselves, and chains of forty",
      run(directory, t) {
        fs.symlinkSync("loop", join(directory, "loop"));
        fails(t, "ELOOP", () => fs.statSync(join(directory, "loop")), "itself");
        fs.writeFileSync(join(directory, "link-0"), "end");
        for (let index = 1; index <= 41; index++) fs.symlinkSync(`link-${index - 1}`, join(directory, `link-${index}`));
        t.equal(fs.readFileSync(join(directory, "link-40"), "utf8"), "end");
        fails(t, "ELOOP", () => fs.readFileSync(join(directory, "link-41")), "one link too many");
      },
    },
    {
      name: "O_APPEND and a position that someone else chose",
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "one ");
        const fd = fs.openSync(path, "a+");
        fs.writeSync(fd, "two ", 0);
        fs.writeFileSync(path, "three ");
        fs.writeSync(fd, "four");
        fs.closeSync(fd);
        t.equal(fs.readFileSync(path, "utf8"), "three four");
      },
    },
    {
      name: "times: only the owner sets them, who may write sets them to now",
      needs: ["root"],
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "");
        fs.chmodSync(path, 0o666);
        const touch = (...args: string[]) =>
          spawnSync("touch", [...args, path], { uid: alice.uid, gid: alice.gid, encoding: "utf8", env: { ...process.env, LC_ALL: "C" } });
        t.equal(touch().status, 0, "now, because it may write");
        t.match(touch("-d", "2001-01-01").stderr, /Operation not permitted/);
        fs.chmodSync(path, 0o644);
        t.match(touch().stderr, /Permission denied/);
        asUser(alice, () => fails(t, "EPERM", () => fs.utimesSync(path, 1, 1), "another's"));
        fs.chownSync(path, alice.uid, 0);
        fs.chmodSync(path, 0o000);
        asUser(alice, () => fs.utimesSync(path, 1, 1));
        t.equal(fs.statSync(path).mtimeMs, 1000, "the owner may, whatever the mode");
      },
    },
  ],
};
