import { Command } from "commander";
import { nameFromText } from "../../base/bytes.js";
import { tell } from "../changes.js";
import { findMoment } from "../refs.js";
import { commonPlace, withSession } from "../session.js";

interface Flags {
  readonly dryRun?: true;
  readonly db?: string;
  readonly branch?: string;
  readonly json?: true;
}

async function restore(when: string, names: readonly string[], flags: Flags): Promise<void> {
  const { place, paths } = commonPlace(names, flags);
  await withSession(place, flags, async (session) => {
    const moment = await session.read((store) => findMoment(store, session.branch, when));
    const dryRun = flags.dryRun === true;
    const report = await session.change("restore", {
      when: `@${moment}`,
      paths: paths.map((components) => components.map(nameFromText).join("/")),
      branch: session.branch,
      intent: dryRun ? "dry-run" : "apply",
    });
    tell(report, { json: flags.json === true, dryRun, done: `restoring ${names.join(" ") || session.branch} as of ${when}`, advice: "" });
  });
}

export function restoreCommand(): Command {
  return new Command("restore")
    .summary("make files as they were")
    .description(
      "Makes PATHs, or the whole branch, as they were at a moment: changed files get their old content, removed ones come back, new ones go.\n" +
        "It is a change like any other: the history in between stays, and stone undo takes it back.",
    )
    .argument("<WHEN>", "the moment (see stone help, Moments)")
    .argument("[PATH...]", "files or directories, even ones that are gone; everything by default")
    .option("-n, --dry-run", "only say what would change")
    .option("--branch <NAME>", "the branch; by default the one the current directory or PATH is in, or the mounted one")
    .option("--db <FILE>", "the database")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  stone restore 10m-ago src --dry-run    what would change
  stone restore 10m-ago src              do it
  stone restore before-upgrade           everything, to a snapshot
  stone restore "yesterday at noon" notes/todo`,
    )
    .action(restore);
}
