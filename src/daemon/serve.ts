import { logLine } from "../base/log.js";
import { defaultInitOptions } from "../fuse/init.js";
import { mount, setReadAhead } from "../fuse/mount.js";
import { Notifier } from "../fuse/notify.js";
import { RequestCounts } from "../fuse/request-counts.js";
import { Session } from "../fuse/session.js";
import { FileSystem } from "./file-system.js";
import { kernelOptions } from "./kernel-options.js";
import type { KernelServing } from "./serving.js";

/** Read-ahead of the mount: eight blobs a request, enough to keep a sequential reader from waiting. */
const readAheadKibibytes = 1024;

/**
 * Opens the database, mounts through this package's own driver, serves until unmounted, commits and closes. Keeps its thread for good.
 * Throws with a message for the user when it cannot begin.
 */
export function serve(serving: KernelServing): void {
  const { config } = serving;
  const { options } = config;
  const acls = options.acl === false ? "off" : "on";
  const fileSystem = new FileSystem(serving, acls);
  let fd: number;
  try {
    fd = mount(config.mountPoint, kernelOptions(config));
  } catch (error) {
    fileSystem.close();
    throw error;
  }
  const notifier = new Notifier(fd, serving.wakeDescriptor);
  const counts = new RequestCounts();
  const served = fileSystem.control({
    cache: notifier,
    whenNoticed: (then) => notifier.whenDelivered(then),
    counters: () => counts.named(),
  });
  const session = new Session({
    fd,
    wakeFd: serving.wakeDescriptor,
    handlers: fileSystem.bridge,
    counts,
    init: {
      ...defaultInitOptions,
      writebackCache: options.writeback ? "on" : "off",
      posixAcl: acls,
      // Truncation would come with the OPEN that does not come.
      atomicTruncate: options.noOpen ? "off" : "on",
    },
    spinMicros: options.spinMicros,
    fastWake: options.fastWake,
    hooks: {
      ...fileSystem.housekeeping,
      onWake: () => {
        notifier.settle();
        serving.onWake(served);
      },
      onInit: () => {
        setReadAhead(config.mountPoint, readAheadKibibytes);
        serving.onMounted();
      },
    },
  });
  try {
    session.run();
  } finally {
    notifier.close();
    fileSystem.close();
    logLine("info", `${config.mountPoint} is unmounted, ${config.database} is closed`);
  }
}
