/** The file systems that are measured beside each other, all of them over one disk. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const stoneMain = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));

export interface Peer {
  readonly name: string;
  /** Where the workloads run. */
  readonly directory: string;
  /** Ends it; what it left on the disk goes with the scratch directory. */
  stop(): void;
  /** What it says about itself when all is done, such as its memory. */
  describe?(): string;
}

/** A peer that this machine does not have, and why. */
export interface Absent {
  readonly name: string;
  readonly absent: string;
}

function must(program: string, args: readonly string[]): void {
  const { status, error } = spawnSync(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? `status ${status}`}`);
}

function installed(program: string): boolean {
  return spawnSync("sh", ["-c", 'command -v "$0"', program], { stdio: "ignore" }).status === 0;
}

function unmount(directory: string): void {
  const program = process.geteuid?.() === 0 ? ["umount"] : ["fusermount3", "-u"];
  const [command = "", ...args] = program;
  if (spawnSync(command, [...args, directory], { stdio: "ignore" }).status !== 0) {
    spawnSync(command, [...args, command === "umount" ? "-l" : "-z", directory], { stdio: "ignore" });
  }
}

function startStonefs(scratch: string): Peer {
  const [database, directory] = [join(scratch, "stone.db"), join(scratch, "stone")];
  fs.mkdirSync(directory);
  must(process.execPath, [stoneMain, "init", database]);
  must(process.execPath, [stoneMain, "mount", database, directory]);
  const pid = fs.readFileSync(`${database}.lock`, "utf8").split("\n")[0];
  return {
    name: "stonefs",
    directory,
    stop: () => {
      if (spawnSync(process.execPath, [stoneMain, "umount", directory], { stdio: "inherit" }).status !== 0) unmount(directory);
    },
    describe: () => {
      const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
      const [now, peak] = ["VmRSS", "VmHWM"].map((key) => Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1]) >> 10);
      return `daemon ${now} MiB resident, ${peak} at most; database ${fs.statSync(database).size >> 20} MiB, every version kept`;
    },
  };
}

/** Named by what it is, because the scratch directory may lie on something else than ext4. */
function startPlain(scratch: string): Peer {
  const directory = join(scratch, "plain");
  fs.mkdirSync(directory);
  const type = spawnSync("stat", ["-f", "-c", "%T", scratch], { encoding: "utf8" }).stdout.trim();
  return { name: type === "ext2/ext3" ? "ext4" : type, directory, stop: () => {} };
}

function startBindfs(scratch: string): Peer | Absent {
  if (!installed("bindfs")) return { name: "bindfs", absent: "not installed; Debian: sudo apt-get install bindfs" };
  const [under, directory] = [join(scratch, "under-bindfs"), join(scratch, "bindfs")];
  fs.mkdirSync(under);
  fs.mkdirSync(directory);
  must("bindfs", [under, directory]);
  return { name: "bindfs", directory, stop: () => unmount(directory) };
}

const starters: Readonly<Record<string, (scratch: string) => Peer | Absent>> = {
  stonefs: startStonefs,
  plain: startPlain,
  bindfs: startBindfs,
};

export const peerNames: readonly string[] = Object.keys(starters);

/** Starts the named peer below `scratch`. */
export function startPeer(name: string, scratch: string): Peer | Absent {
  const start = starters[name];
  if (start === undefined) throw new Error(`no peer ${name}; there are ${peerNames.join(", ")}`);
  return start(scratch);
}
