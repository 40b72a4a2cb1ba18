#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { CliError } from "./errors.js";
import { printError } from "./output.js";
import { packageVersion } from "./paths.js";

const moments = `
Moments (WHEN):
  2026-11-22T10:30        a time, ISO 8601; local unless it ends in a zone (Z, +01:00)
  90s-ago 5m-ago 2h-ago   an age; also d and w
  today yesterday         their first instant
  @1234                   an event, as stone history prints it
  before-upgrade          a snapshot's name
  "last friday 5pm"       words, only on a command line
Where a tree is meant, such as by stone diff, also BRANCH and BRANCH@WHEN (idea, idea@5m-ago, main@1234).

Examples:
  stone init notes.db                    create a file system in a file
  stone mount notes.db ~/notes           mount it
  ls ~/notes/.history                    its points in time; each is a directory
  stone history ~/notes/todo             the versions of a file
  stone umount ~/notes                   commit and unmount

Exit status: 0 done, 1 failed, 2 not understood.`;

/** In the order of the help. Only the one that runs is loaded: together they take longer than most of them. */
const commands = new Map<string, () => Promise<Command>>(
  Object.entries({
    init: async () => (await import("./commands/init.js")).initCommand(),
    mount: async () => (await import("./commands/mount.js")).mountCommand(),
    umount: async () => (await import("./commands/umount.js")).umountCommand(),
    status: async () => (await import("./commands/status.js")).statusCommand(),
    log: async () => (await import("./commands/log.js")).logCommand(),
    history: async () => (await import("./commands/history.js")).historyCommand(),
    cat: async () => (await import("./commands/cat.js")).catCommand(),
    ps: async () => (await import("./commands/ps.js")).psCommand(),
    sql: async () => (await import("./commands/sql.js")).sqlCommand(),
    snapshot: async () => (await import("./commands/snapshot.js")).snapshotCommand(),
    branch: async () => (await import("./commands/branch.js")).branchCommand(),
    switch: async () => (await import("./commands/switch.js")).switchCommand(),
    diff: async () => (await import("./commands/diff.js")).diffCommand(),
    merge: async () => (await import("./commands/merge.js")).mergeCommand(),
    restore: async () => (await import("./commands/restore.js")).restoreCommand(),
    undo: async () => (await import("./commands/undo.js")).undoCommand(),
    begin: async () => (await import("./commands/begin.js")).beginCommand(),
    commit: async () => (await import("./commands/commit.js")).commitCommand(),
    rollback: async () => (await import("./commands/rollback.js")).rollbackCommand(),
    tx: async () => (await import("./commands/tx.js")).txCommand(),
    check: async () => (await import("./commands/check.js")).checkCommand(),
    gc: async () => (await import("./commands/gc.js")).gcCommand(),
  }),
);
const aliases = new Map([["unmount", "umount"]]);

/** Commands that print their own refusals would say the same thing in several voices. */
function quieten(command: Command): Command {
  return command.exitOverride().configureOutput({ outputError: () => {} });
}

async function buildProgram(first: string | undefined): Promise<Command> {
  const program = quieten(new Command("stone"))
    .description("A database you can mount: every change is a row, every past state a directory.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [COMMAND]", "print help for a command")
    .enablePositionalOptions()
    .addHelpText("after", moments);
  const only = commands.get(aliases.get(first ?? "") ?? first ?? "");
  for (const make of only === undefined ? commands.values() : [only]) {
    program.addCommand(quieten(await make()).helpOption("-h, --help", "print help"));
  }
  return program;
}

/** Tells the user what went wrong in one line and returns the exit status. */
function conclude(error: unknown, words: readonly string[]): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    if (error.code === "commander.help") return 2;
    const command = error.code === "commander.unknownCommand" ? undefined : words.find((word) => !word.startsWith("-"));
    printError(`stone: ${error.message.replace(/^error: /, "")} (see: stone help${command === undefined ? "" : ` ${command}`})`);
    return 2;
  }
  if (error instanceof CliError) {
    printError(`stone: ${error.message}`);
    return error.status;
  }
  printError(`stone: ${error instanceof Error ? error.message : String(error)}`);
  if (process.env.DEBUG && error instanceof Error) printError(error.stack ?? "");
  return 1;
}

const words = process.argv.slice(2);
try {
  await (await buildProgram(words[0])).parseAsync(words, { from: "user" });
} catch (error) {
  process.exitCode = conclude(error, words);
}
// Everything was printed synchronously; a request of a mount that hangs must not keep the command.
process.exit();
