import { statSync } from "node:fs";
import { Command } from "commander";
import { tell } from "../changes.js";
import { CliError, codeOf } from "../errors.js";
import { inNamespace, runCommand, whyNoNamespace } from "../namespace.js";
import { printError } from "../output.js";
import { placeHere } from "../paths.js";
import { here, type Session } from "../session.js";
import { refuseInside, transactionVariable } from "../transactions.js";

interface Flags {
  readonly keep?: true;
  readonly db?: string;
}

/** Where the command works: the directory below `root` that stands for the one we are in, `otherwise` when we are in no mount of it. */
function workingDirectory(root: string, database: string, otherwise: string): string {
  const place = placeHere();
  if (place?.database !== database) return otherwise;
  const directory = [root, ...place.components].join("/");
  // A moment of the past may have had directories that are gone.
  return statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true ? directory : root;
}

/** Runs a command with a transaction's tree in place of the branch's, or in the transaction's directory where that cannot be. */
async function runIn(session: Session, name: string, command: readonly string[]): Promise<number> {
  const source = `${session.status?.mountPoint}/.branches/${name}`;
  const target = session.directoryOf(session.branch) ?? source;
  const variables = { [transactionVariable]: name };
  const directory = workingDirectory(target, session.database, process.cwd());
  const why = whyNoNamespace({ source, target }, directory);
  try {
    if (why === undefined) return await runCommand(inNamespace({ source, target }, directory, command), "/", variables);
    const instead = workingDirectory(source, session.database, source);
    printError(`stone: no private mount namespace here (${why}); running in ${instead} instead`);
    return await runCommand(command, instead, variables);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    printError(`stone: ${command[0]}: command not found`);
    return 127;
  }
}

async function end(session: Session, name: string, status: number, flags: Flags): Promise<void> {
  if (flags.keep === true) {
    // Not on standard output, which is the command's.
    printError(
      `stone: ${name} is kept (exit status ${status}); look at it with: stone diff ${session.branch} ${name}; then: stone commit ${name}, or stone rollback ${name}`,
    );
    return;
  }
  if (status !== 0) {
    await session.change("rollback", { name });
    printError(`stone: exit status ${status}, rolled back`);
    return;
  }
  const report = await session.change("commit", { name, resolutions: [], markers: "none", intent: "apply" });
  const advice = `${name} stays open; settle them with: stone commit ${name} --ours, --theirs or --text, or: stone rollback ${name}`;
  if (report.conflicts.length > 0) tell(report, { json: false, dryRun: false, done: "", advice });
}

async function tx(command: readonly string[], flags: Flags): Promise<void> {
  await here(flags.db === undefined ? {} : { db: flags.db }, async (session) => {
    if (session.status === undefined) {
      throw new CliError(
        `${session.database} is not mounted, and a command needs files; mount it with: stone mount ${session.database} DIR`,
      );
    }
    await refuseInside(session);
    const { name } = await session.change("begin", { from: session.branch });
    let status: number;
    try {
      status = await runIn(session, name, command);
    } catch (error) {
      await session.change("rollback", { name });
      throw error;
    }
    process.exitCode = status;
    await end(session, name, status, flags);
  });
}

export function txCommand(): Command {
  return new Command("tx")
    .summary("run a command as a transaction")
    .description(
      "Runs CMD with a transaction's tree in place of the mount: commits what it did when it exits 0, else rolls it back, and passes its exit\n" +
        "status on (128 and the signal's number when one ended it). Others see nothing until then. Where the system allows no private mount\n" +
        "namespace, CMD runs in the transaction's own directory below .branches, and is told so; paths outside it are not part of it then.",
    )
    .argument("<CMD...>", "the command and its arguments, after --")
    .option("--keep", "leave the transaction open for review, whatever the exit status")
    .option("--db <FILE>", "the mounted database")
    .passThroughOptions()
    .addHelpText(
      "after",
      `
Examples:
  stone tx -- make install               all of it or nothing
  stone tx --keep -- ./migrate.sh        then: stone diff main tx-1; stone commit tx-1
  stone tx -- sh -c 'sed -i s/old/new/ *.c && make test'`,
    )
    .action(tx);
}
