/** The file systems that are measured beside each other. */
import { spawn } from "node:child_process";
import fs from "node:fs";
import { isRoot, succeeds, waitUntil } from "../run.js";

export interface Peer {
  readonly name: string;
  /** Where the workloads run. */
  readonly directory: string;
  /** The process that serves it, whose memory is measured. */
  readonly pid?: number;
  /** The script that runs the workloads, where it is not the usual one, and the workloads it knows. */
  readonly runner?: { readonly script: string; readonly workloads: readonly string[] };
  /** Bytes that its database has in use. It is closed for that, and mounted again. */
  storedBytes?(): number;
  /** Requests of the kernel so far, by name. */
  requests?(): Record<string, number>;
  /** Ends it; what it left on the disk of the scratch directory goes with that. */
  stop(): void;
}

/** A peer that this machine does not have, and why. */
export interface Absent {
  readonly name: string;
  readonly absent: string;
}

export interface Setup {
  /** On the disk to measure; readable to other users, for servers that do not run as root. */
  readonly scratch: string;
  /** Where CPU profiles go, if they are to be written. */
  readonly profiles?: string;
}

export type Starter = (setup: Setup) => Peer | Absent;

/** A new directory in the scratch directory. */
export function makeDirectory({ scratch }: Setup, name: string): string {
  const directory = `${scratch}/${name.replaceAll("/", "-")}`;
  fs.mkdirSync(directory);
  return directory;
}

export function unmount(directory: string): void {
  const [program, plain, lazy] = isRoot() ? ["umount", [], ["-l"]] : ["fusermount3", ["-u"], ["-u", "-z"]];
  if (!succeeds(program as string, ...(plain as string[]), directory)) succeeds(program as string, ...(lazy as string[]), directory);
}

/** The option that lets a server of another user work in the mount, which only root may give everywhere. */
export const allowOther: readonly string[] = isRoot() ? ["-o", "allow_other"] : [];

/** Starts a FUSE daemon that stays in the foreground, and waits for its mount. Returns its pid. */
export function startDaemon(program: string, args: readonly string[], directory: string, env: NodeJS.ProcessEnv = {}): number {
  const child = spawn(program, args, { stdio: "ignore", detached: true, env: { ...process.env, ...env } });
  child.unref();
  if (child.pid === undefined) throw new Error(`${program} does not start`);
  waitUntil(`${program} to mount`, 10, () => fs.readFileSync("/proc/self/mounts", "utf8").includes(` ${directory} `));
  return child.pid;
}
