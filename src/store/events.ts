import { type Name, nameBytes, nameOf } from "../base/bytes.js";
import { nowMicros } from "../base/clock.js";
import type { Connection, Statement, Value } from "../db/connection.js";
import type { Writer } from "./writer.js";

/** What kind of change an event is: the word in `event.op`. */
export type Operation =
  | "create"
  | "mkdir"
  | "mknod"
  | "symlink"
  | "link"
  | "unlink"
  | "rmdir"
  | "rename"
  | "exchange"
  | "write"
  | "truncate"
  | "fallocate"
  | "copy"
  | "tmpfile"
  | "setattr"
  | "setxattr"
  | "removexattr"
  | "fork"
  | "drop"
  | "rename-branch"
  | "snapshot"
  | "drop-snapshot"
  | "merge"
  | "restore"
  | "undo";

/** One change, as its row. */
export interface Event {
  id: number;
  at: number;
  readonly branch: number;
  readonly op: Operation;
  readonly ino: number;
  readonly parent: number | null;
  readonly name: Name | null;
  readonly toParent: number | null;
  readonly toName: Name | null;
  readonly bytes: number | null;
  readonly process: number | null;
}

/** The version clock and the events of the batch being made. */
export class Events {
  readonly #writer: Writer;
  readonly #insert: Statement;
  #last: number;
  #lastAt: number;
  /** The batch being made. */
  #batch: Event[] = [];
  /** How many of its events have their rows. */
  #written = 0;
  #sorted = true;

  constructor(connection: Connection, writer: Writer) {
    this.#writer = writer;
    this.#insert = connection.prepare(`INSERT INTO event (${eventColumns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`);
    const [last, at] = connection.prepare<readonly [number | null, number | null]>("SELECT max(last), max(at) FROM batch").get([]) ?? [
      null,
      null,
    ];
    this.#last = last ?? 0;
    this.#lastAt = at ?? 0;
  }

  /** The newest event id handed out. */
  get last(): number {
    return this.#last;
  }

  /** The clock time of the newest tick. */
  get lastAt(): number {
    return this.#lastAt;
  }

  /** The events of this batch, another array for each batch. */
  get batch(): readonly Event[] {
    return this.#batch;
  }

  /** Whether they are in the order of their ids. */
  get sorted(): boolean {
    return this.#sorted;
  }

  /** How many of them have no row yet. */
  get waitingCount(): number {
    return this.#batch.length - this.#written;
  }

  /** Those that have no row yet. */
  waiting(): Event[] {
    return this.#batch.slice(this.#written);
  }

  /** Takes the next event id, and with it the clock time in `lastAt`, which grows with every tick even when the host's clock does not. */
  tick(): number {
    const now = nowMicros();
    this.#lastAt = now > this.#lastAt ? now : this.#lastAt + 1;
    this.#last += 1;
    return this.#last;
  }

  /** Returns what forgets the events from here on again. All must have been written, and are a part of the same batch then. */
  mark(): () => void {
    const last = this.#last;
    const batch = [...this.#batch];
    const sorted = this.#sorted;
    return () => {
      this.#last = last;
      this.#batch = batch;
      this.#written = batch.length;
      this.#sorted = sorted;
    };
  }

  /** Records the event of a tick taken before. */
  record(event: Event): void {
    const newest = this.#batch[this.#batch.length - 1];
    if (newest !== undefined && newest.id > event.id) this.#sorted = false;
    this.#batch.push(event);
  }

  /** The newest event of the batch at or before a clock time; 0 when it has none. */
  newestAt(micros: number): number {
    let newest = 0;
    for (const event of this.#batch) if (event.at <= micros && event.id > newest) newest = event.id;
    return newest;
  }

  /** Writes events that wait, `most` of them at most. */
  write(most = Number.POSITIVE_INFINITY): void {
    const end = Math.min(this.#batch.length, this.#written + most);
    while (this.#written < end) this.#writer.run(this.#insert, row(this.#batch[this.#written++] as Event));
  }

  /** Ends the batch: writes the events that wait, and returns all of the batch by id. */
  flush(): Event[] {
    this.write();
    const events = this.#batch;
    this.#batch = [];
    this.#written = 0;
    if (!this.#sorted) events.sort((a, b) => a.id - b.id);
    this.#sorted = true;
    return events;
  }

  /** Goes on where a crash cut a batch off: the rows of its events are there. */
  resume(connection: Connection, last: number, lastAt: number): void {
    const rows = connection.prepare<EventRow>(`SELECT ${eventColumns} FROM event WHERE id > $1 ORDER BY id`).all([this.#last]);
    this.#batch = rows.map(eventOf);
    this.#written = rows.length;
    this.#last = last;
    this.#lastAt = lastAt;
  }
}

/** An event's row, in the order of `eventColumns`. */
export type EventRow = readonly [
  id: number,
  at: number,
  branch: number,
  op: Operation,
  ino: number,
  parent: number | null,
  name: Uint8Array | null,
  toParent: number | null,
  toName: Uint8Array | null,
  bytes: number | null,
  process: number | null,
];

export const eventColumns = "id, at, branch, op, ino, parent, name, to_parent, to_name, bytes, process";

export function eventOf(row: EventRow): Event {
  const [id, at, branch, op, ino, parent, name, toParent, toName, bytes, process] = row;
  return { id, at, branch, op, ino, parent, name: nameOrNull(name), toParent, toName: nameOrNull(toName), bytes, process };
}

function nameOrNull(bytes: Uint8Array | null): Name | null {
  return bytes === null ? null : nameOf(bytes);
}

function row(event: Event): Value[] {
  const { id, at, branch, op, ino, parent, name, toParent, toName, bytes, process } = event;
  return [id, at, branch, op, ino, parent, bytesOrNull(name), toParent, bytesOrNull(toName), bytes, process];
}

function bytesOrNull(name: Name | null): Buffer | null {
  return name === null ? null : nameBytes(name);
}
