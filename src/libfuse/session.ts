import { constants } from "node:fs";
import { access } from "node:fs/promises";
import koffi from "koffi";
import { errnoName } from "../base/errno.js";
import type { Handlers } from "../fuse/handlers.js";
import type { Housekeeping } from "../fuse/housekeeping.js";
import { MountError, type MountOptions } from "../fuse/mount.js";
import type { AnswerCache } from "../fuse/notify.js";
import { loopThread } from "./block.js";
import { openDevice } from "./device.js";
import { mountPointMaxBytes, optionsLine } from "./mount-options.js";
import { Operations } from "./operations.js";
import { loadFuseNative } from "./package.js";

/** What the session asks and tells its owner. */
export interface LibfuseHooks extends Housekeeping {
  /** The mount answers. */
  onMounted(): void;
}

/** Requests served at most before the deadline is looked at. */
const housekeepingInterval = 16;

const libc = koffi.load(null);
const pthreadJoin = libc.func("int pthread_join(uint64_t thread, void **result)");

/**
 * A mount through libfuse 2 and the package fuse-native. libfuse's threads read the requests; the package hands them to the main loop of
 * the process, so a session lives there, and nothing on the main thread may wait for the mount.
 */
export class LibfuseSession {
  readonly #operations: Operations;
  readonly #hooks: LibfuseHooks;
  #served = 0;
  #answers = 0;
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #idling: NodeJS.Immediate | undefined;
  #fail: (error: unknown) => void = () => {};

  constructor(handlers: Handlers, hooks: LibfuseHooks) {
    this.#operations = new Operations(handlers);
    this.#hooks = hooks;
  }

  /** To be told of what changed otherwise than by requests. The kernel itself caches no names and no attributes here. */
  get cache(): AnswerCache {
    return this.#operations.paths;
  }

  /** How many operations were answered. */
  counters(): Readonly<Record<string, number>> {
    return { operations: this.#answers };
  }

  /** Mounts on a directory and serves; resolves when it was unmounted. Rejects with a MountError, or with what `onTick` threw. */
  async run(mountPoint: string, options: MountOptions): Promise<void> {
    const fuseClass = loadFuseNative();
    await checkDevice();
    if (Buffer.byteLength(mountPoint) > mountPointMaxBytes)
      throw new MountError(`${mountPoint}: driver=fuse-native takes no path this long`);
    const device = openDevice(fuseClass, mountPoint, optionsLine(options), this.#operations, {
      afterRequest: () => this.#answered(),
      onFault: (error) => this.#hooks.onFault(error),
    });
    const failed = new Promise<never>((_resolve, reject) => {
      this.#fail = reject;
    });
    await new Promise<void>((resolve, reject) =>
      device.mount((error) => (error === null ? resolve() : reject(mountError(mountPoint, error)))),
    );
    this.#hooks.onMounted();
    try {
      await Promise.race([ended(device._thread as Buffer), failed]);
    } finally {
      this.#rest();
    }
  }

  /** Nothing is to be done any more. */
  #rest(): void {
    clearTimeout(this.#timer as NodeJS.Timeout);
    clearImmediate(this.#timer as NodeJS.Immediate);
    clearImmediate(this.#idling);
  }

  #answered(): void {
    this.#answers++;
    this.#hooks.afterRequest();
    this.#idling ??= setImmediate(() => this.#idle());
    if (this.#timer !== undefined && ++this.#served < housekeepingInterval) return;
    this.#served = 0;
    this.attend();
  }

  /** Immediates come after what the loop polled for, so requests that wait go first. */
  #idle(): void {
    this.#idling = undefined;
    try {
      if (this.#hooks.onIdle()) this.#idling = setImmediate(() => this.#idle());
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Looks at the deadline again: it may have moved. */
  attend(): void {
    clearTimeout(this.#timer as NodeJS.Timeout);
    clearImmediate(this.#timer as NodeJS.Immediate);
    const millis = this.#hooks.nextDeadlineMillis();
    if (millis === Number.POSITIVE_INFINITY) this.#timer = undefined;
    else if (millis <= 0) this.#timer = setImmediate(() => this.#tick());
    else this.#timer = setTimeout(() => this.#tick(), millis);
  }

  #tick(): void {
    try {
      if (this.#hooks.nextDeadlineMillis() <= 0) this.#hooks.onTick();
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.attend();
  }
}

async function checkDevice(): Promise<void> {
  try {
    await access("/dev/fuse", constants.R_OK | constants.W_OK);
  } catch (error) {
    throw new MountError(`driver=fuse-native: /dev/fuse: ${errnoName(-((error as NodeJS.ErrnoException).errno ?? 0))}`);
  }
}

/** libfuse says on standard error why it did not mount, which is the log of a daemon. */
function mountError(mountPoint: string, error: Error): MountError {
  return new MountError(`driver=fuse-native: libfuse did not mount on ${mountPoint} (${error.message}); why is in the log, if it said so`);
}

/** Resolves when libfuse's loop is over: the kernel has said that the file system is unmounted. */
function ended(thread: Buffer): Promise<void> {
  return new Promise((resolve) => pthreadJoin.async(loopThread(thread), null, () => resolve()));
}
