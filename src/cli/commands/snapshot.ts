import { Command } from "commander";
import type { Snapshot } from "../../store/snapshots.js";
import type { Store } from "../../store/store.js";
import { formatWhen } from "../../vfs/when.js";
import { UsageError } from "../errors.js";
import { printJson, printLine } from "../output.js";
import { here, type Session } from "../session.js";
import { printTable } from "../table.js";

interface Flags {
  readonly message?: string;
  readonly drop?: true;
  readonly list?: true;
  readonly branch?: string;
  readonly db?: string;
  readonly json?: true;
}

type Row = readonly [name: string, branch: string, event: number, at: number, message: string | null];

const sql = `SELECT s.name, b.name, s.event, s.at, s.message FROM snapshot s JOIN branch b ON b.id = s.branch
  WHERE b.dropped IS NULL AND ($1 IS NULL OR b.name = $1) ORDER BY s.event, s.name`;

function readSnapshots(store: Store, branch: string | undefined): Row[] {
  return store.connection.prepare<Row>(sql).all([branch ?? null]);
}

async function list(session: Session, flags: Flags): Promise<void> {
  const rows = await session.read((store) => readSnapshots(store, flags.branch));
  if (flags.json === true) {
    printJson(rows.map(([name, branch, event, at, message]) => ({ name, branch, event, time: formatWhen(at), atMicros: at, message })));
    return;
  }
  printTable(
    [{ title: "SNAPSHOT" }, { title: "BRANCH" }, { title: "EVENT" }, { title: "TIME" }, { title: "MESSAGE" }],
    rows.map(([name, branch, event, at, message]) => [name, branch, `@${event}`, formatWhen(at).slice(0, 19), message ?? ""]),
  );
}

function print(taken: Snapshot, session: Session, flags: Flags): void {
  if (flags.json === true) {
    printJson({
      name: taken.name,
      branch: session.branch,
      event: taken.event,
      time: formatWhen(taken.at),
      atMicros: taken.at,
      message: taken.message,
    });
  } else {
    printLine(`took ${taken.name} of ${session.branch}@${taken.event}`);
  }
}

async function snapshot(name: string | undefined, flags: Flags): Promise<void> {
  if (flags.drop === true && flags.list === true) throw new UsageError("-d and --list exclude each other");
  if (flags.drop === true && name === undefined) throw new UsageError("-d needs a name: stone snapshot -d NAME");
  if (flags.list === true && name !== undefined) throw new UsageError(`--list takes no name, not '${name}'`);
  if (flags.message !== undefined && (flags.drop ?? flags.list) === true) throw new UsageError("-m is for a new snapshot");
  await here(flags, async (session) => {
    if (flags.list === true) await list(session, flags);
    else if (flags.drop === true && name !== undefined) {
      await session.change("dropSnapshot", { name, branch: session.branch });
      printLine(`dropped ${name}`);
    } else {
      const message = flags.message === undefined ? {} : { message: flags.message };
      const taken = await session.change("snapshot", { ...(name === undefined ? {} : { name }), ...message, branch: session.branch });
      print(taken, session, flags);
    }
  });
}

export function snapshotCommand(): Command {
  return new Command("snapshot")
    .summary("name this moment, list such names, drop them")
    .description(
      "Gives this moment of a branch a name, by which it stays in .history for good: retention (stone gc) never removes it.\n" +
        "What every program had written is in it. Without NAME its time is its name.",
    )
    .argument("[NAME]", "the snapshot to take, or to drop (-d)")
    .option("-m, --message <TEXT>", "what it is for")
    .option("-d, --drop", "drop snapshot NAME; what only it still showed goes with the next gc")
    .option("-l, --list", "list the snapshots")
    .option("--branch <NAME>", "the branch; by default the one the current directory is in, or the mounted one")
    .option("--db <FILE>", "the database")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  stone snapshot before-upgrade -m "all green"
  diff -r .history/before-upgrade/src src
  stone snapshot --list
  stone snapshot -d before-upgrade`,
    )
    .action(snapshot);
}
