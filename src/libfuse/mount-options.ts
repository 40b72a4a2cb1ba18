import { MountError, type MountOptions } from "../fuse/mount.js";

/** The package copies path and options into 1024 bytes each, with a NUL at the end, and says nothing of what it cuts off. */
const fieldBytes = 1024;
export const mountPointMaxBytes = fieldBytes - 1;

/** libfuse splits options at commas, unless a backslash stands before one. */
function escaped(value: string): string {
  return value.replace(/[\\,]/g, "\\$&");
}

/**
 * libfuse's command line for a mount, one `-o` with everything. Throws MountError when it is too long for the package.
 * - use_ino: inode numbers are ours, not those of paths, so that two names of a file look like it.
 * - entry_timeout, attr_timeout: the kernel asks each time, since there are no notices to tell it of what commands change.
 * - big_writes: writes of 128 KiB instead of 4.
 */
export function optionsLine(options: MountOptions): string {
  const list = ["default_permissions", "use_ino", "entry_timeout=0", "attr_timeout=0", "negative_timeout=0", "big_writes"];
  list.push(`max_read=${options.maxReadBytes}`, options.readOnly ? "ro" : "rw");
  list.push(options.setuid ? "suid" : "nosuid", options.devices ? "dev" : "nodev", options.executables ? "exec" : "noexec");
  if (options.access === "everyone") list.push("allow_other");
  list.push(`fsname=${escaped(options.fsname)}`, `subtype=${escaped(options.subtype)}`);
  const line = `-o${list.join(",")}`;
  if (Buffer.byteLength(line) < fieldBytes) return line;
  throw new MountError("driver=fuse-native: the path of the database is too long for it; give the mount a short fsname=NAME");
}
