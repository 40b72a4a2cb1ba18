import { readFileSync } from "node:fs";
import { type Name, nameFromText } from "../base/bytes.js";

/** One mounted file system, as proc_pid_mountinfo(5) shows it. Paths and sources are latin1 strings: any bytes. */
export interface MountInfo {
  /** The directory of the file system that is mounted, from its root: another than `/` for a bind mount. */
  readonly root: Name;
  readonly mountPoint: Name;
  /** Such as `fuse.stonefs`. */
  readonly type: string;
  /** The mount's source, which for this driver names the database. */
  readonly fsname: Name;
  /** `major:minor`, the `st_dev` of what lies on it. */
  readonly device: string;
}

/** Undoes the escapes of mountinfo: `\040` and the like stand for one byte each. */
function unescaped(field: string): Name {
  return field.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function parseLine(line: string): MountInfo | undefined {
  const fields = line.split(" ");
  // Optional fields, any number of them, end at a lone hyphen; type and source follow it.
  const hyphen = fields.indexOf("-", 6);
  const [, , device, root, mountPoint] = fields;
  const type = fields[hyphen + 1];
  const fsname = fields[hyphen + 2];
  if (hyphen === -1 || device === undefined || root === undefined || mountPoint === undefined) return undefined;
  if (type === undefined || fsname === undefined) return undefined;
  return { root: unescaped(root), mountPoint: unescaped(mountPoint), type: unescaped(type), fsname: unescaped(fsname), device };
}

/** All mounts in a mountinfo text (latin1), in its order: a later one on the same path hides the earlier. */
export function parseMountInfo(text: string): MountInfo[] {
  return text
    .split("\n")
    .map(parseLine)
    .filter((mount) => mount !== undefined);
}

function contains(mountPoint: Name, path: Name): boolean {
  if (mountPoint === "/" || mountPoint === path) return true;
  return path.startsWith(mountPoint) && path[mountPoint.length] === "/";
}

/** The mount in `mounts` that the absolute path lies on. */
export function mountOf(mounts: readonly MountInfo[], path: Name): MountInfo | undefined {
  let best: MountInfo | undefined;
  for (const mount of mounts) {
    if (contains(mount.mountPoint, path) && (best === undefined || mount.mountPoint.length >= best.mountPoint.length)) best = mount;
  }
  return best;
}

/** The mounts that this process sees. */
export function readMounts(): MountInfo[] {
  return parseMountInfo(readFileSync("/proc/self/mountinfo", "latin1"));
}

/**
 * The mount that `path` lies on. It touches nothing but /proc: asking the path itself (stat, realpath) would wait for ever when
 * the daemon of that mount is the one asking, and fail when it is dead. So the path must be absolute and free of symlinks.
 */
export function findMount(path: string): MountInfo | undefined {
  return mountOf(readMounts(), nameFromText(path));
}
