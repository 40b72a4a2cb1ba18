import { Command } from "commander";
import { nameFromText, nameText } from "../../base/bytes.js";
import { formatWhen } from "../../vfs/when.js";
import { UsageError } from "../errors.js";
import { countOf } from "../numbers.js";
import { formatBytes, printJson, printLine, showPath } from "../output.js";
import { type LogEntry, logEntries } from "../reports/events.js";
import { branchId, commonPlace, type Session, withSession } from "../session.js";
import { printTable } from "../table.js";

interface Flags {
  readonly db?: string;
  readonly branch?: string;
  readonly all?: true;
  readonly number: number;
  readonly by?: number;
  readonly json?: true;
}

function subjectOf(entry: LogEntry): string {
  const what = entry.subject ?? (entry.path === null ? `(inode ${entry.ino})` : showPath(entry.path));
  const to = entry.toSubject ?? (entry.toPath === null ? null : showPath(entry.toPath));
  return to === null ? what : `${what} -> ${to}`;
}

function print(entries: readonly LogEntry[], flags: Flags): void {
  const by = ({ pid, processName }: LogEntry): string => (pid === null ? "-" : `${processName} (${pid})`);
  printTable(
    [
      { title: "EVENT" },
      { title: "TIME" },
      ...(flags.all === true ? [{ title: "BRANCH" }] : []),
      { title: "OPERATION" },
      { title: "BYTES", align: "right" },
      { title: "BY" },
      { title: "PATH" },
    ],
    entries.map((entry) => [
      `@${entry.event}`,
      formatWhen(entry.atMicros),
      ...(flags.all === true ? [entry.branch] : []),
      entry.op,
      entry.bytes === null ? "" : formatBytes(entry.bytes),
      by(entry),
      subjectOf(entry),
    ]),
  );
}

async function list(session: Session, path: readonly string[], flags: Flags): Promise<void> {
  const entries = await session.read((store) =>
    logEntries(store, {
      branch: flags.all === true ? undefined : branchId(store, session.branch),
      path: path.map(nameFromText),
      pid: flags.by,
      limit: flags.number,
    }),
  );
  if (flags.json !== true) {
    if (entries.length === 0) printLine("no changes");
    else print(entries, flags);
    return;
  }
  const text = (components: readonly string[] | null): string | null =>
    components === null ? null : `/${components.map(nameText).join("/")}`;
  printJson(
    entries.map(({ atMicros, path, toPath, ...entry }) => ({
      ...entry,
      path: text(path),
      toPath: text(toPath),
      time: formatWhen(atMicros),
      atMicros,
    })),
  );
}

async function log(path: string | undefined, flags: Flags): Promise<void> {
  if (flags.all === true && flags.branch !== undefined) throw new UsageError("--all and --branch exclude each other");
  const { place, paths } = commonPlace(path === undefined ? [] : [path], flags);
  await withSession(place, flags, (session) => list(session, paths[0] ?? [], flags));
}

export function logCommand(): Command {
  return new Command("log")
    .summary("list the changes, newest first")
    .description(
      "Lists what was changed, when and by which process, newest first: everything on a branch, or only PATH and what lies below it.\n" +
        "An event can be used as a moment as it is printed (@1234).",
    )
    .argument("[PATH]", "a file or directory, even one that is gone; with --db a path inside that file system")
    .option("-n, --number <COUNT>", "list at most so many", countOf("-n"), 50)
    .option("--by <PID>", "only what this process did", countOf("--by"))
    .option("--branch <NAME>", "the branch; by default the one the current directory or PATH is in, or the mounted one")
    .option("--all", "the changes of all branches")
    .option("--db <FILE>", "the database")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  stone log                              the last 50 changes
  stone log -n 10 src                    the last ten in src and below
  stone log --by 4711 --json | jq '.[].path'`,
    )
    .action(log);
}
