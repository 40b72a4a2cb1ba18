import { InvariantError } from "../base/assert.js";
import { nowMicros } from "../base/clock.js";
import { logLine } from "../base/log.js";
import { Bridge } from "../bridge/bridge.js";
import { Callers } from "../bridge/callers.js";
import type { ShownAs } from "../bridge/node-table.js";
import { Notices } from "../bridge/notices.js";
import { defaultInitOptions } from "../fuse/init.js";
import { mount, setReadAhead } from "../fuse/mount.js";
import { Notifier } from "../fuse/notify.js";
import { RequestCounts } from "../fuse/request-counts.js";
import { Session } from "../fuse/session.js";
import { garbageCollection } from "../store/gc.js";
import { openStore, type Store } from "../store/store.js";
import { namedMoment } from "../vfs/moments.js";
import { Vfs } from "../vfs/vfs.js";
import { whenForms } from "../vfs/when.js";
import { startCheckpointer } from "./checkpointer.js";
import { Jobs } from "./jobs.js";
import type { MountOptions } from "./options.js";
import { Performer } from "./performing.js";
import type { DaemonConfig } from "./protocol.js";
import type { Served, Serving } from "./serving.js";

/** Read-ahead of the mount: eight blobs a request, enough to keep a sequential reader from waiting. */
const readAheadKibibytes = 1024;

/**
 * The one place where the layers meet: opens the database, mounts, serves until unmounted, commits and closes.
 * Throws with a message for the user when it cannot begin.
 */
export function serve(serving: Serving): void {
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
    checkpointer: startCheckpointer(config.database),
  });
  let vfs: Vfs;
  let fd: number;
  try {
    vfs = openVfs(store, config);
    fd = mountAt(config);
  } catch (error) {
    store.close();
    throw error;
  }
  const callers = new Callers(store.processes, serving.onNewProcess);
  const bridge = new Bridge(vfs, callers, viewOwner(config), shownAs(options));
  const jobs = new Jobs();
  const notifier = new Notifier(fd, serving.wakeDescriptor);
  const notices = new Notices(notifier, vfs, bridge.nodes, options.writeback ? "kept" : "told");
  const performer = new Performer(vfs, bridge.nodes, notices, callers);
  const counts = new RequestCounts();
  const served = control(store, vfs, bridge, jobs, notifier, performer, counts);
  const session = new Session({
    fd,
    wakeFd: serving.wakeDescriptor,
    handlers: bridge,
    counts,
    init: { ...defaultInitOptions, writebackCache: options.writeback ? "on" : "off", posixAcl: options.acl ? "on" : "off" },
    spinMicros: options.spinMicros,
    fastWake: options.fastWake,
    hooks: {
      nextDeadlineMillis: () => (jobs.waiting ? 0 : store.millisUntilDue()),
      onTick: () => {
        jobs.step();
        store.commitIfDue();
      },
      onWake: () => {
        notifier.settle();
        serving.onWake(served);
      },
      onInit: () => {
        setReadAhead(config.mountPoint, readAheadKibibytes);
        serving.onMounted();
      },
      afterRequest: () => store.pulse(),
      onIdle: () => store.idle(),
      onFault: (error) => {
        if (error instanceof InvariantError) vfs.freeze(error.message);
      },
    },
  });
  try {
    session.run();
  } finally {
    notifier.close();
    vfs.close();
    logLine("info", `${config.mountPoint} is unmounted, ${config.database} is closed`);
  }
}

function openVfs(store: Store, config: DaemonConfig): Vfs {
  const { options } = config;
  const branch = store.branches.named(config.branch)?.id;
  if (branch === undefined) throw new Error(`there is no branch "${config.branch}" in ${config.database}`);
  return new Vfs(store, {
    branch,
    access: options.readOnly ? "read-only" : "read-write",
    moment: config.at === undefined ? undefined : momentAt(store, branch, config.at),
    dirHistory: options.dirHistory,
    viewsVisible: options.viewsVisible,
    acls: options.acl ? "on" : "off",
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

function mountAt(config: DaemonConfig): number {
  const { options } = config;
  return mount(config.mountPoint, {
    fsname: options.fsname ?? config.database,
    subtype: options.subtype ?? "stonefs",
    access: options.allowOther || needsOthers(options) ? "everyone" : "mounting-user",
    readOnly: options.readOnly || config.at !== undefined,
    setuid: options.suid,
    devices: options.dev,
    executables: options.exec,
    maxReadBytes: options.maxReadBytes,
  });
}

/** The kernel has no `allow_root`: root, too, is another user to an ordinary user's mount. */
function needsOthers({ allowRoot }: MountOptions): boolean {
  return allowRoot && process.geteuid?.() !== 0;
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

function control(
  store: Store,
  vfs: Vfs,
  bridge: Bridge,
  jobs: Jobs,
  notifier: Notifier,
  performer: Performer,
  counts: RequestCounts,
): Served {
  return {
    perform: (call, peer, answer) => answer(performer.perform(call, peer)),
    whenNoticed: (then) => notifier.whenDelivered(then),
    barrier: () => store.commit("durable"),
    gc: (keepMicros, answer, refuse) => jobs.add(garbageCollection(store, keepMicros, vfs.views.moments()), answer, refuse),
    describeProcess: (id, details) => store.processes.describe(id, details),
    counters: () => ({
      ...memory(),
      events: store.events.last,
      nodes: bridge.nodes.knownNodes,
      openFiles: vfs.handles.count,
      dirtyBytes: store.space.dirtyBytes,
      databaseBytes: store.connection.usage().usedBytes,
      logBytes: store.space.logBytes,
      ...counts.named(),
    }),
  };
}
