import debug from "debug";
import { writeLogLine } from "./log.js";

/** A logger that prints only when `DEBUG` names it, such as `stone:fuse` or `stone:*`. Test `.enabled` before building costly lines. */
export function debugLog(namespace: string): debug.Debugger {
  const log = debug(namespace);
  log.log = writeLogLine;
  return log;
}
