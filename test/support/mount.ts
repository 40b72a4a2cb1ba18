/** A fresh database, mounted for one test; afterwards always unmounted, and checked. */
import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { run } from "./run.js";
import { stone } from "./stone.js";
import { temporaryDirectory } from "./temporary.js";

export interface MountOptions {
  /** For `-o`, such as `allow_other`. */
  readonly options?: readonly string[];
  /** Where the database lies; a temporary directory by default. */
  readonly databaseDirectory?: string;
  /** After this the daemon is killed, so that a call that hangs fails instead of ending the whole run. */
  readonly deadlineMs?: number;
}

/** What `t` mounted. `directory` is the mount point. */
export interface Mount {
  readonly directory: string;
  readonly database: string;
  mount(): void;
  unmount(): void;
  daemonPid(): number;
  /** Kills the daemon as a crash would, and waits until it is gone. The mount point is left stale. */
  kill(): Promise<void>;
  /** Resident memory of the daemon in bytes. */
  residentBytes(): number;
  /** Fails the test unless the integrity check finds nothing. Unmounted only. */
  check(): void;
}

/** Whether something is mounted at this path, without asking the file system that may be dead. */
export function isMounted(directory: string): boolean {
  const escaped = directory.replaceAll(" ", "\\040");
  return fs
    .readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .some((line) => line.split(" ")[4] === escaped);
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie has let go of everything.
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** The daemon's log, its last part: what a failed test is asked first. */
function logTail(database: string): string {
  try {
    return fs.readFileSync(`${database}.log`, "utf8").slice(-4000);
  } catch {
    return "(no log)";
  }
}

export function freshMount(t: Test, options: MountOptions = {}): Mount {
  const scratch = temporaryDirectory(t);
  const directory = join(scratch, "mnt");
  const database = join(options.databaseDirectory ?? scratch, "test.db");
  let watchdog: ChildProcess | undefined;

  fs.mkdirSync(directory);
  const initialized = stone(["init", database]);
  if (initialized.status !== 0) throw new Error(`stone init: ${initialized.stderr}`);

  const daemonPid = (): number => Number(fs.readFileSync(`${database}.lock`, "utf8").split("\n")[0]);
  const stopWatching = (): void => {
    // The shell and its sleep are a process group of their own.
    if (watchdog?.pid !== undefined) process.kill(-watchdog.pid, "SIGKILL");
    watchdog = undefined;
  };

  const self: Mount = {
    directory,
    database,
    daemonPid,
    mount() {
      const flags = options.options === undefined ? [] : ["-o", options.options.join(",")];
      const { status, stderr } = stone(["mount", database, directory, ...flags]);
      if (status !== 0) throw new Error(`stone mount: status ${status}: ${stderr}\n${logTail(database)}`);
      const seconds = Math.ceil((options.deadlineMs ?? 150_000) / 1000);
      watchdog = spawn("sh", ["-c", `sleep ${seconds}; kill -9 ${daemonPid()}`], { stdio: "ignore", detached: true });
      watchdog.unref();
    },
    unmount() {
      stopWatching();
      const { status, stderr } = stone(["umount", directory]);
      if (status !== 0) throw new Error(`stone umount: status ${status}: ${stderr}\n${logTail(database)}`);
      if (isMounted(directory)) throw new Error(`stone umount: ${directory} is still mounted`);
    },
    async kill() {
      stopWatching();
      const pid = daemonPid();
      process.kill(pid, "SIGKILL");
      while (alive(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    residentBytes() {
      const match = /^VmRSS:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${daemonPid()}/status`, "utf8"));
      return Number(match?.[1]) * 1024;
    },
    check() {
      const { status, stdout, stderr } = stone(["check", "--db", database]);
      t.equal(status, 0, "the integrity check is clean", { stdout: stdout.slice(-4000), stderr: stderr.slice(-4000) });
    },
  };

  t.teardown(() => {
    stopWatching();
    if (!isMounted(directory)) return;
    if (process.geteuid?.() === 0) run("umount", ["-l", directory]);
    else run("fusermount3", ["-u", "-z", directory]);
  });
  self.mount();
  return self;
}

/** Runs `body` on a fresh mount, then unmounts and checks the database, whatever happened in between. */
export async function onMount(t: Test, body: (mount: Mount) => void | Promise<void>, options: MountOptions = {}): Promise<void> {
  const mount = freshMount(t, options);
  try {
    await body(mount);
  } catch (error) {
    t.comment(logTail(mount.database));
    throw error;
  } finally {
    if (!t.passing()) t.comment(logTail(mount.database));
    if (isMounted(mount.directory)) mount.unmount();
    mount.check();
  }
}
