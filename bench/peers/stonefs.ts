import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import type { DaemonStatus } from "../../src/daemon/protocol.js";
import { isRoot, must } from "../run.js";
import { type Absent, makeDirectory, type Peer, type Setup, type Starter, unmount } from "./peer.js";

const stoneMain = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

/** Runs `stone`; throws with its message when it fails. */
export function stone(args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  return must(process.execPath, [stoneMain, ...args], { env: { ...process.env, ...env } });
}

const fuseNative = "driver=fuse-native";

/** A database that can be mounted and unmounted again. */
export class Mount {
  readonly database: string;
  readonly directory: string;
  readonly #options: readonly string[];
  readonly #env: NodeJS.ProcessEnv;

  constructor(database: string, directory: string, options: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.database = database;
    this.directory = directory;
    // pgbench's server runs as a user of its own. libfuse's driver lets others only read.
    this.#options = isRoot() && !options.includes(fuseNative) ? ["allow_other", ...options] : options;
    this.#env = env;
  }

  mount(): void {
    stone(["mount", this.database, this.directory, ...this.#options.flatMap((option) => ["-o", option])], this.#env);
  }

  unmount(): void {
    stone(["umount", this.directory]);
  }

  get pid(): number {
    return Number(fs.readFileSync(`${this.database}.lock`, "utf8").split("\n")[0]);
  }

  requests(): Record<string, number> {
    const [status] = JSON.parse(stone(["status", "--json", this.directory])) as { status: DaemonStatus }[];
    const counters = Object.entries(status?.status.counters ?? {});
    return Object.fromEntries(
      counters.flatMap(([name, value]) => (name.startsWith(requestPrefix) ? [[name.slice(requestPrefix.length), value]] : [])),
    );
  }

  /** Bytes in use, free pages left out, of the database closed. */
  storedBytes(): number {
    this.unmount();
    const database = new Database(this.database, { readonly: true });
    const pragma = (name: string): number => database.pragma(name, { simple: true }) as number;
    const bytes = (pragma("page_count") - pragma("freelist_count")) * pragma("page_size");
    database.close();
    this.mount();
    return bytes;
  }

  stop(): void {
    if (spawnSync(process.execPath, [stoneMain, "umount", this.directory], { stdio: "inherit" }).status !== 0) unmount(this.directory);
  }
}

const requestPrefix = "requests.";

function start(name: string, options: readonly string[], setup: Setup): Peer | Absent {
  const directory = makeDirectory(setup, name);
  const database = `${setup.scratch}/${name}.db`;
  const env = setup.profiles === undefined ? {} : { STONE_CPU_PROFILE: `${setup.profiles}/${name}.cpuprofile` };
  const mount = new Mount(database, directory, options, env);
  stone(["init", database]);
  try {
    mount.mount();
  } catch (error) {
    // The first line says what; a variant may need what this version or machine has not.
    if (options.length > 0)
      return { name, absent: (error as Error).message.split("\n")[0]?.replace(/^.*?: stone: |\. Known: .*/g, "") ?? "" };
    throw error;
  }
  return {
    name,
    directory,
    get pid() {
      return mount.pid;
    },
    storedBytes: () => mount.storedBytes(),
    requests: () => mount.requests(),
    stop: () => mount.stop(),
  };
}

const starterOf =
  (name: string, ...options: string[]): Starter =>
  (setup) =>
    start(name, options, setup);

export const startStonefs = starterOf("stonefs");

/** The same file system mounted otherwise. */
export const stonefsVariants: Readonly<Record<string, Starter>> = {
  "stonefs+writeback": starterOf("stonefs+writeback", "writeback"),
  "stonefs+noopen": starterOf("stonefs+noopen", "noopen"),
  "stonefs+nospin": starterOf("stonefs+nospin", "spin=0"),
  "stonefs+nofastwake": starterOf("stonefs+nofastwake", "nofastwake"),
  "stonefs+fuse-native": starterOf("stonefs+fuse-native", fuseNative),
};
