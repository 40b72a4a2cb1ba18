import { writeSync } from "node:fs";
import { format } from "node:util";

/**
 * Logs leave by a synchronous write to standard error: the worker never returns to its event loop, so a stream
 * would only fill memory.
 */
export function writeLogLine(...args: unknown[]): void {
  try {
    writeSync(2, `${format(...args)}\n`);
  } catch {
    // The log's reader went away or its disk is full; the file system goes on.
  }
}

/** Logs one line for the administrator, always: time, level, text. */
export function logLine(level: "info" | "warning" | "error", text: string): void {
  writeLogLine("%s %s %s", new Date().toISOString(), level, text);
}
