/** A full disk, and a full quota: ENOSPC, and everything before it intact. */
import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { onMount } from "../support/mount.js";
import { run, succeed } from "../support/run.js";
import { temporaryDirectory } from "../support/temporary.js";

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

t.test("the disk of the database is full", { skip: root ? false : "only root can mount a small tmpfs" }, async (t) => {
  const small = join(temporaryDirectory(t), "small");
  fs.mkdirSync(small);
  succeed(t, "mount", ["-t", "tmpfs", "-o", "size=96m", "tmpfs", small]);
  t.teardown(() => run("umount", ["-l", small]));
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
