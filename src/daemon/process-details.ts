import { readFile, readlink } from "node:fs/promises";
import type { ProcessDetails } from "../store/processes.js";

/** The longest command line kept, bytes: a shell's expansion of a large directory is not worth a row of megabytes. */
const argumentsMaxBytes = 4096;

/**
 * What /proc says of a process that just changed something: its program, arguments and working directory. To be asked from a thread
 * that serves no mount: these files wait for the process's memory, which may itself wait for the mount. All null when it is gone.
 */
export async function processDetails(pid: number): Promise<ProcessDetails> {
  const [executable, directory, commandLine] = await Promise.all([
    readlink(`/proc/${pid}/exe`).catch(() => null),
    readlink(`/proc/${pid}/cwd`).catch(() => null),
    readFile(`/proc/${pid}/cmdline`).catch(() => Buffer.alloc(0)),
  ]);
  return { executable, directory, arguments: commandLine.length === 0 ? null : argumentsOf(commandLine) };
}

function argumentsOf(commandLine: Buffer): string[] {
  const text = commandLine.toString("utf8", 0, argumentsMaxBytes);
  return (text.endsWith("\0") ? text.slice(0, -1) : text).split("\0");
}
