import { InvariantError } from "../base/assert.js";
import { nowMicros } from "../base/clock.js";
import { logLine } from "../base/log.js";
import { Bridge } from "../bridge/bridge.js";
import { Callers } from "../bridge/callers.js";
import type { ShownAs } from "../bridge/node-table.js";
import { Notices } from "../bridge/notices.js";
import type { Housekeeping } from "../fuse/housekeeping.js";
import type { AnswerCache } from "../fuse/notify.js";
import { garbageCollection } from "../store/gc.js";
import { openStore, type Store } from "../store/store.js";
import { namedMoment } from "../vfs/moments.js";
import { Vfs } from "../vfs/vfs.js";
import { whenForms } from "../vfs/when.js";
import { checkpointer } from "./checkpointer.js";
import { Jobs } from "./jobs.js";
import { needsOthers } from "./kernel-options.js";
import type { MountOptions } from "./options.js";
import { Performer } from "./performing.js";
import type { Counters, DaemonConfig } from "./protocol.js";
import type { Served, Serving } from "./serving.js";

/** Whether access control lists are kept and enforced. */
export type Acls = "on" | "off";

/** What commands need of a driver. */
export interface Driver {
  /** To be told of what changes otherwise than by requests. */
  readonly cache: AnswerCache;
  /** Calls back when `cache` has forgotten what it was told of. */
  whenNoticed(then: () => void): void;
  /** What it counts, for the status. */
  counters(): Counters;
}

/**
 * The file system behind a mount: everything above the driver, composed. Throws with a message for the user when it cannot begin.
 */
export class FileSystem {
  readonly #store: Store;
  readonly #vfs: Vfs;
  readonly #callers: Callers;
  readonly #jobs = new Jobs();
  readonly #sizes: "told" | "kept";
  /** What a driver serves. */
  readonly bridge: Bridge;

  constructor(serving: Serving, acls: Acls) {
    const { config } = serving;
    const { options } = config;
    const store = openStore(config.database, {
      batchMillis: options.batchMillis,
      batchBytes: options.batchBytes,
      sizeBytes: options.sizeBytes,
      cacheBytes: options.cacheBytes,
      blobCacheBytes: options.blobCacheBytes,
      preparedLogBytes: 24 * 1024 * 1024,
      redoBytes: 8 * 1024 * 1024,
      setAside: "in steps",
      // Our driver reads a request into the buffer of the one before, after `afterRequest`; libfuse may do it earlier.
      lentWrites: options.driver !== "fuse-native",
      checkpointer: checkpointer(config.database),
    });
    try {
      this.#vfs = openVfs(store, config, acls);
    } catch (error) {
      store.close();
      throw error;
    }
    this.#store = store;
    const unprepared = (error: unknown): void => logLine("warning", `files to set aside beside ${config.database}: ${String(error)}`);
    this.#jobs.add(store.preparation, () => {}, unprepared);
    this.#sizes = options.writeback ? "kept" : "told";
    this.#callers = new Callers(store.processes, serving.onNewProcess, process.pid);
    this.bridge = new Bridge(this.#vfs, this.#callers, viewOwner(config), options.noOpen ? "unasked" : "asked", shownAs(options));
  }

  readonly housekeeping: Housekeeping = {
    nextDeadlineMillis: () => (this.#jobs.waiting ? 0 : this.#store.millisUntilDue()),
    onTick: () => {
      this.#jobs.step();
      this.#store.tick();
    },
    afterRequest: () => this.#store.pulse(),
    onIdle: () => this.#store.idle(),
    onFault: (error) => {
      if (error instanceof InvariantError) this.#vfs.freeze(error.message);
    },
  };

  /** What the control socket asks of it. */
  control({ cache, whenNoticed, counters }: Driver): Served {
    const vfs = this.#vfs;
    const store = this.#store;
    const notices = new Notices(cache, vfs, this.bridge.nodes, this.#sizes);
    const performer = new Performer(vfs, this.bridge.nodes, notices, this.#callers);
    return {
      perform: (call, peer, answer) => answer(performer.perform(call, peer)),
      whenNoticed,
      barrier: () => store.commit("durable"),
      gc: (keepMicros, answer, refuse) => this.#jobs.add(garbageCollection(store, keepMicros, vfs.views.moments()), answer, refuse),
      describeProcess: (id, details) => store.processes.describe(id, details),
      counters: () => ({
        ...memory(),
        events: store.events.last,
        nodes: this.bridge.nodes.knownNodes,
        openFiles: vfs.handles.count,
        dirtyBytes: store.space.dirtyBytes,
        databaseBytes: store.connection.usage().usedBytes,
        logBytes: store.space.logBytes,
        ...counters(),
      }),
    };
  }

  /** Closes what is open, and commits. */
  close(): void {
    this.#vfs.close();
  }
}

function openVfs(store: Store, config: DaemonConfig, acls: Acls): Vfs {
  const { options } = config;
  const branch = store.branches.named(config.branch)?.id;
  if (branch === undefined) throw new Error(`there is no branch "${config.branch}" in ${config.database}`);
  return new Vfs(store, {
    branch,
    access: options.readOnly ? "read-only" : "read-write",
    moment: config.at === undefined ? undefined : momentAt(store, branch, config.at),
    dirHistory: options.dirHistory,
    viewsVisible: options.viewsVisible,
    acls,
    accessTimes: options.relatime ? "relative" : "kept",
  });
}

/** Reads `--at`. Throws with the accepted forms. */
function momentAt(store: Store, branch: number, text: string): number {
  const named = namedMoment(store, branch, text, nowMicros());
  if (named.kind === "unreadable") throw new Error(`--at ${text}: no such moment; write ${whenForms}`);
  if (named.kind === "nowhere")
    throw new Error(`--at ${text}: the file system has no such moment (it is in the future, or before its history begins)`);
  return named.moment;
}

/** How all files are to show, where that is not how they are. */
function shownAs(options: MountOptions): ShownAs | undefined {
  const { uid, gid, umask, allowOther } = options;
  const rootOnlyFor = !allowOther && needsOthers(options) ? process.geteuid?.() : undefined;
  if (uid === undefined && gid === undefined && umask === undefined && rootOnlyFor === undefined) return undefined;
  return { uid, gid, permissions: umask === undefined ? undefined : 0o777 & ~umask, rootOnlyFor };
}

function viewOwner(config: DaemonConfig): { uid: number; gid: number; mode: number } {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, mode: config.options.viewsOther ? 0o755 : 0o700 };
}

/** What this thread's JavaScript holds, bytes. */
function memory(): Record<string, number> {
  const { heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage();
  return { heapUsedBytes: heapUsed, heapBytes: heapTotal, externalBytes: external, arrayBufferBytes: arrayBuffers };
}
