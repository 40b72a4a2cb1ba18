import { writeSync } from "node:fs";
import { format } from "node:util";
import debug from "debug";

/**
 * Logs leave by a synchronous write to standard error: the worker never returns to its event loop, so a stream
 * would only fill memory. `DEBUG=stone:*` turns the debug loggers on.
 */
function writeLine(...args: unknown[]): void {
  try {
    writeSync(2, `${format(...args)}\n`);
  } catch {
    // The log's reader went away or its disk is full; the file system goes on.
  }
}

/** A logger that prints only when `DEBUG` names it, such as `stone:fuse`. Test `.enabled` before building costly lines. */
export function debugLog(namespace: string): debug.Debugger {
  const log = debug(namespace);
  log.log = writeLine;
  return log;
}

/** Logs one line for the administrator, always: time, level, text. */
export function logLine(level: "info" | "warning" | "error", text: string): void {
  writeLine("%s %s %s", new Date().toISOString(), level, text);
}
