import { errnoName } from "../base/errno.js";
import { logLine } from "../base/log.js";
import { unmountWhenDead } from "./auto-unmount.js";
import { type ControlServer, type Handlers, startControl } from "./control.js";
import { type DatabaseLock, lockDatabase } from "./lock.js";
import { mountAt, mountType } from "./mountinfo.js";
import {
  type DaemonConfig,
  type DaemonStatus,
  type MountCall,
  type MountOperation,
  mountOperations,
  type Peer,
  RefusedError,
  type Report,
} from "./protocol.js";
import type { ServingThread } from "./serving-thread.js";
import { socketPath } from "./socketpath.js";
import { detach, unmount } from "./unmount.js";
import { startWorker, type WorkerLink } from "./workerlink.js";

/** How long `status` waits for a worker that is busy with one long request before it answers without its counters. */
const countersPatienceMillis = 2000;

/**
 * The main thread of a daemon: it owns the lock, the control socket and the signals, and has the worker serve: `thread`, or, for a
 * driver that can only serve from here, this thread.
 * Resolves to the process's exit status when the mount is gone, by whatever way; then the process must end by `exitNow`, for the
 * worker may still be there. `report` is called once.
 */
export async function runDaemon(
  config: DaemonConfig,
  thread: ServingThread | undefined,
  report: (report: Report) => void,
): Promise<number> {
  let lock: DatabaseLock;
  try {
    lock = lockDatabase(config.database, `mounted on ${config.mountPoint}`);
  } catch (error) {
    report({ ready: false, message: messageOf(error) });
    return 1;
  }
  try {
    return await new Daemon(config, thread).run(report);
  } finally {
    lock.release();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

class Daemon {
  readonly #config: DaemonConfig;
  readonly #worker: WorkerLink;
  readonly #startedAtMillis = Date.now();
  #shuttingDown = false;
  /** Resolves when an unmount that was asked for has happened or failed. */
  #unmounting: Promise<void> = Promise.resolve();
  /** The branch that the mount shows now. */
  #branch: string;
  /** Ends `run` while the worker still serves files that stayed open. */
  #leave: () => void = () => {};
  readonly #left = new Promise<"clean">((resolve) => {
    this.#leave = () => resolve("clean");
  });

  constructor(config: DaemonConfig, thread: ServingThread | undefined) {
    this.#config = config;
    this.#branch = config.branch;
    this.#worker = startWorker(config, thread);
  }

  async run(report: (report: Report) => void): Promise<number> {
    const onSignal = (): void => void this.#shutdown();
    // A terminal that closes is no reason to unmount.
    process.on("SIGHUP", () => {});
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
    let control: ControlServer;
    try {
      await this.#worker.mounted;
      control = await startControl(socketPath(this.#config.database), this.#handlers());
    } catch (error) {
      report({ ready: false, message: messageOf(error) });
      await this.#detachOwn();
      return 1;
    }
    const { database, mountPoint } = this.#config;
    if (this.#config.options.autoUnmount) unmountWhenDead(mountPoint);
    logLine("info", `mounted ${database} on ${mountPoint}, pid ${process.pid}`);
    report({ ready: true });
    const end = await Promise.race([this.#worker.ended, this.#left]);
    if (end === "failed") await this.#detachOwn();
    // The worker may be gone before umount(2) has returned: whoever asked for it is to be answered first.
    await this.#unmounting;
    await new Promise(setImmediate);
    control.close();
    logLine(end === "clean" ? "info" : "error", end === "clean" ? `unmounted ${mountPoint}` : `${mountPoint} is lost; mount it again`);
    return end === "clean" ? 0 : 1;
  }

  #handlers(): Handlers {
    return {
      ...this.#mountHandlers(),
      switch: async (args, peer) => {
        const switched = await this.#worker.call({ op: "switch", args }, peer);
        this.#branch = switched.name;
        return switched;
      },
      renameBranch: async (args, peer) => {
        const renamed = await this.#worker.call({ op: "renameBranch", args }, peer);
        if (this.#branch === args.name) this.#branch = args.to;
        return renamed;
      },
      status: () => this.#status(),
      barrier: async () => {
        await this.#worker.barrier();
        return {};
      },
      gc: ({ keepMicros }) => this.#worker.gc(keepMicros),
      unmount: async ({ how }) => {
        const unmounted = this.#unmount(how);
        this.#unmounting = unmounted.catch(() => undefined);
        await unmounted;
        return {};
      },
      shutdown: async () => {
        await this.#shutdown();
        return {};
      },
    };
  }

  /** Everything that the worker does for a command, just passed on. */
  #mountHandlers(): Pick<Handlers, MountOperation> {
    const pass = (op: MountOperation) => (args: unknown, peer: Peer) => this.#worker.call({ op, args } as MountCall, peer);
    return Object.fromEntries(mountOperations.map((op) => [op, pass(op)])) as unknown as Pick<Handlers, MountOperation>;
  }

  async #status(): Promise<DaemonStatus> {
    const { database, mountPoint, at, options } = this.#config;
    return {
      pid: process.pid,
      database,
      mountPoint,
      branch: this.#branch,
      ...(at === undefined ? {} : { at }),
      readOnly: options.readOnly || at !== undefined,
      startedAtMillis: this.#startedAtMillis,
      uptimeMillis: Date.now() - this.#startedAtMillis,
      residentBytes: process.memoryUsage.rss(),
      counters: await within(countersPatienceMillis, this.#worker.counters(), {}),
    };
  }

  /** Commits first: what cannot be kept must not be given up silently. The worker sees the unmount as ENODEV and ends. */
  async #unmount(how: "plain" | "lazy"): Promise<void> {
    await this.#worker.barrier();
    const { mountPoint } = this.#config;
    const errno = await (how === "lazy" ? detach(mountPoint) : unmount(mountPoint));
    if (errno !== 0) throw new RefusedError({ message: `${mountPoint}: ${errnoName(errno)}`, code: errnoName(errno) });
  }

  /** As `#unmount`, but nothing keeps this process: files still open get ENOTCONN when it is gone. */
  async #shutdown(): Promise<void> {
    if (this.#shuttingDown) return;
    this.#shuttingDown = true;
    const { mountPoint } = this.#config;
    try {
      await this.#unmount("plain");
      return;
    } catch (error) {
      logLine("warning", `${messageOf(error)}; detaching it`);
    }
    const errno = await detach(mountPoint);
    if (errno !== 0) logLine("error", `cannot detach ${mountPoint}: ${errnoName(errno)}`);
    await this.#lastCommit();
    this.#leave();
  }

  /** Files may have been written to while the mount was being detached. */
  async #lastCommit(): Promise<void> {
    try {
      await this.#worker.barrier();
    } catch (error) {
      logLine("error", `the last commit failed: ${messageOf(error)}`);
    }
  }

  /** Takes away a mount whose worker is gone, so that its users get an error at once and not a name that answers nothing. */
  async #detachOwn(): Promise<void> {
    const { database, mountPoint } = this.#config;
    const entry = mountAt(mountPoint);
    if (entry?.type === mountType && entry.source === database) await detach(mountPoint);
  }
}

/** A promise's result, or `otherwise` when it takes longer. */
async function within<Result>(millis: number, promise: Promise<Result>, otherwise: Result): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Result>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), millis);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
