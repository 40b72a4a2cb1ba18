import type { Name } from "../base/bytes.js";
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
  #pending: Event[] = [];
  #sorted = true;

  constructor(connection: Connection, writer: Writer) {
    this.#writer = writer;
    this.#insert = connection.prepare(
      `INSERT INTO event (id, at, branch, op, ino, parent, name, to_parent, to_name, bytes, process)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    );
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

  /** Events of this batch that wait to be written. */
  get pending(): readonly Event[] {
    return this.#pending;
  }

  /** Takes the next event id, and with it the clock time in `lastAt`, which grows with every tick even when the host's clock does not. */
  tick(): number {
    const now = nowMicros();
    this.#lastAt = now > this.#lastAt ? now : this.#lastAt + 1;
    this.#last += 1;
    return this.#last;
  }

  /** Between two batches: returns what forgets the events from here on again. */
  mark(): () => void {
    const last = this.#last;
    return () => {
      this.#last = last;
      this.#pending = [];
      this.#sorted = true;
    };
  }

  /** Records the event of a tick taken before. */
  record(event: Event): void {
    const newest = this.#pending[this.#pending.length - 1];
    if (newest !== undefined && newest.id > event.id) this.#sorted = false;
    this.#pending.push(event);
  }

  /** Writes the batch's events and returns them by id. */
  flush(): Event[] {
    const events = this.#pending;
    this.#pending = [];
    if (!this.#sorted) events.sort((a, b) => a.id - b.id);
    this.#sorted = true;
    for (const event of events) this.#writer.run(this.#insert, row(event));
    return events;
  }
}

function row(event: Event): Value[] {
  const { id, at, branch, op, ino, parent, name, toParent, toName, bytes, process } = event;
  return [id, at, branch, op, ino, parent, blobOf(name), toParent, blobOf(toName), bytes, process];
}

function blobOf(name: Name | null): Buffer | null {
  return name === null ? null : Buffer.from(name, "latin1");
}
