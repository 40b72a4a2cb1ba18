/** Notices to this machine's kernel: that they do what they say, and that none hangs the mount, whatever waits for it. */
import { execFile, spawn } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import t from "tap";
import { findMount } from "../../src/fuse/mountinfo.js";
import { setxattr } from "../support/sys.js";
import { cleanUp, noMounts, startScript, type Tiny } from "./harness.js";

const skip = noMounts();
const run = promisify(execFile);
/** A request that takes longer than this hangs. */
const patienceMs = 10_000;

async function onMount(options: readonly string[], body: (root: string, tiny: Tiny) => Promise<void>): Promise<void> {
  const root = fs.mkdtempSync(join(tmpdir(), "stonefs-notify-"));
  let tiny: Tiny | undefined;
  try {
    tiny = await startScript("notifying.js", root, options);
    await body(root, tiny);
  } finally {
    await cleanUp(root, tiny);
  }
}

/** Resolves when the file system has printed `line`; rejects when it does not. */
async function printed(tiny: Tiny, line: string): Promise<void> {
  const end = Date.now() + patienceMs;
  while (!tiny.output().includes(`${line}\n`)) {
    if (Date.now() > end) throw new Error(`"${line}" was never printed; this was:\n${tiny.output()}${tiny.log()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function tell(root: string, tiny: Tiny, command: string): Promise<void> {
  setxattr(root, `user.${command}`, "");
  await printed(tiny, `delivered user.${command}`);
}

t.test("what changed without the kernel's doing is asked for again", { skip }, async (t) => {
  await onMount([], async (root, tiny) => {
    const file = join(root, "file");
    t.equal(fs.readFileSync(file, "utf8"), "before\n");
    t.equal(fs.existsSync(join(root, "renamed")), false);
    await tell(root, tiny, "change");
    t.equal(fs.readFileSync(file, "utf8"), "after it changed\n", "bytes and size");
    await tell(root, tiny, "rename");
    t.equal(fs.existsSync(file), false, "a name that is gone");
    t.equal(fs.readFileSync(join(root, "renamed"), "utf8"), "after it changed\n", "a name that was missing");
    await tell(root, tiny, "delete");
    t.equal(fs.existsSync(join(root, "renamed")), false, "a name that was deleted");
    await tell(root, tiny, "epoch");
    t.equal(fs.existsSync(join(root, "renamed")), true, "a name that was missing, by a new epoch");
    await tell(root, tiny, "unknown");
    t.pass("a node the kernel does not know is no mistake");
    await run("umount", [root]);
    t.match(await tiny.ended, /refused 0\nended: unmounted/);
  });
});

t.test("an entry that expires keeps what is mounted inside; one that is dropped does not", { skip }, async (t) => {
  await onMount([], async (root, tiny) => {
    const inside = join(root, "directory");
    await run("mount", ["-t", "tmpfs", "none", inside]);
    await tell(root, tiny, "expire");
    fs.statSync(inside);
    t.equal(findMount(inside)?.type, "tmpfs");
    await tell(root, tiny, "drop");
    t.equal(findMount(inside)?.type, "fuse.stonefs");
  });
});

t.test("more notices than the ring holds", { skip }, async (t) => {
  await onMount([], async (root, tiny) => {
    await tell(root, tiny, "flood");
    t.equal(fs.readFileSync(join(root, "file"), "utf8"), "before\n");
  });
});

t.test("a notice about a directory in which a request waits", { skip }, async (t) => {
  await onMount([], async (root, tiny) => {
    const stats = ["one", "two", "three"].map((name) => run("stat", [join(root, `held-${name}`)], { timeout: patienceMs }));
    for (const { stdout } of await Promise.all(stats)) t.match(stdout, /regular empty file/);
    for (const name of ["one", "two", "three"]) await printed(tiny, `delivered held-${name}`);
    await run("mkdir", [join(root, "directory", "made")], { timeout: patienceMs });
    await printed(tiny, "delivered mkdir made");
    t.equal(fs.readFileSync(join(root, "file"), "utf8"), "before\n", "and it goes on serving");
  });
});

t.test("a notice about bytes that a reader waits for", { skip }, async (t) => {
  await onMount([], async (root, tiny) => {
    await tell(root, tiny, "slow");
    const readers = [1, 2, 3].map(() => run("cat", [join(root, "file")], { timeout: patienceMs }));
    for (const { stdout } of await Promise.all(readers)) t.equal(stdout, "before\n");
    await printed(tiny, "delivered read");
  });
});

t.test("the same from the thread that serves hangs: so these tests can fail", { skip }, async (t) => {
  await onMount(["direct"], async (root, tiny) => {
    const stat = spawn("stat", [join(root, "held-one")], { stdio: "ignore" });
    const closed = new Promise((resolve) => stat.once("close", resolve));
    await printed(tiny, "telling");
    await new Promise((resolve) => setTimeout(resolve, 500));
    t.notMatch(tiny.output(), /told/);
    t.equal(stat.exitCode, null, "its caller waits for ever");
    // MNT_FORCE aborts the connection. It is refused afterwards all the same while the caller is there.
    await run("umount", ["-f", root]).catch(() => undefined);
    await closed;
    await printed(tiny, "told");
  });
});
