/** Caches of the kernel. */
import fs from "node:fs";
import { must } from "./run.js";

/**
 * Empties the page cache, and forgets names and inodes: of the mount and of whatever lies under it. What a daemon keeps in its own
 * memory stays, as it would for a user who comes back to a file after the kernel gave its pages away. Only root can; whether it
 * was done.
 */
export function dropCaches(): boolean {
  must("sync", []);
  try {
    fs.writeFileSync("/proc/sys/vm/drop_caches", "3");
    return true;
  } catch {
    return false;
  }
}
