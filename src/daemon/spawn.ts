import { spawn } from "node:child_process";
import { closeSync, openSync, renameSync, statSync } from "node:fs";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type DaemonConfig, type Report, reportDescriptor } from "./protocol.js";

/** A log that has grown beyond this becomes `.log.1` at the next mount. */
const logMaxBytes = 16 * 1024 * 1024;

export function logPath(database: string): string {
  return `${database}.log`;
}

function openLog(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > logMaxBytes) renameSync(path, `${path}.1`);
  return openSync(path, "a", 0o600);
}

async function readReport(pipe: Readable): Promise<Report | undefined> {
  let text = "";
  pipe.setEncoding("utf8");
  for await (const chunk of pipe) text += chunk;
  return text === "" ? undefined : (JSON.parse(text) as Report);
}

/**
 * Starts a daemon of its own session, which outlives this process, and resolves to its pid when its mount answers.
 * Rejects with the daemon's own message when there will be no mount.
 */
export async function startDaemon(config: DaemonConfig): Promise<number> {
  const path = logPath(config.database);
  const log = openLog(path);
  const main = fileURLToPath(new URL("../daemon/main.js", import.meta.url));
  const child = spawn(process.execPath, [main, JSON.stringify(config)], {
    // A working directory would be kept from being unmounted.
    cwd: "/",
    detached: true,
    env: {
      ...process.env,
      // glibc gives each thread an arena of its own to fragment; two threads that allocate need no more than two.
      MALLOC_ARENA_MAX: "2",
      // Node would read these certificates first of all, 40 ms for those of a whole system, and a daemon speaks no TLS.
      NODE_EXTRA_CA_CERTS: undefined,
    },
    stdio: ["ignore", log, log, "pipe"],
  });
  closeSync(log);
  child.unref();
  const report = await readReport(child.stdio[reportDescriptor] as Readable);
  if (report === undefined) throw new Error(`the daemon ended before it mounted ${config.mountPoint}; its log is ${path}`);
  if (!report.ready) throw new Error(report.message);
  return child.pid ?? 0;
}
