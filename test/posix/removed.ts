/** Files and directories that are removed while in use, and handles that have gone stale. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import { fails } from "../support/fails.js";
import { futimens, getdents, nameToHandle, openByHandle } from "../support/sys.js";
import type { Area } from "./case.js";

export const removed: Area = {
  name: "removed and still in use",
  cases: [
    {
      name: "every call on the descriptor of a removed file",
      needs: ["nanoseconds"],
      run(directory, t) {
        const path = join(directory, "file");
        const fd = fs.openSync(path, "w+");
        fs.writeSync(fd, "content");
        fs.unlinkSync(path);
        futimens(fd, { sec: 5, nsec: 6 }, { sec: 7, nsec: 8 });
        t.equal(fs.fstatSync(fd, { bigint: true }).mtimeNs, 7_000_000_008n);
        fs.fchmodSync(fd, 0o604);
        fs.fchownSync(fd, process.geteuid?.() ?? 0, process.getegid?.() ?? 0);
        fs.fdatasyncSync(fd);
        const again = fs.openSync(`/proc/self/fd/${fd}`, "r+");
        t.equal(fs.readFileSync(again, "utf8"), "content", "opened again through /proc");
        fs.writeSync(again, "CON", 0);
        fs.closeSync(again);
        const truncating = fs.openSync(`/proc/self/fd/${fd}`, fs.constants.O_WRONLY | fs.constants.O_TRUNC);
        fs.closeSync(truncating);
        const stat = fs.fstatSync(fd);
        t.match({ size: stat.size, mode: stat.mode & 0o777, nlink: stat.nlink }, { size: 0, mode: 0o604, nlink: 0 });
        fs.closeSync(fd);
      },
    },
    {
      name: "what a rename replaces lives on in its descriptors",
      run(directory, t) {
        const [one, two] = [join(directory, "one"), join(directory, "two")];
        fs.writeFileSync(one, "new");
        fs.writeFileSync(two, "old");
        const fd = fs.openSync(two, "r+");
        fs.renameSync(one, two);
        t.equal(fs.fstatSync(fd).nlink, 0);
        fs.writeSync(fd, "OLD and more", 0);
        t.equal(fs.readFileSync(`/proc/self/fd/${fd}`, "utf8"), "OLD and more");
        t.equal(fs.readFileSync(two, "utf8"), "new");
        fs.closeSync(fd);
      },
    },
    {
      name: "a removed working directory: empty, and nothing can be made in it",
      needs: ["removed-directory"],
      run(directory, t) {
        const script = `
          mkdir a a/b && cd a/b && rmdir ../b || exit 1
          [ -z "$(ls -a)" ] || [ "$(ls -a | tr '\\n' ' ')" = ". .. " ] || exit 2
          (echo x > file) 2>/dev/null && exit 3
          mkdir sub 2>/dev/null && exit 4
          ln -s x link 2>/dev/null && exit 5
          mkfifo fifo 2>/dev/null && exit 6
          mv ../../other . 2>/dev/null && exit 7
          [ "$(stat -c %h .)" -le 1 ] || exit 8
          cd .. 2>/dev/null; rmdir "$1/a" || exit 9`;
        fs.writeFileSync(join(directory, "other"), "");
        const { status, stderr } = spawnSync("sh", ["-c", script, "sh", directory], { cwd: directory, encoding: "utf8" });
        t.equal(status, 0, stderr);
        t.same(fs.readdirSync(directory), ["other"]);
      },
    },
    {
      name: "listing a removed directory",
      needs: ["removed-directory"],
      run(directory, t) {
        const sub = join(directory, "sub");
        fs.mkdirSync(sub);
        for (let index = 0; index < 500; index++) fs.mkdirSync(join(sub, `entry${index}`));
        const fd = fs.openSync(sub, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
        t.ok(getdents(fd, 1024).length > 0);
        fs.rmSync(sub, { recursive: true });
        let left = 0;
        try {
          for (let some = getdents(fd); some.length > 0; some = getdents(fd)) left += some.length;
        } catch (error) {
          t.equal((error as NodeJS.ErrnoException).code, "ENOENT");
        }
        t.ok(left <= 500, `${left} entries, which were read ahead`);
        fs.mkdirSync(sub);
        t.not(fs.statSync(sub).ino, fs.fstatSync(fd).ino, "a new directory of that name is another");
        fs.closeSync(fd);
      },
    },
    {
      name: "a program goes on when its file is removed, and cannot be written while it runs",
      async run(directory, t) {
        const path = join(directory, "sleeper");
        fs.copyFileSync("/bin/sleep", path);
        fs.chmodSync(path, 0o755);
        const child = spawn(path, ["60"], { stdio: "ignore" });
        await once(child, "spawn");
        fails(t, "ETXTBSY", () => fs.openSync(path, "r+"), "writing a running program");
        fs.unlinkSync(path);
        t.match(fs.readlinkSync(`/proc/${child.pid}/exe`), / \(deleted\)$/);
        const copied = fs.readFileSync(`/proc/${child.pid}/exe`);
        t.ok(copied.equals(fs.readFileSync("/bin/sleep")));
        const closed = once(child, "close");
        child.kill("SIGTERM");
        t.same(await closed, [null, "SIGTERM"]);
      },
    },
    {
      name: "a file handle opens the file while there is one, then it is stale",
      needs: ["root"],
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "by handle");
        const mountFd = fs.openSync(directory, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
        const held = fs.openSync(path, "r");
        const handle = nameToHandle(path);
        fs.renameSync(path, `${path}.moved`);
        const fd = openByHandle(mountFd, handle, fs.constants.O_RDONLY);
        t.equal(fs.readFileSync(fd, "utf8"), "by handle");
        fs.closeSync(fd);
        fs.closeSync(held);
        fs.unlinkSync(`${path}.moved`);
        fails(t, "ESTALE", () => openByHandle(mountFd, handle, fs.constants.O_RDONLY), "after the file was removed");
        fs.writeFileSync(path, "another");
        fails(t, "ESTALE", () => openByHandle(mountFd, handle, fs.constants.O_RDONLY), "a new file is not the old one");
        fs.closeSync(mountFd);
      },
    },
  ],
};
