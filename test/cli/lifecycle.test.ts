/** From mount to unmount: what the daemon and the commands around it do, and what a crash leaves. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import t, { type Test } from "tap";
import { freshMount, isMounted, type Mount, onMount } from "../support/mount.js";
import { stone, stoneCommand } from "../support/stone.js";
import { temporaryDirectory } from "../support/temporary.js";
import { accepts, refuses } from "./support.js";

/** Starts a program that works in a directory, and waits until it does. */
async function occupy(t: Test, directory: string): Promise<() => Promise<void>> {
  const child = spawn("sh", ["-c", "echo here; exec sleep 60"], { cwd: directory, stdio: ["ignore", "pipe", "ignore"] });
  const ended = once(child, "exit");
  const leave = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  t.teardown(leave);
  await once(child.stdout, "data");
  return leave;
}

/** Whether a process has ended; what its parent has not waited for yet has no command line any more. */
function isGone(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8") === "";
  } catch {
    return true;
  }
}

/** Files beside a database that only its daemon has. */
function traces(mount: Mount): string[] {
  return readdirSync(dirname(mount.database)).filter((name) => /\.(lock|sock)$/.test(name));
}

t.test("umount commits, and the database is free when it returns", (t) =>
  onMount(t, async (mount) => {
    const pid = mount.daemonPid();
    writeFileSync(join(mount.directory, "note"), "kept");
    t.match(accepts(t, ["umount", mount.directory]), `unmounted ${mount.directory}`);
    t.ok(isGone(pid), "the daemon is gone");
    t.same(traces(mount), [], "and its lock and socket with it");
    mount.mount();
    t.equal(readFileSync(join(mount.directory, "note"), "utf8"), "kept");
  }),
);

t.test("umount takes the directory, the database, or a path in other words", (t) =>
  onMount(t, async (mount) => {
    accepts(t, ["umount", mount.database]);
    mount.mount();
    accepts(t, ["umount", basename(mount.directory)], dirname(mount.directory));
    mount.mount();
    accepts(t, ["umount", "."], mount.directory);
  }),
);

t.test("umount of what is no mount", async (t) => {
  const directory = temporaryDirectory(t);
  refuses(t, 1, ["umount", directory], [directory, "nothing is mounted", "stone status"]);
  refuses(t, 1, ["umount", join(directory, "missing")], ["nothing is mounted"]);
  refuses(t, 1, ["umount", "/proc"], ["/proc", "type proc"]);
  const mount = freshMount(t);
  mkdirSync(join(mount.directory, "sub"));
  refuses(t, 1, ["umount", join(mount.directory, "sub")], ["not a mount point", mount.directory]);
  mount.unmount();
});

t.test("umount of a busy mount names who keeps it", (t) =>
  onMount(t, async (mount) => {
    const leave = await occupy(t, mount.directory);
    refuses(t, 1, ["umount", mount.directory], ["in use by sleep (pid", "fuser -vm", "--lazy"]);
    writeFileSync(join(mount.directory, "still"), "writable");
    await leave();
    accepts(t, ["umount", mount.directory]);
  }),
);

t.test("umount --lazy detaches at once; the daemon ends with the last user", (t) =>
  onMount(t, async (mount) => {
    const leave = await occupy(t, mount.directory);
    t.match(accepts(t, ["umount", "--lazy", mount.directory]), /detached/);
    t.notOk(isMounted(mount.directory));
    refuses(t, 1, ["mount", mount.database, mount.directory], ["in use by pid"]);
    await leave();
    const { waitUnlocked } = await import("../../src/daemon/lock.js");
    await waitUnlocked(mount.database);
    mount.mount();
  }),
);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  t.test(`${signal} commits and unmounts, even while the mount is in use`, (t) =>
    onMount(t, async (mount) => {
      const { waitUnlocked } = await import("../../src/daemon/lock.js");
      for (const use of ["idle", "busy"] as const) {
        const leave = use === "busy" ? await occupy(t, mount.directory) : undefined;
        writeFileSync(join(mount.directory, use), "kept");
        process.kill(mount.daemonPid(), signal);
        await waitUnlocked(mount.database);
        t.notOk(isMounted(mount.directory), `${use}: unmounted`);
        t.same(traces(mount), [], `${use}: lock and socket are gone`);
        await leave?.();
        mount.mount();
        t.equal(readFileSync(join(mount.directory, use), "utf8"), "kept", use);
      }
    }),
  );
}

