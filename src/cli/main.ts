#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { beginCommand } from "./commands/begin.js";
import { branchCommand } from "./commands/branch.js";
import { catCommand } from "./commands/cat.js";
import { checkCommand } from "./commands/check.js";
import { commitCommand } from "./commands/commit.js";
import { diffCommand } from "./commands/diff.js";
import { gcCommand } from "./commands/gc.js";
import { historyCommand } from "./commands/history.js";
import { initCommand } from "./commands/init.js";
import { logCommand } from "./commands/log.js";
import { mergeCommand } from "./commands/merge.js";
import { mountCommand } from "./commands/mount.js";
import { psCommand } from "./commands/ps.js";
import { restoreCommand } from "./commands/restore.js";
import { rollbackCommand } from "./commands/rollback.js";
import { snapshotCommand } from "./commands/snapshot.js";
import { sqlCommand } from "./commands/sql.js";
import { statusCommand } from "./commands/status.js";
import { switchCommand } from "./commands/switch.js";
import { txCommand } from "./commands/tx.js";
import { umountCommand } from "./commands/umount.js";
import { undoCommand } from "./commands/undo.js";
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

/** In the order of the help. */
const commands = [
  initCommand,
  mountCommand,
  umountCommand,
  statusCommand,
  logCommand,
  historyCommand,
  catCommand,
  psCommand,
  sqlCommand,
  snapshotCommand,
  branchCommand,
  switchCommand,
  diffCommand,
  mergeCommand,
  restoreCommand,
  undoCommand,
  beginCommand,
  commitCommand,
  rollbackCommand,
  txCommand,
  checkCommand,
  gcCommand,
];

/** Commands that print their own refusals would say the same thing in several voices. */
function quieten(command: Command): Command {
  return command.exitOverride().configureOutput({ outputError: () => {} });
}

function buildProgram(): Command {
  const program = quieten(new Command("stone"))
    .description("A database you can mount: every change is a row, every past state a directory.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [COMMAND]", "print help for a command")
    .enablePositionalOptions()
    .addHelpText("after", moments);
  for (const make of commands) {
    program.addCommand(quieten(make()).helpOption("-h, --help", "print help"));
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
  await buildProgram().parseAsync(words, { from: "user" });
} catch (error) {
  process.exitCode = conclude(error, words);
}
// Everything was printed synchronously; a request of a mount that hangs must not keep the command.
process.exit();
