/** A full disk, and a full quota: ENOSPC, and everything before it intact. */
import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { accepts, refuses } from "../cli/support.js";
import { onMount } from "../support/mount.js";
import { run, succeed } from "../support/run.js";
import { temporaryDirectory } from "../support/temporary.js";
import { describeTree } from "../support/tree.js";

const MiB = 1 << 20;
const root = process.geteuid?.() === 0;

/** Writes files of 1 MiB until one is refused; the digest of each that was accepted whole. */
function writeUntilFull(t: Test, directory: string, atMost: number): Map<string, string> {
  const accepted = new Map<string, string>();
  for (let index = 0; index < atMost; index++) {
    const bytes = randomBytes(MiB);
    const path = join(directory, `file${index}`);
    try {
      const fd = fs.openSync(path, "w");
      try {
        let written = 0;
        while (written < MiB) written += fs.writeSync(fd, bytes, written);
        if (index % 5 === 0) fs.fsyncSync(fd);
      } finally {
        fs.closeSync(fd);
      }
      accepted.set(path, createHash("sha256").update(bytes).digest("hex"));
    } catch (error) {
      t.equal((error as NodeJS.ErrnoException).code, "ENOSPC", "refused for want of space");
      return accepted;
    }
  }
  t.fail(`never full after ${atMost} MiB`);
  return accepted;
}

function intact(t: Test, files: ReadonlyMap<string, string>, when: string): void {
  const damaged = [...files].filter(([path, digest]) => createHash("sha256").update(fs.readFileSync(path)).digest("hex") !== digest);
  t.same(damaged, [], `${files.size} files intact ${when}`);
}

const skip = root ? false : "only root can mount a small tmpfs";

/** A file system of 96 MiB for the database. */
function smallDisk(t: Test): string {
  const small = join(temporaryDirectory(t), "small");
  fs.mkdirSync(small);
  succeed(t, "mount", ["-t", "tmpfs", "-o", "size=96m", "tmpfs", small]);
  t.teardown(() => run("umount", ["-l", small]));
  return small;
}

t.test("the disk of the database is full", { skip }, async (t) => {
  const small = smallDisk(t);
  await onMount(
    t,
    (mount) => {
      const files = writeUntilFull(t, mount.directory, 200);
      t.ok(files.size >= 8, `${files.size} MiB were accepted`);
      intact(t, files, "on the full disk");
      t.ok(fs.readdirSync(mount.directory).length >= files.size, "it still lists");
      t.ok(fs.statfsSync(mount.directory).bavail * fs.statfsSync(mount.directory).bsize < 40 * MiB, "df shows it");
      mount.unmount();
      mount.mount();
      intact(t, files, "after mounting again");
      mount.unmount();
      succeed(t, "mount", ["-o", "remount,size=256m", small]);
      mount.mount();
      fs.writeFileSync(join(mount.directory, "after"), "there is room again");
      t.equal(fs.readFileSync(join(mount.directory, "after"), "utf8"), "there is room again");
      intact(t, files, "with room again");
    },
    { databaseDirectory: small },
  );
});

t.test("unmounted while others have filled the disk", { skip }, async (t) => {
  const small = smallDisk(t);
  await onMount(
    t,
    (mount) => {
      const files = new Map<string, string>();
      for (let index = 0; index < 100; index++) {
        const bytes = randomBytes(100_000);
        const path = join(mount.directory, `file${index}`);
        fs.writeFileSync(path, bytes);
        files.set(path, createHash("sha256").update(bytes).digest("hex"));
      }
      accepts(t, ["log", "--db", mount.database], small);
      const filler = join(small, "filler");
      const { bavail, bsize } = fs.statfsSync(small);
      run("dd", ["if=/dev/zero", `of=${filler}`, "bs=64k", `count=${Math.ceil((bavail * bsize) / 65536)}`]);
      mount.unmount();
      t.notMatch(fs.readFileSync(`${mount.database}.log`, "utf8"), /failed|lost/, "it ends as it should");
      fs.rmSync(filler);
      mount.mount();
      intact(t, files, "after mounting again");
    },
    { databaseDirectory: small },
  );
});

/** Everything a mount shows, in every branch. */
function seen(directory: string): unknown {
  const branches = fs.readdirSync(join(directory, ".branches")).sort();
  const moments = fs.readdirSync(join(directory, ".history")).filter((name) => name.startsWith("snapshot"));
  return [moments, branches.map((name) => [name, ...describeTree(`${join(directory, ".branches", name)}/.`)])];
}

t.test("changes of the file system as a whole while the disk is full", { skip }, async (t) => {
  const small = smallDisk(t);
  await onMount(
    t,
    ({ directory }) => {
      const stone = (...args: string[]): string => accepts(t, args, directory);
      for (let index = 0; index < 50; index++) fs.writeFileSync(join(directory, `file${index}`), "first");
      stone("snapshot", "snapshot-first");
      for (const name of ["idea", "spare", "third"]) stone("branch", name);
      stone("begin", "tx");
      for (const name of ["idea", "tx"]) {
        const there = join(directory, ".branches", name);
        for (let index = 0; index < 10; index++) fs.writeFileSync(join(there, `${name}${index}`), randomBytes(1000));
        fs.rmSync(join(there, name === "tx" ? "file1" : "file2"));
      }
      fs.writeFileSync(join(directory, "file3"), "second");
      const changes = [
        ["merge", "idea"],
        ["undo"],
        ["restore", "snapshot-first"],
        ["commit", "tx"],
        ["rollback", "tx"],
        ["branch", "new"],
        ["branch", "-d", "spare"],
        ["branch", "-m", "third", "other"],
        ["snapshot", "snapshot-second"],
      ];
      const filler = join(small, "filler");
      const { bavail, bsize } = fs.statfsSync(small);
      run("dd", ["if=/dev/zero", `of=${filler}`, "bs=64k", `count=${Math.ceil((bavail * bsize) / 65536)}`]);
      const before = seen(directory);
      for (const change of changes) refuses(t, 1, [...change, "--db", join(small, "test.db")], ["full"]);
      t.throws(() => fs.mkdirSync(join(directory, ".branches", "made")), { code: "ENOSPC" });
      t.throws(() => fs.mkdirSync(join(directory, ".history", "snapshot-made")), { code: "ENOSPC" });
      t.same(seen(directory), before, "nothing was applied, and nothing is lost");
      fs.rmSync(filler);
      for (const change of changes.filter(([op]) => op !== "rollback")) stone(...change);
      t.equal(fs.readFileSync(join(directory, "file3"), "utf8"), "first", "with room again they go through");
    },
    { databaseDirectory: small },
  );
});

t.test("-o size= bounds the growth", (t) =>
  onMount(
    t,
    (mount) => {
      const { blocks, bsize } = fs.statfsSync(mount.directory);
      t.equal(blocks * bsize, 64 * MiB, "df shows the bound");
      const files = writeUntilFull(t, mount.directory, 200);
      t.ok(files.size >= 20, `${files.size} MiB were accepted`);
      intact(t, files, "within the bound");
      t.ok(fs.statSync(mount.database).size <= 80 * MiB, `the database has ${fs.statSync(mount.database).size >> 20} MiB`);
      mount.unmount();
      mount.mount();
      intact(t, files, "after mounting again");
    },
    { options: ["size=64M"] },
  ),
);
