import { statfsSync, statSync, writeFileSync } from "node:fs";
import { EACCES, EBUSY, EINVAL, ENODEV, ENOENT, ENOTCONN, ENXIO, EPERM, errnoName } from "../base/errno.js";
import { mountByHelper, unmountByHelper } from "./fusermount.js";
import { MountError } from "./mount-error.js";
import { findMount } from "./mountinfo.js";
import { maxWriteBytes } from "./request.js";
import * as sys from "./syscalls.js";

export { MountError } from "./mount-error.js";

export interface MountOptions {
  /** What `mount`, `df` and /proc/self/mountinfo show as the source: the database. */
  readonly fsname: string;
  /** The type shown is `fuse.` and this: `stonefs`. */
  readonly subtype: string;
  /** Who may use the mount: everyone (default_permissions then rules), or the mounting user alone. */
  readonly access: "everyone" | "mounting-user";
  readonly readOnly: boolean;
  /** Honour set-user-id bits. Off unless asked for, as mounts by users are. */
  readonly setuid: boolean;
  /** Honour device nodes. */
  readonly devices: boolean;
  /** Allow programs to be run. */
  readonly executables: boolean;
  /** The longest read the kernel asks for. */
  readonly maxReadBytes: number;
}

export const defaultMountOptions: Omit<MountOptions, "fsname"> = {
  subtype: "stonefs",
  access: "everyone",
  readOnly: false,
  setuid: false,
  devices: false,
  executables: true,
  maxReadBytes: maxWriteBytes,
};

const device = "/dev/fuse";

function openProblem(errno: number): string {
  if (errno === ENOENT || errno === ENODEV || errno === ENXIO) {
    return `there is no ${device}: this kernel (or container) has no FUSE; try "modprobe fuse", or start the container with --device ${device}`;
  }
  if (errno === EACCES || errno === EPERM) return `${device} may not be opened by this user`;
  return `opening ${device}: ${errnoName(errno)}`;
}

/** Opens the device. Nothing else may hold it: with its last descriptor goes the mount, and callers get ENOTCONN. */
function openDevice(): number {
  const fd = sys.open(device, sys.O_RDWR | sys.O_NONBLOCK | sys.O_CLOEXEC, 0);
  if (fd === -1) throw new MountError(openProblem(sys.errno()));
  return fd;
}

function mountFlags(options: MountOptions): number {
  let flags = 0;
  if (options.readOnly) flags |= sys.MS_RDONLY;
  if (!options.setuid) flags |= sys.MS_NOSUID;
  if (!options.devices) flags |= sys.MS_NODEV;
  if (!options.executables) flags |= sys.MS_NOEXEC;
  return flags;
}

/** The options that the kernel's own parser takes, but for those that only root may give. */
function commonData(options: MountOptions): string[] {
  const data = ["default_permissions", `max_read=${options.maxReadBytes}`];
  if (options.access === "everyone") data.push("allow_other");
  return data;
}

/** The type bits of the mount point, in octal: the kernel wants the root to be of the same type. */
function rootMode(mountPoint: string): string {
  try {
    return (statSync(mountPoint).mode & 0o170000).toString(8);
  } catch (error) {
    throw new MountError(`the mount point ${mountPoint}: ${errnoName(-((error as NodeJS.ErrnoException).errno ?? 0))}`);
  }
}

/** Mounts by mount(2); undefined when the kernel does not permit it to us. */
function mountDirectly(mountPoint: string, options: MountOptions): number | undefined {
  const mode = rootMode(mountPoint);
  const fd = openDevice();
  const ids = [`fd=${fd}`, `rootmode=${mode}`, `user_id=${process.getuid?.() ?? 0}`, `group_id=${process.getgid?.() ?? 0}`];
  const data = [...ids, ...commonData(options)].join(",");
  if (sys.mount(options.fsname, mountPoint, `fuse.${options.subtype}`, mountFlags(options), data) === 0) return fd;
  const errno = sys.errno();
  sys.close(fd);
  if (errno === EPERM) return undefined;
  if (errno === ENODEV) throw new MountError('this kernel has no FUSE file system; try "modprobe fuse"');
  throw new MountError(`mounting on ${mountPoint}: ${errnoName(errno)}`);
}

function helperOptions(options: MountOptions): string[] {
  const list = commonData(options);
  list.push(options.readOnly ? "ro" : "rw");
  // The helper lets ordinary users drop neither nosuid nor nodev; root reaches it only where mount(2) was forbidden.
  list.push(options.setuid ? "suid" : "nosuid", options.devices ? "dev" : "nodev", options.executables ? "exec" : "noexec");
  return list;
}

/**
 * Mounts on a directory (an absolute path) and returns the FUSE device's descriptor, non-blocking and closed on exec: a plain
 * number, which may be given to another thread of this process. Callers of the mount wait until a session answers INIT on it.
 * Root mounts by mount(2), everyone else (and root where that is forbidden) through fusermount3. Throws MountError.
 */
export function mount(mountPoint: string, options: MountOptions): number {
  if (isStale(mountPoint)) throw new MountError(`${mountPoint} still has the mount of a dead daemon; unmount it first`);
  const direct = process.geteuid?.() === 0 ? mountDirectly(mountPoint, options) : undefined;
  return direct ?? mountByHelper(mountPoint, options.fsname, options.subtype, helperOptions(options));
}

/** "busy-fails" refuses while files are open there; "lazy" takes the mount out of sight at once and ends it with its last user. */
export type UnmountMode = "busy-fails" | "lazy";

function unmountProblem(mountPoint: string, errno: number): string {
  if (errno === EBUSY) return `${mountPoint} is in use: a process has a file or its working directory there (see "fuser -m ${mountPoint}")`;
  if (errno === EINVAL) return `${mountPoint} is not a mount point`;
  return `unmounting ${mountPoint}: ${errnoName(errno)}`;
}

/**
 * Unmounts. A dead daemon's mount (whose callers get ENOTCONN) goes the same way. With "busy-fails" the kernel first writes
 * back what is delayed, so a session must be serving meanwhile: not to be called from the session's own thread. Throws MountError.
 */
export function unmount(mountPoint: string, mode: UnmountMode): void {
  const flags = sys.UMOUNT_NOFOLLOW | (mode === "lazy" ? sys.MNT_DETACH : 0);
  if (sys.umount2(mountPoint, flags) === 0) return;
  const errno = sys.errno();
  if (errno !== EPERM || process.geteuid?.() === 0) throw new MountError(unmountProblem(mountPoint, errno));
  unmountByHelper(mountPoint, mode === "lazy" ? ["-z"] : []);
}

/**
 * Is there a mount whose daemon is dead at this path? Its `statfs` gives ENOTCONN at once (`stat` might be answered from the
 * kernel's cache). A live mount's `statfs` waits for its daemon, so the daemon itself must not ask.
 */
export function isStale(mountPoint: string): boolean {
  try {
    statfsSync(mountPoint);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).errno === -ENOTCONN;
  }
}

/**
 * Sets how far the kernel reads ahead in files of this mount; its own 128 KiB let a reader wait for each 128 KiB. Only root may,
 * so it says whether it could. The mount must be up: INIT lowers the number to what was agreed there.
 */
export function setReadAhead(mountPoint: string, kibibytes: number): "set" | "not-permitted" {
  const info = findMount(mountPoint);
  if (info === undefined) return "not-permitted";
  try {
    writeFileSync(`/sys/class/bdi/${info.device}/read_ahead_kb`, String(kibibytes));
    return "set";
  } catch {
    return "not-permitted";
  }
}
