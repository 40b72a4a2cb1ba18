import { nameText } from "../base/bytes.js";
import { readMounts as readKernelMounts } from "../fuse/mountinfo.js";

/** The file system type the kernel shows for our mounts. Its source is the database's absolute path. */
export const mountType = "fuse.stonefs";

/** One mount, its paths as text. */
export interface MountEntry {
  /** The directory of the file system that shows there: `/`, or that of a bind mount. */
  readonly root: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly source: string;
}

/** Every mount of this process's namespace, in the order they were made. Reads no mount, so a dead one cannot hurt. */
export function readMounts(): MountEntry[] {
  return readKernelMounts().map(({ root, mountPoint, type, fsname }) => {
    return { root: nameText(root), mountPoint: nameText(mountPoint), type, source: nameText(fsname) };
  });
}

/** What is mounted exactly on a directory: of several mounts on top of each other, the one that shows. */
export function mountAt(mountPoint: string): MountEntry | undefined {
  return readMounts().findLast((entry) => entry.mountPoint === mountPoint);
}

/** The mount an absolute path without symbolic links lies in. */
export function mountOf(path: string): MountEntry | undefined {
  let best: MountEntry | undefined;
  for (const entry of readMounts()) {
    if (!isWithin(path, entry.mountPoint)) continue;
    if (best === undefined || entry.mountPoint.length >= best.mountPoint.length) best = entry;
  }
  return best;
}

/** Whether an absolute path is a directory or lies below it. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith("/") ? directory : `${directory}/`);
}
