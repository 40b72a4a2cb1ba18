import type { Connection, Statement } from "../db/connection.js";
import { DatabaseFormatError } from "../db/connection.js";
import type { Writer } from "./writer.js";

/** The format this program reads and writes. It differs from format 1 by the segments, and reads that as well. */
export const formatVersion = 2;

/** Inode numbers are reserved this many at a time. */
const inoReserve = 2 ** 20;

/** A fact of the `meta` table, or undefined. */
export function readMeta(connection: Connection, key: string): string | undefined {
  return connection.prepare<readonly [string]>("SELECT value FROM meta WHERE key = $1").get([key])?.[0];
}

/** Sets a fact of the `meta` table. */
export function writeMeta(connection: Connection, writer: Writer, key: string, value: string): void {
  const sql = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
  writer.run(connection.prepare(sql), [key, value]);
}

/** Removes a fact of the `meta` table. */
export function clearMeta(connection: Connection, writer: Writer, key: string): void {
  writer.run(connection.prepare("DELETE FROM meta WHERE key = $1"), [key]);
}

/** Throws DatabaseFormatError unless the database is of this program's format. */
export function checkFormat(connection: Connection, path: string): void {
  let format: string | undefined;
  try {
    format = readMeta(connection, "format");
  } catch (error) {
    throw new DatabaseFormatError(`${path} is damaged: ${(error as Error).message}; try: stone check, or restore it from a backup`);
  }
  if (format === undefined) throw new DatabaseFormatError(`${path} has no format version: it is not a complete stonefs database`);
  if (!(Number(format) <= formatVersion)) {
    throw new DatabaseFormatError(
      `${path} is of format ${format}, newer than the ${formatVersion} this version reads; install a newer stonefs`,
    );
  }
}

/** Makes a database of an older format one of this program's: an older program then refuses it, for it would not understand all of it. */
export function bringUpToDate(connection: Connection, writer: Writer): void {
  if (readMeta(connection, "format") !== String(formatVersion)) writeMeta(connection, writer, "format", String(formatVersion));
}

/**
 * Hands out inode numbers. Numbers are reserved in the database ahead of use, so that none is used twice even when
 * a crash loses the batch that used it.
 */
export class InodeNumbers {
  readonly #writer: Writer;
  readonly #update: Statement;
  #next: number;
  #reserved: number;

  constructor(connection: Connection, writer: Writer) {
    this.#writer = writer;
    this.#update = connection.prepare("UPDATE meta SET value = $1 WHERE key = 'next_ino'");
    this.#next = Number(readMeta(connection, "next_ino"));
    this.#reserved = this.#next;
  }

  /** The numbers below were handed out. */
  get next(): number {
    return this.#next;
  }

  take(): number {
    return this.#next++;
  }

  /** Returns what forgets the reservations from here on again. Numbers that were taken stay taken. */
  mark(): () => void {
    const reserved = this.#reserved;
    return () => {
      this.#reserved = reserved;
    };
  }

  /** Called at the end of each batch, which makes the reservation durable before a later batch uses it. */
  reserve(): void {
    if (this.#reserved - this.#next > inoReserve / 2) return;
    this.#reserved = this.#next + inoReserve;
    this.#writer.run(this.#update, [String(this.#reserved)]);
  }

  /** Gives unused reservations back: at a clean end, after the last number was taken. */
  giveBack(): void {
    this.#reserved = Number.POSITIVE_INFINITY;
    this.#writer.run(this.#update, [String(this.#next)]);
  }
}
