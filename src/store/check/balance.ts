import type { Connection } from "../../db/connection.js";
import { mainBranch } from "../branches.js";
import { keptMoments, shownFrom, shownFromSql } from "./kept.js";

/**
 * Counting at every moment at once. What a row counts for, it adds at `since` and takes away at `until`; where two kinds of rows must
 * count the same, as the links of an inode and the names that lead to it, one kind counts negative, and the sum of all that is added
 * at one moment must be nothing.
 *
 * Before retention's horizon only the rows are there that some kept moment shows. So all that is added between two kept moments is
 * added at the later one: a row that is true at neither adds and takes away at the same moment, whether it is there or not.
 */

/**
 * A query for keys of the trunk that are even now, but were not at some moment: (key, the first such moment). `change` selects key, at
 * and amount.
 */
export function unevenInThePast(connection: Connection, key: string, change: string): string {
  const moment = shownFromSql(keptMoments(connection, mainBranch), "at");
  return `SELECT ${key}, min(moment) FROM
      (SELECT ${key}, moment, sum(amount) AS off FROM (SELECT ${key}, ${moment} AS moment, amount FROM (${change}) c) m GROUP BY ${key}, moment) s
    WHERE off <> 0 GROUP BY ${key} HAVING sum(off) = 0`;
}

/** The same sums for rows of a branch that are looked at one by one. */
export class Balance<Key extends number | string> {
  readonly #kept: readonly number[];
  readonly #sums = new Map<Key, Map<number, number>>();

  constructor(connection: Connection, branch: number) {
    this.#kept = keptMoments(connection, branch);
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
    const moment = shownFrom(this.#kept, at);
    const sums = this.#sums.get(key) ?? new Map<number, number>();
    const sum = (sums.get(moment) ?? 0) + amount;
    if (sum === 0) sums.delete(moment);
    else sums.set(moment, sum);
    if (sums.size === 0) this.#sums.delete(key);
    else this.#sums.set(key, sums);
  }
}
