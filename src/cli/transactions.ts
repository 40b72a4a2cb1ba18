import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { Store } from "../store/store.js";
import { CliError } from "./errors.js";
import type { Session } from "./session.js";

/** An open transaction. */
export interface OpenTransaction {
  readonly name: string;
  /** Whether it was begun from the shell, or the script, that runs this command. */
  readonly ours: boolean;
}

/** Set by `stone tx` for the command it runs. */
export const transactionVariable = "STONE_TX";

type Row = readonly [name: string, at: number | null, parent: number | null, host: string | null];

const sql = `SELECT b.name, e.at, p.parent, p.host FROM branch b LEFT JOIN event e ON e.id = b.made LEFT JOIN process p ON p.id = e.process
  WHERE b.kind = 'transaction' AND b.dropped IS NULL ORDER BY b.id`;

/** The open transactions, oldest first. */
export function openTransactions(store: Store): OpenTransaction[] {
  // A shell that started after a transaction began only has the pid of the one that began it.
  const shellStarted = startOf(process.ppid);
  return store.connection
    .prepare<Row>(sql)
    .all([])
    .map(([name, at, parent, host]) => ({ name, ours: parent === process.ppid && host === hostname() && (at ?? 0) >= shellStarted }));
}

/** When a process started, microseconds since 1970; Infinity when it is gone. To the second, rounded down. */
function startOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const ticks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
    const boot = Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]);
    return Math.floor(boot + ticks / 100 - 1) * 1e6;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Throws CliError where this command runs inside a transaction. */
export async function refuseInside(session: Session): Promise<void> {
  const open = await session.read(openTransactions);
  const inside = open.find(({ name }) => name === session.branch || name === process.env[transactionVariable]);
  if (inside !== undefined) {
    throw new CliError(
      `this is inside transaction ${inside.name}, and transactions do not nest; end it first with: stone commit, or stone rollback`,
    );
  }
}

/** Throws CliError where this command runs inside a transaction, or its shell has one open. */
export async function refuseNested(session: Session): Promise<void> {
  await refuseInside(session);
  const ours = (await session.read(openTransactions)).find((open) => open.ours);
  if (ours !== undefined) {
    throw new CliError(
      `this shell has transaction ${ours.name} open, and transactions do not nest; end it first with: stone commit, or stone rollback`,
    );
  }
}

/**
 * The transaction that `commit` and `rollback` mean: by name, else the one the current directory is in, else the one this shell opened.
 * One that `stone tx` runs is refused: it ends with its command.
 */
export async function findTransaction(session: Session, name: string | undefined): Promise<string> {
  const open = await session.read(openTransactions);
  const found = name ?? open.find((each) => each.name === session.branch)?.name ?? onlyOne(open.filter(({ ours }) => ours));
  if (found === undefined) {
    const others = open.length === 0 ? "none is open" : `open are: ${open.map((each) => each.name).join(", ")}`;
    throw new CliError(`no transaction here; ${others}; name one, or open one with: stone begin`);
  }
  if (found === process.env[transactionVariable])
    throw new CliError(`transaction ${found} is run by stone tx, which ends it when its command does`);
  return found;
}

function onlyOne(open: readonly OpenTransaction[]): string | undefined {
  return open.length === 1 ? open[0]?.name : undefined;
}
