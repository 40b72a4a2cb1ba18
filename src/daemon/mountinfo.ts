import { readFileSync } from "node:fs";

/** The file system type the kernel shows for our mounts. Its source is the database's absolute path. */
export const mountType = "fuse.stonefs";

/** One line of /proc/self/mountinfo, proc_pid_mountinfo(5). */
export interface MountEntry {
  readonly mountPoint: string;
  readonly type: string;
  readonly source: string;
}

/** The kernel writes space, tab, newline and backslash as octal escapes and every other byte as it is. */
function fieldText(field: string): string {
  const bytes = field.replace(/\\([0-7]{3})/g, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/** Every mount of this process's namespace, in the order they were made. Reads no mount, so a dead one cannot hurt. */
export function readMounts(text = readFileSync("/proc/self/mountinfo", "latin1")): MountEntry[] {
  const entries: MountEntry[] = [];
  for (const line of text.split("\n")) {
    const fields = line.split(" ");
    // Optional fields stand between the sixth and a lone "-".
    const dash = fields.indexOf("-", 6);
    const [mountPoint, type, source] = [fields[4], fields[dash + 1], fields[dash + 2]];
    if (dash < 0 || mountPoint === undefined || type === undefined || source === undefined) continue;
    entries.push({ mountPoint: fieldText(mountPoint), type, source: fieldText(source) });
  }
  return entries;
}

/** What is mounted exactly on a directory: of several mounts on top of each other, the one that shows. */
export function mountAt(mountPoint: string, mounts = readMounts()): MountEntry | undefined {
  return mounts.findLast((entry) => entry.mountPoint === mountPoint);
}

/** The mount an absolute path without symbolic links lies in. */
export function mountOf(path: string, mounts = readMounts()): MountEntry | undefined {
  let best: MountEntry | undefined;
  for (const entry of mounts) {
    if (!isWithin(path, entry.mountPoint)) continue;
    if (best === undefined || entry.mountPoint.length >= best.mountPoint.length) best = entry;
  }
  return best;
}

/** Whether an absolute path is a directory or lies below it. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith("/") ? directory : `${directory}/`);
}
