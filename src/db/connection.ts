import type { Steps } from "../base/steps.js";

/**
 * One synchronous connection to an SQL engine. SQL above this layer is written once, with numbered parameters (`$1`, `$2` ...)
 * and nothing an engine has alone; what engines do differently (durability, log, size) has a method here.
 */

/** What a column holds or a parameter binds. Integers beyond 2^53 never occur: the schema keeps them out. */
export type Value = number | string | Uint8Array | null;

/** A prepared statement; rows come as arrays, in the order of the columns selected. */
export interface Statement<Row extends readonly unknown[] = readonly Value[]> {
  /** Its text, as it was prepared. */
  readonly sql: string;
  /** Runs a statement for its effect. Returns how many rows it changed. */
  run(params: readonly Value[]): number;
  /** The first row, or undefined. */
  get(params: readonly Value[]): Row | undefined;
  /** All rows. */
  all(params: readonly Value[]): Row[];
}

/** How much room a database takes, in bytes. */
export interface Usage {
  /** In use by data, in the segments too, without the free pages inside. */
  readonly usedBytes: number;
  /** Free inside the database file: used before it grows. */
  readonly reusableBytes: number;
}

/**
 * Bytes beside the rows, for what is long: an engine's log need not have them. They are only ever appended, so a position always means the
 * same bytes; rows say which are in use.
 */
export interface Segments {
  /** Where the next bytes go at the earliest. */
  readonly end: number;
  /** What they take on the host, bytes. */
  readonly usedBytes: number;
  /** Goes on at `end`, as the rows have it: what is beyond was never committed. Throws DatabaseFormatError when the bytes are not there. */
  resume(end: number): void;
  /** Appends. Returns the position, or undefined where it cannot, as for want of room. The next commit makes it durable, before the rows. */
  append(data: Uint8Array): number | undefined;
  /** Fills `into` with the bytes from a position on. Throws when they are not there. */
  read(position: number, into: Uint8Array): void;
  /** Makes durable what was appended. What it throws once, it throws for ever: the bytes are lost. */
  sync(): void;
  /** Gives bytes back that no committed row points to. They stay until `settle`: after a crash an older state may need them. */
  free(position: number, length: number): void;
  /** Every commit so far is durable: what was freed is the host's, as soon as no other connection that only reads is open. */
  settle(): void;
}

export interface Connection {
  readonly segments: Segments;
  readonly readOnly: boolean;
  /** Prepares a statement once; the same text gives the same statement. */
  prepare<Row extends readonly unknown[] = readonly Value[]>(sql: string): Statement<Row>;
  /** Runs several statements, as in a schema file. */
  exec(sql: string): void;
  readonly inTransaction: boolean;
  begin(): void;
  /** Commits: atomic and ordered, durable only after the next `sync`; what the rows point to in `segments` is so before. */
  commit(): void;
  rollback(): void;
  /** Runs `body` so that all its reads see one state of the database, whatever is committed meanwhile. */
  reading<Result>(body: () => Result): Result;
  /** Makes every commit so far durable: survives power loss when it returns. What it throws once, it throws for ever. */
  sync(): void;
  /** Makes room for so many bytes of log beforehand, in steps, which makes each sync cheaper. May be left at any step. */
  prepareLog(bytes: number): Steps<void>;
  /** Bytes of log not yet carried over into the database; only outside a transaction. */
  logBytes(): number;
  /** Carries the log over; only outside a transaction. Returns whether all of it was: on a full disk it stays the log. */
  checkpoint(): boolean;
  /** Gives free pages back to the host, at most `pages` of them. */
  shrink(pages: number): void;
  usage(): Usage;
  close(): void;
}

/** The database could not grow, or be locked, now: the transaction was rolled back whole and may be run again later. */
export class DatabaseFullError extends Error {
  override readonly name = "DatabaseFullError";
}

/** The file is not what it should be. The message says what it is, for a person. */
export class DatabaseFormatError extends Error {
  override readonly name = "DatabaseFormatError";
}
