import { createHash } from "node:crypto";
import { closeSync, constants, openSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * The kernel takes at most 107 bytes as a socket's path, unix(7). Longer ones are reached through a descriptor of their
 * directory, `/proc/self/fd/N/name`, so only the name has to fit, and a long name gives way to its digest.
 */
const nameMaxBytes = 80;

/** Where the control socket of a database lies. */
export function socketPath(database: string): string {
  const name = `${basename(database)}.sock`;
  if (Buffer.byteLength(name) <= nameMaxBytes) return join(dirname(database), name);
  const digest = createHash("sha256").update(basename(database)).digest("hex").slice(0, 32);
  return join(dirname(database), `stonefs-${digest}.sock`);
}

/** Calls `use` with a short path to the same socket, valid until `use` returns. */
export function withShortPath<Result>(path: string, use: (short: string) => Result): Result {
  const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return use(`/proc/self/fd/${directory}/${basename(path)}`);
  } finally {
    closeSync(directory);
  }
}
