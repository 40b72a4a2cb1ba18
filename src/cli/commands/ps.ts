import { Command } from "commander";
import { formatWhen } from "../../vfs/when.js";
import { printJson, printLine } from "../output.js";
import { type ProcessRow, processRows } from "../reports/processes.js";
import { branchId, here } from "../session.js";
import { printTable } from "../table.js";
import { userNames } from "../users.js";

interface Flags {
  readonly db?: string;
  readonly branch?: string;
  readonly json?: true;
}

/** A command line on one line, as `ps` shows it. */
function commandLine(row: ProcessRow): string {
  const words = row.arguments ?? [row.executable ?? `[${row.name}]`];
  const line = words.join(" ").replace(/\p{Cc}/gu, "?");
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

async function ps(flags: Flags): Promise<void> {
  const rows = await here(flags, (session) =>
    session.read((store) => processRows(store, flags.branch === undefined ? undefined : branchId(store, flags.branch))),
  );
  const userOf = userNames();
  if (flags.json === true) {
    printJson(rows.map((row) => ({ ...row, user: userOf(row.uid), first: formatWhen(row.firstMicros), last: formatWhen(row.lastMicros) })));
    return;
  }
  if (rows.length === 0) {
    printLine("no process has changed anything");
    return;
  }
  printTable(
    [
      { title: "PID", align: "right" },
      { title: "USER" },
      { title: "NAME" },
      { title: "CHANGES", align: "right" },
      { title: "FIRST" },
      { title: "LAST" },
      { title: "COMMAND" },
    ],
    rows.map((row) => [
      String(row.pid),
      userOf(row.uid),
      row.name,
      String(row.events),
      `@${row.firstEvent} ${formatWhen(row.firstMicros).slice(0, 19)}`,
      `@${row.lastEvent} ${formatWhen(row.lastMicros).slice(0, 19)}`,
      commandLine(row),
    ]),
  );
}

export function psCommand(): Command {
  return new Command("ps")
    .summary("list the processes that changed something")
    .description(
      "Lists every process that ever changed something, by its last change: who ran it, what it was, and its first and last event.",
    )
    .option("--branch <NAME>", "only what they changed on this branch")
    .option("--db <FILE>", "the database")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  stone ps
  stone ps | grep make                   then: stone undo --by PID --dry-run
  stone ps --json | jq '.[] | select(.user == "ann") | .pid'`,
    )
    .action(ps);
}
