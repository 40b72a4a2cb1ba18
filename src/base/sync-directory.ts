import { closeSync, fsyncSync, openSync } from "node:fs";

/** Makes the names in a directory durable: fsync(2) of a file alone does not. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
