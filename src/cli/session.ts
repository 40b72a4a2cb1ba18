import { existsSync } from "node:fs";
import { connectDaemon, type DaemonClient } from "../daemon/client.js";
import type { DaemonStatus, MountOperation, MountOperations, StoreOperation, StoreOperations } from "../daemon/protocol.js";
import { RefusedError } from "../daemon/protocol.js";
import { redoPath } from "../store/redo-log.js";
import { openStore, type Store } from "../store/store.js";
import { CliError } from "./errors.js";
import { currentPlace, findPlace, type Place } from "./paths.js";

/** The flags that say what a command is about. */
export interface PlaceFlags {
  readonly db?: string;
  readonly branch?: string;
}

/**
 * close(2) returns before the file system hears of it (RELEASE is sent behind it), so what was closed just now may count as open
 * for a moment: a refusal for open files is final only after this long.
 */
const closingMillis = 500;
const closingPollMillis = 20;

/** Whether a refusal says that a branch has files open. */
export function isHeldOpen(error: unknown): boolean {
  return error instanceof RefusedError && error.code === "EBUSY" && error.message.includes("open files");
}

/** One command's conversation with a database, mounted or not. */
export class Session {
  readonly database: string;
  /** The branch that a command means where it names none. */
  readonly branch: string;
  /** How the daemon is doing; undefined when the database is not mounted. */
  readonly status: DaemonStatus | undefined;
  readonly #daemon: DaemonClient | undefined;

  constructor(database: string, branch: string, daemon: DaemonClient | undefined, status: DaemonStatus | undefined) {
    this.database = database;
    this.branch = branch;
    this.#daemon = daemon;
    this.status = status;
  }

  /** Reads the database, in which everything is that was done before the call. */
  async read<Result>(use: (store: Store) => Result): Promise<Result> {
    await this.#daemon?.ask("barrier", {});
    const store = openStore(this.database, { mode: "read" });
    try {
      return store.connection.reading(() => use(store));
    } finally {
      store.close();
    }
  }

  /** Has the daemon change something, or does it itself, under the lock, when there is none. */
  async change<Op extends StoreOperation>(op: Op, args: StoreOperations[Op]["args"]): Promise<StoreOperations[Op]["result"]> {
    if (this.#daemon === undefined) {
      const { performDirectly } = await import("./direct.js");
      return performDirectly(this.database, op, args);
    }
    const deadline = performance.now() + closingMillis;
    for (;;) {
      try {
        return await this.ask(op, args);
      } catch (error) {
        if (!isHeldOpen(error) || performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, closingPollMillis));
      }
    }
  }

  /** Has the daemon do what only it can. Throws CliError when the database is not mounted. */
  async ask<Op extends MountOperation>(op: Op, args: MountOperations[Op]["args"]): Promise<MountOperations[Op]["result"]> {
    if (this.#daemon === undefined) throw new CliError(`${this.database} is not mounted; mount it with: stone mount ${this.database} DIR`);
    return await this.#daemon.ask(op, args);
  }

  /** The directory of a branch in the mount; undefined when the database is not mounted. */
  directoryOf(branch: string): string | undefined {
    if (this.status === undefined) return undefined;
    const { mountPoint } = this.status;
    return branch === this.status.branch ? mountPoint : `${mountPoint}/.branches/${branch}`;
  }
}

/** Opens a session about the database and the branch that a place, or else a flag, says. */
export async function withSession<Result>(place: Place, flags: PlaceFlags, use: (session: Session) => Promise<Result>): Promise<Result> {
  const daemon = await connectDaemon(place.database);
  try {
    if (daemon === undefined) await bringBack(place.database);
    const status = await daemon?.ask("status", {});
    const branch = flags.branch ?? place.branch ?? status?.branch ?? "main";
    return await use(new Session(place.database, branch, daemon, status));
  } finally {
    daemon?.close();
  }
}

/** After a crash of the daemon: what was synced, but not committed, comes into the database before anybody reads it. */
async function bringBack(database: string): Promise<void> {
  if (!existsSync(redoPath(database))) return;
  const { recoverDirectly } = await import("./direct.js");
  try {
    recoverDirectly(database);
  } catch (error) {
    process.stderr.write(`${database}: what was synced just before the crash is not shown: ${(error as Error).message}\n`);
  }
}

/** As `withSession`, about where the command runs, or `--db`. */
export function here<Result>(flags: PlaceFlags, use: (session: Session) => Promise<Result>): Promise<Result> {
  return withSession(currentPlace(flags.db), flags, use);
}

/** Where paths lie, which must all be in one branch of one database; where the command runs when there are none. */
export function commonPlace(paths: readonly string[], flags: PlaceFlags): { readonly place: Place; readonly paths: string[][] } {
  const places = paths.map((path) => findPlace(path, flags.db));
  const [first = currentPlace(flags.db), ...others] = places;
  const stray = others.findIndex((place) => place.database !== first.database || place.branch !== first.branch);
  if (stray >= 0) throw new CliError(`${paths[stray + 1]} and ${paths[0]} do not lie in one branch; name them in two commands`);
  return { place: first, paths: places.map(({ components }) => [...components]) };
}

/** The id of a branch that must be there. */
export function branchId(store: Store, name: string): number {
  const branch = store.branches.named(name);
  if (branch === undefined) throw new CliError(`${name}: no such branch in ${store.path}; stone branch --list shows those there are`);
  return branch.id;
}
