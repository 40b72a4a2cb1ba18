import type { Connection } from "../db/connection.js";

/** A branch that changed more than this many inodes or directories is asked by SQL each time. */
const mostKeys = 4096;

/** The kinds of rows a branch may have of its own, and the column that says whose they are. */
const owners = { inode: "ino", dirent: "parent", xattr: "ino" } as const;

export type BranchTable = keyof typeof owners;

/**
 * Which inodes and directories a branch has rows of its own for: all that its tables had when they were first asked. Most branches
 * change little, and a reader goes through every branch of a lineage: a look into a set costs 0.1 µs, a statement that finds nothing 2 to 3.
 *
 * Rows that are made later do not matter: whoever asks shows a moment that lay before, and must have had everything up to it written.
 */
export class BranchKeys {
  readonly #connection: Connection;
  readonly #branch: number;
  readonly #sets = new Map<BranchTable, ReadonlySet<number> | "many">();

  constructor(connection: Connection, branch: number) {
    this.#connection = connection;
    this.#branch = branch;
  }

  /** Whether the branch may have rows of `table` for an inode or directory. */
  mayHave(table: BranchTable, owner: number): boolean {
    let keys = this.#sets.get(table);
    if (keys === undefined) {
      keys = this.#load(table);
      this.#sets.set(table, keys);
    }
    return keys === "many" || keys.has(owner);
  }

  #load(table: BranchTable): ReadonlySet<number> | "many" {
    const found = new Set<number>();
    for (const name of [table, `${table}_past`]) {
      const rows = this.#connection.prepare<readonly [number]>(distinctSql(name, owners[table])).all([this.#branch, mostKeys + 1]);
      for (const [owner] of rows) found.add(owner);
    }
    return found.size > mostKeys ? "many" : found;
  }
}

/** Distinct values of a key's second column, each found by one step down the index: a directory of a million names costs one. */
function distinctSql(table: string, column: string): string {
  return `WITH RECURSIVE found(owner) AS (
      SELECT min(${column}) FROM ${table} WHERE branch = $1
      UNION ALL SELECT (SELECT min(${column}) FROM ${table} WHERE branch = $1 AND ${column} > found.owner) FROM found WHERE found.owner IS NOT NULL)
    SELECT owner FROM found WHERE owner IS NOT NULL LIMIT $2`;
}
