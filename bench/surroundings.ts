/** What the numbers were measured on and with. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import { dirname } from "node:path";

function firstLine(program: string, ...args: string[]): string | null {
  const { status, stdout } = spawnSync(program, args, { encoding: "utf8" });
  return status === 0 ? (stdout.split("\n")[0] ?? "") : null;
}

function packageVersion(directory: string): string | null {
  try {
    const file = new URL(`../../${directory}/package.json`, import.meta.url);
    return (JSON.parse(fs.readFileSync(file, "utf8")) as { version: string }).version;
  } catch {
    return null;
  }
}

export function surroundings(): { machine: Record<string, string | number>; versions: Record<string, string | null> } {
  const installed = ["better-sqlite3", "koffi", "fuse-native", "agentfs-sdk"];
  const programs = ["bindfs", "gocryptfs", "git", "tar", "npm", "make", "cc"];
  return {
    machine: {
      processor: os.cpus()[0]?.model ?? "",
      processors: os.cpus().length,
      memoryMiB: Math.round(os.totalmem() / 1024 / 1024),
      kernel: os.release(),
    },
    versions: {
      stonefs: packageVersion("."),
      node: process.version,
      ...Object.fromEntries(installed.map((name) => [name, packageVersion(`node_modules/${name}`)])),
      ...Object.fromEntries(programs.map((name) => [name, firstLine(name, "--version")])),
      btrfs: firstLine("mkfs.btrfs", "--version"),
      pgbench: firstLine("pgbench", "--version"),
    },
  };
}

/** Writes results, with the time. */
export function writeJson(path: string, results: object): void {
  fs.mkdirSync(dirname(path), { recursive: true });
  fs.writeFileSync(path, `${JSON.stringify({ measuredAt: new Date().toISOString(), ...results }, null, 1)}\n`);
}
