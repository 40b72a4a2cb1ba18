import type { Connection, Statement } from "../db/connection.js";
import type { Events } from "./events.js";

/** A moment the root of the history shows: a time at which the tree stood still for a while. */
export interface ChangePoint {
  readonly moment: number;
  /** Clock time, microseconds. */
  readonly at: number;
}

type BatchRow = readonly [first: number, last: number, at: number];

/** Translates clock times into moments (event ids). */
export class Moments {
  readonly #events: Events;
  readonly #batchAfter: Statement<BatchRow>;
  readonly #batchBefore: Statement<BatchRow>;
  readonly #newestEvent: Statement<readonly [number | null]>;
  readonly #oldestEvent: Statement<readonly [number | null]>;

  constructor(connection: Connection, events: Events) {
    this.#events = events;
    this.#batchAfter = connection.prepare('SELECT "first", "last", at FROM batch WHERE at > $1 ORDER BY at LIMIT 1');
    this.#batchBefore = connection.prepare('SELECT "first", "last", at FROM batch WHERE at <= $1 ORDER BY at DESC LIMIT 1');
    this.#newestEvent = connection.prepare("SELECT max(id) FROM event WHERE id >= $1 AND id <= $2 AND at <= $3");
    this.#oldestEvent = connection.prepare("SELECT min(id) FROM event");
  }

  /** The newest moment at or before a clock time in microseconds; 0 when the file system did not exist yet. */
  at(micros: number): number {
    const pending = this.#events.newestAt(micros);
    if (pending !== 0) return pending;
    const within = this.#batchAfter.get([micros]);
    if (within !== undefined) {
      const [newest] = this.#newestEvent.get([within[0], within[1], micros]) ?? [null];
      if (newest !== null) return newest;
    }
    return this.#batchBefore.get([micros])?.[1] ?? 0;
  }

  /** The oldest event there still is; 0 when there is none. */
  oldest(): number {
    return this.#oldestEvent.get([])?.[0] ?? 0;
  }

  /** Recent points of change, oldest first: the ends of bursts of batches at least `gapMicros` apart. */
  recent(count: number, gapMicros: number): ChangePoint[] {
    const points: ChangePoint[] = [];
    let before = Number.MAX_SAFE_INTEGER;
    while (points.length < count) {
      const batch = this.#batchBefore.get([before]);
      if (batch === undefined) break;
      points.push({ moment: batch[1], at: batch[2] });
      before = batch[2] - gapMicros;
    }
    return points.reverse();
  }
}
