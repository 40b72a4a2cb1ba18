import { Command } from "commander";
import type { DaemonStatus } from "../../daemon/protocol.js";
import { withDaemon } from "../daemon.js";
import { formatMillis } from "../duration.js";
import { CliError } from "../errors.js";
import { formatBytes, printJson, printLine } from "../output.js";
import { existingDatabase, findMount, stonefsMounts } from "../paths.js";
import { printTable } from "../table.js";

/** A mount and what its daemon says; `problem` instead when it says nothing. */
type Row = { readonly database: string; readonly mountPoint: string } & ({ readonly status: DaemonStatus } | { readonly problem: string });

async function inquire(database: string, mountPoint: string): Promise<Row> {
  try {
    return await withDaemon(database, async (daemon) => {
      if (daemon === undefined)
        return { database, mountPoint, problem: "its daemon died; mount it again, or take it away with stone umount" };
      return { database, mountPoint, status: await daemon.ask("status", {}) };
    });
  } catch (error) {
    return { database, mountPoint, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** The mounts a user asks about: one, by its directory or its database, or all. */
function targets(path: string | undefined, flag: string | undefined): { database: string; mountPoint: string }[] {
  const all = stonefsMounts().map((entry) => ({ database: entry.source, mountPoint: entry.mountPoint }));
  if (path !== undefined) {
    const entry = findMount(path);
    return [{ database: entry.source, mountPoint: entry.mountPoint }];
  }
  if (flag === undefined) return all;
  const database = existingDatabase(flag);
  const mounts = all.filter((mount) => mount.database === database);
  if (mounts.length === 0) throw new CliError(`${flag}: not mounted; mount it with: stone mount ${flag} DIR`);
  return mounts;
}

function printAll(rows: readonly Row[]): void {
  const columns = [
    { title: "MOUNT POINT" },
    { title: "DATABASE" },
    { title: "SHOWS" },
    { title: "PID", align: "right" },
    { title: "MEMORY", align: "right" },
    { title: "UP" },
  ] as const;
  printTable(
    columns,
    rows.map((row) => {
      if ("problem" in row) return [row.mountPoint, row.database, "-", "-", "-", row.problem];
      const { branch, at, pid, residentBytes, uptimeMillis } = row.status;
      const shows = at === undefined ? branch : `${branch} at ${at}`;
      return [row.mountPoint, row.database, shows, String(pid), formatBytes(residentBytes), formatMillis(uptimeMillis)];
    }),
  );
}

function printCounters(status: DaemonStatus): void {
  const counters = Object.entries(status.counters);
  if (counters.length === 0) return;
  printLine("");
  printTable(
    [{ title: "COUNTER" }, { title: "VALUE", align: "right" }],
    counters.map(([name, value]) => [name, name.endsWith("Bytes") ? formatBytes(value) : String(value)]),
  );
}

export function statusCommand(): Command {
  return new Command("status")
    .summary("show what is mounted and how it is doing")
    .description(
      "Lists the mounts of this machine. With DIR or --db it shows one, with the counters of its daemon; exit status 1 if that does not answer.",
    )
    .argument("[DIR]", "a mounted directory")
    .option("--db <FILE>", "a mounted database")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  stone status
  stone status ~/notes
  stone status --json | jq '.[].status.residentBytes'`,
    )
    .action(async (path: string | undefined, flags: { readonly db?: string; readonly json?: true }) => {
      const rows = await Promise.all(targets(path, flags.db).map((mount) => inquire(mount.database, mount.mountPoint)));
      if (flags.json === true) printJson(rows);
      else if (rows.length === 0) printLine("nothing is mounted; mount a database with: stone mount DB DIR");
      else printAll(rows);
      const one = path !== undefined || flags.db !== undefined;
      if (one && flags.json !== true) for (const row of rows) if ("status" in row) printCounters(row.status);
      if (one && rows.some((row) => "problem" in row)) process.exitCode = 1;
    });
}
