/** What is there after unmounting and mounting again: all of it. */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import t from "tap";
import { failsWithOneOf } from "../support/fails.js";
import { onMount } from "../support/mount.js";
import { copyProject } from "../support/project.js";
import { mknod, S_IFIFO, setxattr } from "../support/sys.js";
import { describeTree, differences } from "../support/tree.js";

/** Path to inode number, of everything below. */
function inodes(directory: string): Map<string, number> {
  const names = fs.readdirSync(directory, { recursive: true, encoding: "utf8" });
  return new Map(names.sort().map((name) => [name, fs.lstatSync(join(directory, name)).ino]));
}

t.test("every file with its inode number", (t) =>
  onMount(t, (mount) => {
    const path = (name: string): string => join(mount.directory, name);
    copyProject(path("project"));
    fs.writeFileSync(path("big"), randomBytes(3_000_001));
    fs.linkSync(path("big"), path("second name"));
    fs.symlinkSync("big", path("link"));
    mknod(path("fifo"), S_IFIFO | 0o640);
    setxattr(path("big"), "user.note", "kept");
    fs.writeFileSync(path("removed"), "");
    fs.unlinkSync(path("removed"));
    const [tree, numbers] = [describeTree(mount.directory), inodes(mount.directory)];
    for (let turn = 0; turn < 2; turn++) {
      mount.unmount();
      t.same(fs.readdirSync(mount.directory), [], "the bare mount point");
      mount.mount();
      t.same(differences(tree, describeTree(mount.directory)), []);
      t.same([...inodes(mount.directory)], [...numbers]);
    }
    fs.writeFileSync(path("new"), "");
    t.notOk([...numbers.values()].includes(fs.statSync(path("new")).ino), "a number is not used again");
  }),
);

t.test("a file unlinked while open is gone after a crash, and the check is clean", (t) =>
  onMount(t, async (mount) => {
    const fd = fs.openSync(join(mount.directory, "nameless"), "w+");
    fs.writeSync(fd, randomBytes(100_000));
    fs.fsyncSync(fd);
    fs.unlinkSync(join(mount.directory, "nameless"));
    fs.writeFileSync(join(mount.directory, "named"), "here");
    const directory = fs.openSync(mount.directory, "r");
    fs.fsyncSync(directory);
    fs.closeSync(directory);
    await mount.kill();
    failsWithOneOf(t, ["ENOTCONN", "ECONNABORTED"], () => fs.statfsSync(mount.directory), "the dead mount answers at once");
    try {
      fs.closeSync(fd);
    } catch {
      // The connection is gone; closing says so on some kernels.
    }
    mount.mount();
    t.same(fs.readdirSync(mount.directory), ["named"]);
    t.equal(fs.readFileSync(join(mount.directory, "named"), "utf8"), "here");
  }),
);

t.test("unmounting by the signal that ends a machine", (t) =>
  onMount(t, async (mount) => {
    fs.writeFileSync(join(mount.directory, "file"), "kept");
    const pid = mount.daemonPid();
    process.kill(pid, "SIGTERM");
    while (fs.existsSync(`/proc/${pid}`)) await new Promise((resolve) => setTimeout(resolve, 10));
    t.same(fs.readdirSync(mount.directory), [], "unmounted");
    mount.mount();
    t.equal(fs.readFileSync(join(mount.directory, "file"), "utf8"), "kept");
  }),
);
