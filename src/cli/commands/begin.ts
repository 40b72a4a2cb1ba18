import { Command } from "commander";
import { printJson, printLine } from "../output.js";
import { currentPlace } from "../paths.js";
import { withSession } from "../session.js";
import { refuseNested } from "../transactions.js";

interface Flags {
  readonly from?: string;
  readonly db?: string;
  readonly json?: true;
}

async function begin(name: string | undefined, flags: Flags): Promise<void> {
  const place = currentPlace(flags.db);
  await withSession(place, {}, async (session) => {
    await refuseNested(session);
    const report = await session.change("begin", { ...(name === undefined ? {} : { name }), from: flags.from ?? session.branch });
    const directory = session.directoryOf(report.name) ?? null;
    if (flags.json === true) {
      printJson({ ...report, directory });
      return;
    }
    printLine(`began ${report.name} from ${report.from}@${report.forkedAt}`);
    if (directory === null) printLine(`mount it with: stone mount ${session.database} DIR --branch ${report.name}`);
    else printLine(`work in it with: cd ${[directory, ...place.components].join("/")}`);
  });
}

export function beginCommand(): Command {
  return new Command("begin")
    .summary("open a transaction")
    .description(
      "Opens a transaction: a private branch of the mounted tree, whose directory it prints. Nobody else sees what is done there until\n" +
        "stone commit, which merges all of it at once; stone rollback forgets it. Transactions do not nest.",
    )
    .argument("[NAME]", "its name; tx-1 and so on by default")
    .option("--from <BRANCH>", "the branch to work on; by default the one the current directory is in, or the mounted one")
    .option("--db <FILE>", "the database")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  stone begin upgrade                    prints where it is
  cd .branches/upgrade                   work there, look at it with stone diff main
  stone commit                           or stone rollback`,
    )
    .action(begin);
}
