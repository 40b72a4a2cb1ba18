import { nameBytes } from "../base/bytes.js";
import type { Statement, Value } from "../db/connection.js";
import type { Event } from "../store/events.js";
import type { Store } from "../store/store.js";
import { eventWith } from "./keys.js";
import type { Slot } from "./paths.js";

/** Versions read in one go: most keys have fewer. */
const versionsPerRead = 64;

/**
 * The events of a branch on one key, after a moment and apart from selected ones. They are found by the versions of the key that they
 * began or ended, so that the cost grows with those, not with all that happened. Every event must have its row.
 */
export class OtherEvents {
  readonly #store: Store;
  readonly #branch: number;
  readonly #after: number;
  readonly #selected: ReadonlySet<number>;
  readonly #dirents: Moments;
  readonly #inodes: Moments;

  constructor(store: Store, branch: number, after: number, selected: ReadonlySet<number>) {
    const { connection } = store;
    this.#store = store;
    this.#branch = branch;
    this.#after = after;
    this.#selected = selected;
    const moments = (table: string, key: string, next: number): Moments => ({
      newest: connection.prepare(`SELECT coalesce(max(since), 0) FROM ${table}_past WHERE ${key} AND since <= $${next}`),
      past: connection.prepare(
        `SELECT since, until FROM ${table}_past WHERE ${key} AND since >= $${next} ORDER BY since LIMIT ${versionsPerRead}`,
      ),
      live: connection.prepare(`SELECT since FROM ${table} WHERE ${key}`),
    });
    this.#dirents = moments("dirent", "branch = $1 AND parent = $2 AND name = $3", 4);
    this.#inodes = moments("inode", "branch = $1 AND ino = $2", 3);
  }

  event(id: number): Event | undefined {
    return eventWith(this.#store, id);
  }

  /** The ids of those that changed what a name leads to, oldest first. */
  *onName({ parent, name }: Slot): Generator<number> {
    for (const id of this.#momentsOf(this.#dirents, [this.#branch, parent, nameBytes(name)])) if (!this.#selected.has(id)) yield id;
  }

  /**
   * All that changed an inode, and some that changed only what lies beside or, of a directory, in it; oldest first. What was done
   * to a file while it had no name is left out: it is one version, and no tree shows it.
   */
  *onInode(ino: number): Generator<Event> {
    for (const id of this.#momentsOf(this.#inodes, [this.#branch, ino])) {
      const event = this.event(id);
      if (event !== undefined && !this.#selected.has(id)) yield event;
    }
  }

  /** When versions of a key began or ended. */
  *#momentsOf({ newest, past, live }: Moments, key: readonly Value[]): Generator<number> {
    let last = this.#after;
    for (let from = newest.get([...key, last])?.[0] ?? 0; ; ) {
      const rows = past.all([...key, from]);
      for (const [since, until] of rows) {
        if (since > last) yield since;
        if (until > last) yield until;
        last = Math.max(last, until);
      }
      if (rows.length < versionsPerRead) break;
      from = last;
    }
    const [since] = live.get(key) ?? [0];
    if (since > last) yield since;
  }
}

/** How the versions of a key are read. */
interface Moments {
  readonly newest: Statement<readonly [number]>;
  readonly past: Statement<readonly [since: number, until: number]>;
  readonly live: Statement<readonly [number]>;
}
