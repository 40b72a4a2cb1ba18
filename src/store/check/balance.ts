import type { Connection } from "../../db/connection.js";
import { readMeta } from "../meta.js";

/**
 * Counting at every moment at once. What a row counts for, it adds at `since` and takes away at `until`; where two kinds of rows must
 * count the same, as the links of an inode and the names that lead to it, one kind counts negative, and the sum of all that is added
 * at one moment must be nothing. Up to retention's horizon rows are missing: there only the sum of all is looked at.
 */

/** A query for keys that are even now, but were not at some moment: (key, the first such moment). `change` selects key, at and amount. */
export function unevenInThePast(key: string, change: string): string {
  const horizon = "(SELECT coalesce(max(CAST(value AS BIGINT)), 0) FROM meta WHERE key = 'horizon')";
  const moment = `CASE WHEN at > ${horizon} THEN at ELSE ${horizon} END`;
  return `SELECT ${key}, min(moment) FROM
      (SELECT ${key}, ${moment} AS moment, sum(amount) AS off FROM (${change}) c GROUP BY ${key}, ${moment}) s
    WHERE off <> 0 GROUP BY ${key} HAVING sum(off) = 0`;
}

/** The same sums for rows that are looked at one by one. */
export class Balance<Key extends number | string> {
  readonly #horizon: number;
  readonly #sums = new Map<Key, Map<number, number>>();

  constructor(connection: Connection) {
    this.#horizon = Number(readMeta(connection, "horizon") ?? 0);
  }

  /** A row counts `amount` for `key` while it is true. */
  add(key: Key, { since, until }: { readonly since: number; readonly until: number | undefined }, amount: number): void {
    if (amount === 0) return;
    this.#addAt(key, since, amount);
    if (until !== undefined) this.#addAt(key, until, -amount);
  }

  /** Keys that are uneven: by how much now, and since when. */
  *uneven(): Generator<{ readonly key: Key; readonly now: number; readonly at: number }> {
    for (const [key, sums] of this.#sums) {
      let now = 0;
      for (const amount of sums.values()) now += amount;
      yield { key, now, at: Math.min(...sums.keys()) };
    }
  }

  #addAt(key: Key, at: number, amount: number): void {
    const moment = Math.max(at, this.#horizon);
    const sums = this.#sums.get(key) ?? new Map<number, number>();
    const sum = (sums.get(moment) ?? 0) + amount;
    if (sum === 0) sums.delete(moment);
    else sums.set(moment, sum);
    if (sums.size === 0) this.#sums.delete(key);
    else this.#sums.set(key, sums);
  }
}
