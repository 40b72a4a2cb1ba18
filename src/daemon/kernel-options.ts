import type { MountOptions as KernelOptions } from "../fuse/mount.js";
import type { MountOptions } from "./options.js";
import type { DaemonConfig } from "./protocol.js";

/** What a driver is to mount with. */
export function kernelOptions(config: DaemonConfig): KernelOptions {
  const { options } = config;
  return {
    fsname: options.fsname ?? config.database,
    subtype: options.subtype ?? "stonefs",
    access: options.allowOther || needsOthers(options) ? "everyone" : "mounting-user",
    readOnly: options.readOnly || config.at !== undefined,
    setuid: options.suid,
    devices: options.dev,
    executables: options.exec,
    maxReadBytes: options.maxReadBytes,
  };
}

/** The kernel has no `allow_root`: root, too, is another user to an ordinary user's mount. */
export function needsOthers({ allowRoot }: MountOptions): boolean {
  return allowRoot && process.geteuid?.() !== 0;
}
