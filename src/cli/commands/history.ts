import { Command } from "commander";
import { nameFromText } from "../../base/bytes.js";
import { withReader } from "../daemon.js";
import { CliError } from "../errors.js";
import { formatBytes, printJson, printTable } from "../output.js";
import { findPlace } from "../paths.js";

function isoTime(micros: number): string {
  return new Date(micros / 1000).toISOString();
}

export function historyCommand(): Command {
  return new Command("history")
    .summary("list the versions of a file")
    .description(
      "Lists every version of PATH that is still kept, newest last. A time or an event can be used below .history as it is printed.",
    )
    .argument("<PATH>", "a file in a mount, even one that is gone; with --db a path inside that file system")
    .option("--db <FILE>", "the database, when PATH is not below a mount")
    .option("--branch <NAME>", "the branch to read", "main")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  stone history ~/notes/todo
  stone history --db notes.db /todo      without a mount
  stone history --json todo | jq '.[-1].time'`,
    )
    .action(async (path: string, flags: { readonly db?: string; readonly branch: string; readonly json?: true }) => {
      const place = findPlace(path, flags.db);
      const versions = await withReader(place.database, (store) => store.history(flags.branch, place.components.map(nameFromText)));
      if (versions.length === 0) throw new CliError(`${path}: no such file, now or in the past that is kept`);
      const rows = versions.map((version) => ({
        event: version.event,
        time: isoTime(version.atMicros),
        sizeBytes: version.sizeBytes,
        op: version.op,
      }));
      if (flags.json === true) {
        printJson(rows);
        return;
      }
      printTable(
        [{ title: "EVENT", align: "right" }, { title: "TIME" }, { title: "SIZE", align: "right" }, { title: "BY" }],
        rows.map((row) => [`@${row.event}`, row.time, formatBytes(row.sizeBytes), row.op]),
      );
    });
}
