import type { Connection, Statement } from "../db/connection.js";
import type { Events } from "./events.js";
import { genesisDigest, sealDigest } from "./seal.js";
import type { Writer } from "./writer.js";

/** The digest of the newest batch in the database. */
export function lastDigest(connection: Connection): Uint8Array {
  return connection.prepare<readonly [Uint8Array]>("SELECT digest FROM batch ORDER BY id DESC LIMIT 1").get([])?.[0] ?? genesisDigest;
}

/** Writes the batch row that makes a batch's events one durable, sealed unit. */
export class Batches {
  readonly #writer: Writer;
  readonly #events: Events;
  readonly #insert: Statement;
  #id: number;
  #sealedThrough: number;
  #digest: Uint8Array;

  constructor(connection: Connection, writer: Writer, events: Events) {
    this.#writer = writer;
    this.#events = events;
    this.#insert = connection.prepare(
      "INSERT INTO batch (id, first, last, at, events, digest, previous) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    );
    const newest = connection
      .prepare<readonly [number, number, Uint8Array]>("SELECT id, last, digest FROM batch ORDER BY id DESC LIMIT 1")
      .get([]);
    [this.#id, this.#sealedThrough, this.#digest] = newest ?? [0, 0, genesisDigest];
  }

  /** The first event id of the batch being made. */
  get start(): number {
    return this.#sealedThrough + 1;
  }

  /** The digest of the newest batch. */
  get digest(): Uint8Array {
    return this.#digest;
  }

  /** Returns what forgets the batches from here on again. */
  mark(): () => void {
    const [id, sealedThrough, digest] = [this.#id, this.#sealedThrough, this.#digest];
    return () => {
      [this.#id, this.#sealedThrough, this.#digest] = [id, sealedThrough, digest];
    };
  }

  /** Seals the events since the last batch, if there are any. */
  seal(): void {
    const { last, lastAt } = this.#events;
    if (last === this.#sealedThrough) return;
    const events = this.#events.flush();
    const previous = this.#digest;
    const digest = sealDigest(previous, events);
    this.#id += 1;
    this.#writer.run(this.#insert, [this.#id, this.start, last, lastAt, events.length, digest, previous]);
    this.#sealedThrough = last;
    this.#digest = digest;
  }
}
