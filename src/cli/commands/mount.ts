import { Command } from "commander";
import { describeOptions, type MountOptions, OptionError, parseMountOptions } from "../../daemon/options.js";
import type { DaemonConfig } from "../../daemon/protocol.js";
import { startDaemon } from "../../daemon/spawn.js";
import { CliError, UsageError } from "../errors.js";
import { awaitAnswer, checkDatabase, checkMountPoint, daemonPid, warnIfNotEmpty } from "../mountpoint.js";
import { printError, printLine } from "../output.js";
import { existingDatabase } from "../paths.js";

interface MountFlags {
  readonly branch: string;
  readonly at?: string;
  readonly foreground?: true;
  readonly options?: readonly string[];
  readonly ifNeeded?: true;
}

function parseOptions(lists: readonly string[]): MountOptions {
  try {
    return parseMountOptions(lists);
  } catch (error) {
    if (error instanceof OptionError) throw new UsageError(error.message);
    throw error;
  }
}

/** Serves from this process. Never returns: the worker may still be in the kernel when the mount has ended. */
async function serveInForeground(config: DaemonConfig): Promise<never> {
  // Loaded only here, like all that the usual mount has no use for: the daemon is the sooner started.
  const { startServingThread } = await import("../../daemon/serving-thread.js");
  const thread = startServingThread(config);
  const [{ runDaemon }, { exitNow }] = await Promise.all([import("../../daemon/daemon.js"), import("../../daemon/native.js")]);
  const status = await runDaemon(config, thread, (report) => {
    if (report.ready) printLine(`mounted ${config.database} on ${config.mountPoint} (pid ${process.pid}); Ctrl-C unmounts it`);
    else printError(`stone: ${report.message}`);
  });
  return exitNow(status);
}

async function mount(databasePath: string, directory: string, flags: MountFlags): Promise<void> {
  const options = parseOptions(flags.options ?? []);
  const database = existingDatabase(databasePath);
  const { path, mounted } = await checkMountPoint(directory);
  if (mounted !== undefined) {
    const pid = await daemonPid(mounted.source);
    const text = `${mounted.source} is already mounted on ${path}${pid === undefined ? "" : ` (pid ${pid})`}`;
    if (flags.ifNeeded !== true || mounted.source !== database) throw new CliError(`${text}; unmount it with: stone umount ${directory}`);
    printLine(text);
    return;
  }
  await checkDatabase(database, path);
  await warnIfNotEmpty(path);
  const config: DaemonConfig = {
    database,
    mountPoint: path,
    branch: flags.branch,
    ...(flags.at === undefined ? {} : { at: flags.at }),
    options,
  };
  if (flags.foreground === true) await serveInForeground(config);
  const pid = await startDaemon(config);
  await awaitAnswer(path);
  printLine(`mounted ${database} on ${path} (pid ${pid})`);
}

/** `-o a -o b` means the same as `-o a,b`. */
function appendList(list: string, lists: readonly string[] | undefined): readonly string[] {
  return [...(lists ?? []), list];
}

export function mountCommand(): Command {
  return new Command("mount")
    .summary("mount a database on a directory")
    .description(
      "Mounts the file system in DB on the directory DIR and returns when it answers. A daemon serves it until stone umount; its log is DB.log.\n" +
        "A mount that a crashed daemon left on DIR is taken away first.",
    )
    .argument("<DB>", "the database, made with stone init")
    .argument("<DIR>", "an existing directory")
    .option("--branch <NAME>", "the branch to show", "main")
    .option("--at <WHEN>", "show a past moment, read-only (see stone help, Moments)")
    .option("-f, --foreground", "serve from this process, log to standard error, unmount on Ctrl-C")
    .option("--if-needed", "succeed when DB is already mounted on DIR")
    .option("-o, --options <LIST>", "options, separated by commas (below)", appendList)
    .addHelpText(
      "after",
      `
Mount options (-o):
${describeOptions()}
  SIZE is a number of bytes, or one with K, M, G or T. What fstab says of every file system (defaults, nofail, x-…) is accepted.

Examples:
  stone mount notes.db ~/notes
  stone mount notes.db ~/notes -o size=10G,views=visible
  stone mount notes.db /mnt/then --at 2026-11-01T09:00
  sudo stone mount /srv/team.db /srv/team -o allow_other,suid`,
    )
    .action(mount);
}
