import type { Connection, Statement } from "../db/connection.js";
import type { Event, Events } from "./events.js";
import { genesisDigest, Seal, sealDigest } from "./seal.js";
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
  /** The seal of the batch being made, as far as `follow` has got. */
  #seal: Seal | undefined;
  #followed = 0;

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
      this.#unfollow();
    };
  }

  /** Takes the events that have their rows into the seal, so that less is left when the batch ends. */
  follow(): void {
    const { batch, waitingCount, sorted } = this.#events;
    if (!sorted) return;
    this.#seal ??= new Seal(this.#digest);
    for (const end = batch.length - waitingCount; this.#followed < end; this.#followed++) this.#seal.add(batch[this.#followed] as Event);
  }

  /** Seals the events since the last batch, if there are any. */
  seal(): void {
    const { last, lastAt } = this.#events;
    if (last === this.#sealedThrough) return;
    this.#events.write();
    this.follow();
    const followed = this.#events.sorted ? this.#seal : undefined;
    const events = this.#events.flush();
    const previous = this.#digest;
    // What came out of order is sealed in order.
    const digest = followed?.digest() ?? sealDigest(previous, events);
    this.#unfollow();
    this.#id += 1;
    this.#writer.run(this.#insert, [this.#id, this.start, last, lastAt, events.length, digest, previous]);
    this.#sealedThrough = last;
    this.#digest = digest;
  }

  #unfollow(): void {
    this.#seal = undefined;
    this.#followed = 0;
  }
}
