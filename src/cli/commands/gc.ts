import { Command } from "commander";
import { lockDatabase } from "../../daemon/lock.js";
import type { GcReport } from "../../daemon/protocol.js";
import { collectGarbage } from "../../store/gc.js";
import { openStore } from "../../store/store.js";
import { parseAge } from "../age.js";
import { withDaemon } from "../daemon.js";
import { formatBytes, printJson, printLine } from "../output.js";
import { findDatabase } from "../paths.js";

function collectDirectly(database: string, keepMicros: number): GcReport {
  const lock = lockDatabase(database, "stone gc");
  try {
    const store = openStore(database);
    try {
      return collectGarbage(store, keepMicros, []);
    } finally {
      store.close();
    }
  } finally {
    lock.release();
  }
}

export function gcCommand(): Command {
  return new Command("gc")
    .summary("forget the distant past")
    .description(
      "Forgets every state older than AGE and gives its room back. What the tree says now, and snapshots, are never touched. Works while mounted.",
    )
    .argument("[DB]", "the database; without it the one mounted around the current directory, or STONE_DB")
    .requiredOption("--keep <AGE>", "how much of the past to keep: a number and one of s, m, h, d, w, y", parseAge)
    .option("--db <FILE>", "the same as DB, as other commands have it")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  stone gc --keep 30d notes.db
  stone gc --keep 0s                     keep only what is there now, and snapshots`,
    )
    .action(async (path: string | undefined, flags: { readonly keep: number; readonly db?: string; readonly json?: true }) => {
      const database = findDatabase(path ?? flags.db);
      const report = await withDaemon(database, async (daemon) => {
        return daemon === undefined ? collectDirectly(database, flags.keep) : await daemon.ask("gc", { keepMicros: flags.keep });
      });
      if (flags.json === true) printJson(report);
      else printLine(`${database}: forgot ${report.rows} versions and ${formatBytes(report.bytes)} in ${report.blobs} blobs`);
    });
}
