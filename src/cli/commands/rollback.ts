import { Command } from "commander";
import { printJson, printLine } from "../output.js";
import { here } from "../session.js";
import { findTransaction } from "../transactions.js";
import { adviseToLeave } from "./commit.js";

async function rollback(name: string | undefined, flags: { readonly db?: string; readonly json?: true }): Promise<void> {
  await here(flags, async (session) => {
    const transaction = await findTransaction(session, name);
    await session.change("rollback", { name: transaction });
    if (flags.json === true) printJson({ name: transaction });
    else printLine(`rolled ${transaction} back`);
    adviseToLeave(session, transaction);
  });
}

export function rollbackCommand(): Command {
  return new Command("rollback")
    .summary("end a transaction and forget it")
    .description("Ends a transaction and forgets what it did. Nobody else ever saw it.")
    .argument("[NAME]", "the transaction; by default the one the current directory is in, or that this shell opened")
    .option("--db <FILE>", "the database")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  stone rollback
  stone rollback upgrade`,
    )
    .action(rollback);
}