t.test("SIGHUP changes nothing", (t) =>
  onMount(t, async (mount) => {
    process.kill(mount.daemonPid(), "SIGHUP");
    // The daemon answers after it saw the signal, which was there first.
    accepts(t, ["status", mount.directory]);
    writeFileSync(join(mount.directory, "note"), "kept");
  }),
);

t.test("what a killed daemon left is recognised, and the next mount cleans it up", (t) =>
  onMount(t, async (mount) => {
    writeFileSync(join(mount.directory, "note"), "old");
    accepts(t, ["umount", mount.directory]);
    for (const way of ["mount", "umount then mount"]) {
      mount.mount();
      await mount.kill();
      t.ok(isMounted(mount.directory), "the dead mount is still there");
      const status = stone(["status", mount.directory]);
      t.equal(status.status, 1);
      t.match(status.stdout, new RegExp(`${mount.directory} .*its daemon died`));
      if (way === "umount then mount") {
        const { status, stderr } = stone(["umount", mount.directory]);
        t.equal(status, 0, stderr);
        t.notOk(isMounted(mount.directory));
      }
      const again = stone(["mount", mount.database, mount.directory]);
      t.equal(again.status, 0, again.stderr);
      if (way === "mount") t.match(again.stderr, /^stone: unmounted \S+, which a daemon that died had left\n$/);
      t.equal(readFileSync(join(mount.directory, "note"), "utf8"), "old", way);
      accepts(t, ["umount", mount.directory]);
    }
  }),
);

t.test("a dead mount that something still uses is cleaned up too", (t) =>
  onMount(t, async (mount) => {
    await occupy(t, mount.directory);
    await mount.kill();
    accepts(t, ["mount", mount.database, mount.directory]);
    writeFileSync(join(mount.directory, "note"), "new");
  }),
);

t.test("-f serves from the command itself until it is interrupted", async (t) => {
  const base = temporaryDirectory(t);
  const [database, directory] = [join(base, "a.db"), join(base, "mnt")];
  mkdirSync(directory);
  accepts(t, ["init", database]);
  const child = spawn(...stoneCommand(["mount", "-f", database, directory]), { stdio: ["ignore", "pipe", "pipe"] });
  t.teardown(() => {
    child.kill("SIGKILL");
    if (isMounted(directory)) stone(["umount", directory]);
  });
  const ended = once(child, "exit");
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  t.match(line.toString(), new RegExp(`^mounted ${database} on ${directory} \\(pid ${child.pid}\\)`));
  writeFileSync(join(directory, "note"), "kept");
  const elsewhere = join(base, "elsewhere");
  mkdirSync(elsewhere);
  refuses(t, 1, ["mount", "-f", database, elsewhere], ["in use", `pid ${child.pid}`]);
  child.kill("SIGINT");
  t.same(await ended, [0, null]);
  t.notOk(isMounted(directory));
  t.notOk(existsSync(`${database}.lock`));
  accepts(t, ["check", database]);
});

t.test("-f says what is wrong and ends with 1", async (t) => {
  const base = temporaryDirectory(t);
  const [database, directory] = [join(base, "a.db"), join(base, "mnt")];
  mkdirSync(directory);
  accepts(t, ["init", database]);
  refuses(t, 1, ["mount", "-f", database, directory, "--branch", "nowhere"], ["nowhere"]);
  t.notOk(isMounted(directory));
});

t.test("a database whose path is longer than a socket's may be", async (t) => {
  const deep = join(temporaryDirectory(t), "d".repeat(120), "e".repeat(120));
  mkdirSync(deep, { recursive: true });
  await onMount(t, async (mount) => void accepts(t, ["status", mount.directory]), { databaseDirectory: deep });
});
