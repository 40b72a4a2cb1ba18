import { readFileSync } from "node:fs";

/** Who asks: the identity that files created get, and the process that the event is attributed to. */
export interface Caller {
  readonly uid: number;
  readonly gid: number;
  /** Row of the `process` table; null for the file system itself. */
  readonly process: number | null;
  /** Permission bits its new files do not get, umask(2); a directory's default access control list takes the place of it. */
  readonly umask?: number;
  /** The thread that asks, 0 when none does: what else it may is looked up when it matters. */
  readonly thread?: number;
}

/**
 * Whether the caller belongs to a group, by its own or its supplementary ones. Only `status` is read: more of /proc could wait for
 * this very mount.
 */
export function isMember(caller: Caller, gid: number): boolean {
  if (caller.gid === gid) return true;
  if (caller.thread === undefined || caller.thread === 0) return false;
  try {
    const status = readFileSync(`/proc/${caller.thread}/status`, "latin1");
    const groups = /^Groups:\t(.*)$/m.exec(status)?.[1] ?? "";
    return groups.split(" ").includes(String(gid));
  } catch {
    return false;
  }
}
