import { closeSync, writeSync } from "node:fs";
import { logLine } from "../base/log.js";
import { type DaemonConfig, type Report, reportDescriptor } from "./protocol.js";
import { startServingThread } from "./serving-thread.js";

/** The process behind a mount, as `startDaemon` starts it: its configuration is its only argument, its standard error the log. */
function report(report: Report): void {
  try {
    writeSync(reportDescriptor, `${JSON.stringify(report)}\n`);
    closeSync(reportDescriptor);
  } catch (error) {
    // The command that started us was interrupted; the mount is good nevertheless.
    logLine("warning", `nobody waits for the mount: ${String(error)}`);
  }
}

const config = JSON.parse(process.argv[2] ?? "") as DaemonConfig;
// First of all, for the two threads load at the same time, and the mount waits for that one.
const thread = startServingThread(config);
const [{ runDaemon }, { exitNow }] = await Promise.all([import("./daemon.js"), import("./native.js")]);
process.title = `stonefs ${config.mountPoint}`;
process.umask(0o077);
process.on("uncaughtException", (error) => {
  // The main thread only supervises: the worker goes on serving.
  logLine("error", `uncaught: ${error.stack ?? String(error)}`);
});
const status = await runDaemon(config, thread, report).catch((error: unknown) => {
  logLine("error", `the daemon failed: ${error instanceof Error ? error.stack : String(error)}`);
  return 1;
});
exitNow(status);
