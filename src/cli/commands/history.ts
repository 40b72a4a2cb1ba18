import { Command } from "commander";
import { nameFromText } from "../../base/bytes.js";
import { type FileVersion, fileHistory } from "../../store/history.js";
import type { Store } from "../../store/store.js";
import { formatWhen } from "../../vfs/when.js";
import { CliError } from "../errors.js";
import { formatBytes, printJson } from "../output.js";
import { findPlace } from "../paths.js";
import { branchId, withSession } from "../session.js";
import { printTable } from "../table.js";

interface Flags {
  readonly db?: string;
  readonly branch?: string;
  readonly json?: true;
}

/** A version with the name of the branch it was made on. */
type NamedVersion = Omit<FileVersion, "branch"> & { readonly branch: string };

function readHistory(store: Store, branch: string, components: readonly string[]): NamedVersion[] {
  const versions = fileHistory(store.connection, branchId(store, branch), components.map(nameFromText));
  return versions.map((version) => ({ ...version, branch: store.branches.get(version.branch).name }));
}

function who({ pid, processName }: NamedVersion): string {
  if (pid === null) return "-";
  return processName === null ? `pid ${pid}` : `${processName} (${pid})`;
}

async function history(path: string, flags: Flags): Promise<void> {
  const place = findPlace(path, flags.db);
  const versions = await withSession(place, flags, (session) =>
    session.read((store) => readHistory(store, session.branch, place.components)),
  );
  if (versions.length === 0) throw new CliError(`${path}: no such file, now or in the past that is kept`);
  if (flags.json === true) {
    printJson(versions.map(({ atMicros, ...version }) => ({ ...version, time: formatWhen(atMicros), atMicros })));
    return;
  }
  const several = new Set(versions.map(({ branch }) => branch)).size > 1;
  printTable(
    [
      { title: "EVENT" },
      { title: "TIME" },
      ...(several ? [{ title: "BRANCH" }] : []),
      { title: "SIZE", align: "right" },
      { title: "OPERATION" },
      { title: "BY" },
    ],
    versions.map((version) => [
      `@${version.event}`,
      formatWhen(version.atMicros),
      ...(several ? [version.branch] : []),
      formatBytes(version.sizeBytes),
      version.op,
      who(version),
    ]),
  );
}

export function historyCommand(): Command {
  return new Command("history")
    .summary("list the versions of a file")
    .description(
      "Lists every version of PATH that is still kept, newest last, under the names it had before and on the branches it came from.\n" +
        "A time or an event can be used below .history as it is printed; of another branch stone cat --branch shows it.",
    )
    .argument("<PATH>", "a file in a mount, even one that is gone; with --db a path inside that file system")
    .option("--db <FILE>", "the database, when PATH is not below a mount")
    .option("--branch <NAME>", "the branch; by default the one PATH is in, or the mounted one")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  stone history ~/notes/todo
  stone history --db notes.db /todo      without a mount
  stone history --json todo | jq '.[-1].time'`,
    )
    .action(history);
}
