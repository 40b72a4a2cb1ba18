import { Command } from "commander";
import { tell } from "../changes.js";
import { printError } from "../output.js";
import { markersOf, type ResolutionFlags, resolutionOptions, resolutionsOf } from "../resolutions.js";
import { here, type Session } from "../session.js";
import { findTransaction } from "../transactions.js";
import { checkMarkers } from "./merge.js";

interface Flags extends ResolutionFlags {
  readonly dryRun?: true;
  readonly json?: true;
}

/** Who stands in a directory that is no more should know where to go. */
export function adviseToLeave(session: Session, transaction: string): void {
  if (session.branch === transaction && session.status !== undefined) {
    printError(`stone: this directory is gone with ${transaction}; leave it with: cd ${session.status.mountPoint}`);
  }
}

async function commit(name: string | undefined, flags: Flags): Promise<void> {
  checkMarkers(flags);
  await here(flags.db === undefined ? {} : { db: flags.db }, async (session) => {
    const transaction = await findTransaction(session, name);
    const dryRun = flags.dryRun === true;
    const report = await session.change("commit", {
      name: transaction,
      resolutions: resolutionsOf(flags),
      markers: markersOf(flags),
      intent: dryRun ? "dry-run" : "apply",
    });
    tell(report, {
      json: flags.json === true,
      dryRun,
      done: `committing ${transaction}`,
      advice: `${transaction} stays open: change it and commit again, settle them with --ours, --theirs or --text, or roll it back`,
    });
    if (!dryRun) adviseToLeave(session, transaction);
  });
}

export function commitCommand(): Command {
  const command = new Command("commit")
    .summary("end a transaction and apply it")
    .description(
      "Merges everything a transaction did into the branch it was opened on, all at once, and ends it. What somebody else changed there meanwhile,\n" +
        "and the transaction too, is a conflict: conflicts are listed, nothing is applied (exit status 1) and the transaction stays open.",
    )
    .argument("[NAME]", "the transaction; by default the one the current directory is in, or that this shell opened");
  for (const option of resolutionOptions) command.addOption(option);
  return command
    .option("-n, --dry-run", "only say what would change")
    .option("--db <FILE>", "the database")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  stone commit
  stone commit upgrade --dry-run
  stone commit upgrade --theirs          in conflicts, what the transaction did counts`,
    )
    .action(commit);
}
