import { Command } from "commander";
import { checkDatabase } from "../../store/check/check.js";
import { withReader } from "../daemon.js";
import { printJson, printLine } from "../output.js";
import { findDatabase } from "../paths.js";

export function checkCommand(): Command {
  return new Command("check")
    .summary("verify every invariant of the format")
    .description(
      "Reads the whole database and names each broken invariant by its number in schema/. Changes nothing; works while mounted. Exit status 1 if anything is broken.",
    )
    .argument("[DB]", "the database; without it the one mounted around the current directory, or STONE_DB")
    .option("--db <FILE>", "the same, as other commands have it")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  stone check notes.db
  cd ~/notes && stone check`,
    )
    .action(async (path: string | undefined, flags: { readonly db?: string; readonly json?: true }) => {
      const database = findDatabase(path ?? flags.db);
      const problems = await withReader(database, (store) => checkDatabase(store.connection));
      if (flags.json === true) printJson(problems);
      else for (const problem of problems) printLine(`${problem.invariant}: ${problem.message}`);
      if (flags.json !== true) printLine(`${database}: ${problems.length === 0 ? "no problems" : `${problems.length} problems`}`);
      if (problems.length > 0) process.exitCode = 1;
    });
}
