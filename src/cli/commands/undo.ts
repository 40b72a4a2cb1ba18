import { Command } from "commander";
import { tell } from "../changes.js";
import { CliError, UsageError } from "../errors.js";
import { countOf } from "../numbers.js";
import { processRows } from "../reports/processes.js";
import { branchId, here, type Session } from "../session.js";

interface Flags {
  readonly by?: string;
  readonly dryRun?: true;
  readonly db?: string;
  readonly branch?: string;
  readonly json?: true;
}

/** The pid that `--by` means: itself, or that of the only process of that name. */
async function pidOf(session: Session, by: string): Promise<number> {
  const rows = await session.read((store) => processRows(store, branchId(store, session.branch)));
  const found = rows.filter((row) => (/^[0-9]+$/.test(by) ? row.pid === Number(by) : row.name === by));
  const [first] = found;
  if (first === undefined)
    throw new CliError(`--by ${by}: no such process changed anything on ${session.branch}; stone ps lists those that did`);
  const pids = [...new Set(found.map(({ pid }) => pid))];
  if (pids.length > 1) throw new CliError(`--by ${by}: ${pids.length} processes bear that name; say which: ${pids.slice(-10).join(", ")}`);
  return first.pid;
}

async function undo(count: number | undefined, flags: Flags): Promise<void> {
  if (count !== undefined && flags.by !== undefined) throw new UsageError("N and --by exclude each other");
  await here(flags, async (session) => {
    const what = flags.by === undefined ? { count: count ?? 1 } : { by: await pidOf(session, flags.by) };
    const dryRun = flags.dryRun === true;
    const report = await session.change("undo", { ...what, branch: session.branch, intent: dryRun ? "dry-run" : "apply" });
    const done =
      what.by === undefined
        ? `undoing ${what.count === 1 ? "the last change" : `the last ${what.count} changes`}`
        : `undoing what process ${what.by} did`;
    tell(report, {
      json: flags.json === true,
      dryRun,
      done,
      advice: "What was changed again since is not undone; restore such a file with: stone restore WHEN PATH",
    });
  });
}

export function undoCommand(): Command {
  return new Command("undo")
    .summary("take changes back")
    .description(
      "Takes back the last N changes of a branch (1 by default), or all those of one process. Undoing is a change itself and can be undone.\n" +
        "What was changed again since is a conflict: it is listed, and nothing is applied (exit status 1).",
    )
    .argument("[N]", "how many changes", countOf("N"))
    .option("--by <PROCESS>", "all changes of the process with this pid, or of the only one of this name; stone ps lists them")
    .option("-n, --dry-run", "only say what would change")
    .option("--branch <NAME>", "the branch; by default the one the current directory is in, or the mounted one")
    .option("--db <FILE>", "the database")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  stone undo                             the last change
  stone undo 5 --dry-run
  stone undo --by 4711                   whatever process 4711 did`,
    )
    .action(undo);
}
