/** The driver against this machine's kernel, with the tiny file system in a process of its own. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { defaultMountOptions, isStale, mount, setReadAhead, unmount } from "../../src/fuse/mount.js";
import { findMount } from "../../src/fuse/mountinfo.js";
import { cleanUp, noMounts, startTiny, type Tiny } from "./harness.js";

const skip = noMounts();

/** Runs `body` on a fresh mount, and cleans up after it whatever happens. */
async function onMount(
  options: readonly string[],
  env: NodeJS.ProcessEnv,
  body: (root: string, tiny: Tiny) => Promise<void>,
): Promise<void> {
  const root = fs.mkdtempSync(join(tmpdir(), "stonefs-fuse-"));
  let tiny: Tiny | undefined;
  try {
    tiny = await startTiny(root, options, [], env);
    await body(root, tiny);
  } finally {
    await cleanUp(root, tiny);
  }
}

function codeOf(operation: () => unknown): string {
  try {
    operation();
    return "none";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

for (const options of [["fsname=my data, base"], ["fsname=my data, base", "worker"], ["fsname=my data, base", "cached", "writeback"]]) {
  t.test(`a mount (${options.join(" ")})`, { skip }, async (t) => {
    await onMount(options, {}, async (root, tiny) => {
      const file = join(root, "file");
      t.match(findMount(join(root, "file")), { mountPoint: root, type: "fuse.stonefs", fsname: "my data, base" });
      t.strictSame(fs.readdirSync(root).sort(), ["file", "link", "silent", "throwing"]);
      t.equal(fs.readFileSync(file, "utf8"), "hello, kernel\n");
      t.equal(fs.readFileSync(join(root, "link"), "utf8"), "hello, kernel\n", "through a symlink");
      const { ino, mtimeNs, mode, nlink } = fs.statSync(file, { bigint: true });
      t.equal(BigInt.asUintN(64, ino), 0x8000_0001_0000_0002n, "inode numbers have 64 bits");
      t.equal(mtimeNs, -1_000_000_000n * 1_000_000_000n + 987_654_321n, "times before 1970, to the nanosecond");
      t.equal(mode, 0o100644n);
      t.equal(nlink, 1n);
      t.match(fs.statfsSync(root), { blocks: 1000, bfree: 500, bavail: 400, files: 10, ffree: 5, bsize: 4096 });
      t.equal(
        codeOf(() => fs.statSync(join(root, "missing"))),
        "ENOENT",
      );
      t.equal(
        codeOf(() => fs.unlinkSync(file)),
        "ENOENT",
        "an FsError is its errno",
      );
      t.equal(
        codeOf(() => fs.rmdirSync(join(root, "file"))),
        "ENOTDIR",
      );
      t.equal(
        codeOf(() => fs.mkdirSync(join(root, "d"))),
        "ENOSYS",
        "what is not served says so",
      );

      t.equal(
        codeOf(() => fs.readFileSync(join(root, "throwing"))),
        "EIO",
        "a handler that throws",
      );
      t.equal(
        codeOf(() => fs.readFileSync(join(root, "silent"))),
        "EIO",
        "a handler that answers nothing",
      );

      const content = Buffer.alloc(3 << 20, "0123456789");
      fs.writeFileSync(file, content);
      fs.truncateSync(file, content.length + 5000);
      const read = fs.readFileSync(file);
      t.equal(read.length, content.length + 5000);
      t.ok(read.subarray(0, content.length).equals(content), "3 MiB written in one call come back");
      t.ok(read.subarray(content.length).every((byte) => byte === 0));
      fs.chmodSync(file, 0o600);
      t.equal(fs.statSync(file).mode, 0o100600);
      const birth = spawnSync("stat", ["-c", "%W", file], { encoding: "utf8" });
      t.equal(birth.stdout.trim(), "12345", "the birth time, by STATX");

      t.equal(setReadAhead(root, 1024), "set");
      t.equal(fs.readFileSync(`/sys/class/bdi/${findMount(root)?.device}/read_ahead_kb`, "utf8").trim(), "1024");

      t.throws(
        () => {
          const open = fs.openSync(file, "r");
          try {
            unmount(root, "busy-fails");
          } finally {
            fs.closeSync(open);
          }
        },
        /is in use/,
        "an open file holds the mount",
      );
      t.equal(isStale(root), false);
      unmount(root, "busy-fails");
      t.match(await tiny.ended, /ended: unmounted/, "the session saw it");
      t.match(tiny.log(), /OPEN failed.*TypeError: a mistake in a handler\n.*at .*tiny/s, "the failed handler's stack was logged");
      t.match(tiny.log(), /the handler of OPEN answered nothing/);
      t.notOk(findMount(root)?.type.startsWith("fuse"), "nothing is mounted there any more");
    });
  });
}

t.test("callers of a dead daemon get ENOTCONN at once", { skip }, async (t) => {
  await onMount(["child"], {}, async (root, tiny) => {
    const child = Number(/child: (\d+)/.exec(tiny.output())?.[1]);
    try {
      const open = fs.openSync(join(root, "file"), "r");
      const start = performance.now();
      tiny.child.kill("SIGKILL");
      await new Promise((resolve) => tiny.child.once("exit", resolve));
      t.equal(fs.existsSync(`/proc/${child}`), true, "a child of the daemon lives on, and does not hold the device");
      t.equal(
        codeOf(() => fs.statSync(root)),
        "ENOTCONN",
      );
      t.equal(
        codeOf(() => fs.readSync(open, Buffer.alloc(10))),
        "ENOTCONN",
        "an open file too",
      );
      t.ok(performance.now() - start < 2000, "at once");
      t.equal(
        codeOf(() => fs.closeSync(open)),
        "ENOTCONN",
        "and closing it, though that closes it",
      );
      t.equal(isStale(root), true);
      t.throws(() => mount(root, { ...defaultMountOptions, fsname: "x" }), /the mount of a dead daemon; unmount it first/);
      unmount(root, "busy-fails");
      t.equal(isStale(root), false);
    } finally {
      process.kill(child);
    }
  });
});

t.test("a dead daemon is noticed though the kernel still has answers cached", { skip }, async (t) => {
  await onMount(["cached"], {}, async (root, tiny) => {
    fs.statSync(root);
    tiny.child.kill("SIGKILL");
    await tiny.ended;
    t.equal(isStale(root), true);
    t.throws(() => mount(root, { ...defaultMountOptions, fsname: "x" }), /the mount of a dead daemon; unmount it first/);
    unmount(root, "busy-fails");
    t.equal(isStale(root), false);
  });
});

t.test("a lazy unmount works while files are open", { skip }, async (t) => {
  await onMount([], {}, async (root, tiny) => {
    const open = fs.openSync(join(root, "file"), "r");
    unmount(root, "lazy");
    t.strictSame(fs.readdirSync(root), [], "out of sight");
    const bytes = Buffer.alloc(5);
    fs.readSync(open, bytes);
    t.equal(bytes.toString(), "hello", "still served");
    fs.closeSync(open);
    t.match(await tiny.ended, /ended: unmounted/);
  });
});

t.test("the trace has a line for each request and each reply", { skip }, async (t) => {
  await onMount([], { DEBUG: "stone:fuse", DEBUG_COLORS: "no" }, async (root, tiny) => {
    fs.readFileSync(join(root, "file"));
    codeOf(() => fs.unlinkSync(join(root, "file")));
    fs.chmodSync(join(root, "file"), 0o640);
    unmount(root, "busy-fails");
    await tiny.ended;
    const log = tiny.log();
    t.match(log, /stone:fuse -> \d+ INIT node 0 .* major=7 minor=\d+/);
    t.match(log, /-> \d+ LOOKUP node 1 uid 0 gid 0 pid \d+ name="file"\n/);
    t.match(log, /<- \d+ LOOKUP node 9223372041149743106 mode=100644 nlink=1 size=14\n/);
    t.match(log, /<- \d+ READ 14 bytes\n/);
    t.match(log, /<- \d+ UNLINK ENOENT\n/);
    t.match(log, /-> \d+ SETATTR node 9223372041149743106 .* valid=0x[0-9a-f]+ mode=100640( ctime=[0-9.]+)?\n/);
    const requests = log.match(/ -> /g)?.length ?? 0;
    const silent = log.match(/ -> \d+ (FORGET|BATCH_FORGET|INTERRUPT) /g)?.length ?? 0;
    t.equal(log.match(/ <- /g)?.length, requests - silent);
  });
});

t.test("what hinders a mount is said", { skip }, async (t) => {
  const options = { ...defaultMountOptions, fsname: "x" };
  t.throws(() => mount("/nonexistent/directory", options), /the mount point \/nonexistent\/directory: ENOENT/);
  t.throws(() => unmount("/proc/self", "busy-fails"), /\/proc\/self is not a mount point/);
});
