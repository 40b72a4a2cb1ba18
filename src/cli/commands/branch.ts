import { Command } from "commander";
import { formatWhen } from "../../vfs/when.js";
import { CliError, UsageError } from "../errors.js";
import { findHolders } from "../holders.js";
import { formatBytes, printJson, printLine } from "../output.js";
import { findMoment } from "../refs.js";
import { type BranchRow, branchRows } from "../reports/branches.js";
import { here, isHeldOpen, type Session } from "../session.js";
import { printTable } from "../table.js";

interface Flags {
  readonly from?: string;
  readonly at?: string;
  readonly drop?: true;
  readonly rename?: true;
  readonly list?: true;
  readonly db?: string;
  readonly json?: true;
}

async function list(session: Session, flags: Flags): Promise<void> {
  const rows = await session.read(branchRows);
  if (flags.json === true) {
    printJson(rows.map((row) => ({ ...row, current: row.name === session.branch, directory: session.directoryOf(row.name) ?? null })));
    return;
  }
  const time = (micros: number | null): string => (micros === null ? "-" : formatWhen(micros).slice(0, 19));
  printTable(
    [
      { title: "" },
      { title: "BRANCH" },
      { title: "KIND" },
      { title: "FORKED FROM" },
      { title: "AT" },
      { title: "FILES", align: "right" },
      { title: "BYTES", align: "right" },
      { title: "LAST CHANGE" },
    ],
    rows.map((row: BranchRow) => [
      row.name === session.branch ? "*" : "",
      row.name,
      row.kind,
      row.from === null ? "-" : `${row.from}@${row.forkedAt}`,
      time(row.forkedAtMicros),
      row.changedFiles === null ? "-" : String(row.changedFiles),
      row.changedBytes === null ? "-" : formatBytes(row.changedBytes),
      time(row.changedAtMicros),
    ]),
  );
}

async function fork(session: Session, name: string, flags: Flags): Promise<void> {
  const from = flags.from ?? session.branch;
  const { at } = flags;
  const moment = at === undefined ? undefined : await session.read((store) => findMoment(store, from, at));
  const report = await session.change("fork", { name, from, ...(moment === undefined ? {} : { at: `@${moment}` }) });
  if (flags.json === true) {
    printJson({ ...report, directory: session.directoryOf(name) ?? null });
    return;
  }
  const directory = session.directoryOf(name);
  const where = directory === undefined ? `mount it with: stone mount ${session.database} DIR --branch ${name}` : `it is in ${directory}`;
  printLine(`forked ${report.name} from ${report.from}@${report.forkedAt}; ${where}`);
}

async function drop(session: Session, name: string): Promise<void> {
  try {
    await session.change("dropBranch", { name });
  } catch (error) {
    const directory = session.directoryOf(name);
    if (!isHeldOpen(error) || directory === undefined) throw error;
    const holders = findHolders(directory);
    throw new CliError(`${name} has files open${holders.length === 0 ? "" : `, by ${holders.join(", ")}`}; close them first`);
  }
}

async function branch(name: string | undefined, to: string | undefined, flags: Flags): Promise<void> {
  const verbs = [flags.drop, flags.rename, flags.list].filter((flag) => flag === true);
  if (verbs.length > 1) throw new UsageError("-d, -m and --list exclude each other");
  if (verbs.length > 0 && (flags.from ?? flags.at) !== undefined) throw new UsageError("--from and --at are for a new branch");
  if (to !== undefined && flags.rename !== true)
    throw new UsageError(`unexpected '${to}'; a branch is renamed with: stone branch -m OLD NEW`);
  if (flags.list === true && name !== undefined) throw new UsageError(`--list takes no name, not '${name}'`);
  if (flags.rename === true && (name === undefined || to === undefined))
    throw new UsageError("-m needs two names: stone branch -m OLD NEW");
  if (flags.drop === true && name === undefined) throw new UsageError("-d needs a name: stone branch -d NAME");
  if (name === undefined && (flags.from ?? flags.at) !== undefined) throw new UsageError("--from and --at are for a new branch; name it");
  await here(flags, async (session) => {
    if (name === undefined) await list(session, flags);
    else if (flags.drop === true) {
      await drop(session, name);
      printLine(`dropped ${name}`);
    } else if (to !== undefined) {
      await session.change("renameBranch", { name, to });
      printLine(`renamed ${name} to ${to}`);
    } else await fork(session, name, flags);
  });
}

export function branchCommand(): Command {
  return new Command("branch")
    .summary("fork, list, rename and drop branches")
    .description(
      "Makes a branch NAME: a writable copy of the whole tree that costs one row. While mounted it is a directory, .branches/NAME in the mount.\n" +
        "Without NAME it lists the branches: where each was forked, how much it changed since, and when last.",
    )
    .argument("[NAME]", "the branch to make, drop (-d) or rename (-m)")
    .argument("[NEW]", "with -m its new name")
    .option("--from <BRANCH>", "fork this branch; by default the one the current directory is in, or the mounted one")
    .option("--at <WHEN>", "fork it as it was then")
    .option("-d, --drop", "drop branch NAME; what was not merged is lost with the next gc")
    .option("-m, --rename", "rename branch NAME to NEW")
    .option("-l, --list", "list the branches")
    .option("--db <FILE>", "the database")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  stone branch idea                      fork what is mounted; look at it in .branches/idea
  stone branch rescue --at 1h-ago        the tree as it was an hour ago, writable
  stone branch                           list them
  stone branch -d idea                   and drop it`,
    )
    .action(branch);
}
