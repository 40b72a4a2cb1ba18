import { Command } from "commander";
import { printJson, printLine } from "../output.js";
import { here } from "../session.js";

async function switchTo(name: string, flags: { readonly db?: string; readonly json?: true }): Promise<void> {
  await here(flags, async (session) => {
    const switched = await session.ask("switch", { name });
    const mountPoint = session.status?.mountPoint ?? "";
    if (flags.json === true) printJson({ mountPoint, from: session.status?.branch ?? null, to: switched.name });
    else printLine(`${mountPoint} shows ${switched.name}`);
  });
}

export function switchCommand(): Command {
  return new Command("switch")
    .summary("show another branch in the mount")
    .description(
      "Makes the root of the mount that of branch NAME, for every program at once. Files that are open, and working directories below the root,\n" +
        "stay in the branch they are in.",
    )
    .argument("<NAME>", "the branch to show")
    .option("--db <FILE>", "the mounted database")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  stone switch idea
  stone switch main`,
    )
    .action(switchTo);
}
