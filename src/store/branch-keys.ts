import type { Connection } from "../db/connection.js";

/** A branch that changed more than this many inodes or directories is asked by SQL each time. */
const mostKeys = 4096;
/** What a reader knows of a whole lineage at most; from the branch on with which it would be more, it asks on the way. */
const mostLineageKeys = 16_384;

/** The kinds of rows a branch may have of its own, and the column that says whose they are. */
const owners = { inode: "ino", dirent: "parent", xattr: "ino" } as const;

export type BranchTable = keyof typeof owners;

/**
 * Which inodes and directories a branch has rows of its own for: all that its tables had when they were first asked. Most branches
 * change little, and a statement that finds nothing costs 2 to 3 µs.
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

  /** The inodes or directories that the branch has rows of `table` for. */
  of(table: BranchTable): ReadonlySet<number> | "many" {
    let keys = this.#sets.get(table);
    if (keys === undefined) {
      keys = this.#load(table);
      this.#sets.set(table, keys);
    }
    return keys;
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

/** A tree in a lineage, as far as it matters who has rows. */
export interface Level {
  /** What it has rows of its own for; undefined in the trunk, which has all. */
  readonly keys: BranchKeys | undefined;
  readonly lower: Level | undefined;
}

/**
 * Who in a lineage is the first, from a tree downwards, that may have rows of its own for an inode or directory. However deep the tree
 * lies, that is one look into a map.
 */
export class Holders<Tree extends Level & { readonly lower: Tree | undefined }> {
  readonly #top: Tree;
  readonly #known = new Map<BranchTable, { readonly holders: ReadonlyMap<number, Tree>; readonly rest: Tree }>();

  constructor(top: Tree) {
    this.#top = top;
  }

  of(table: BranchTable, owner: number): Tree {
    let known = this.#known.get(table);
    if (known === undefined) {
      known = this.#gather(table);
      this.#known.set(table, known);
    }
    return known.holders.get(owner) ?? known.rest;
  }

  /** `rest` is the trunk, or the first tree of whom it is not known what it has: it has to be asked for everything else. */
  #gather(table: BranchTable): { holders: Map<number, Tree>; rest: Tree } {
    const holders = new Map<number, Tree>();
    let tree = this.#top;
    for (let { lower } = tree; lower !== undefined; tree = lower, lower = tree.lower) {
      const keys = tree.keys?.of(table) ?? "many";
      if (keys === "many" || holders.size + keys.size > mostLineageKeys) break;
      for (const owner of keys) if (!holders.has(owner)) holders.set(owner, tree);
    }
    return { holders, rest: tree };
  }
}

/** Distinct values of a key's second column, each found by one step down the index: a directory of a million names costs one. */
function distinctSql(table: string, column: string): string {
  return `WITH RECURSIVE found(owner) AS (
      SELECT min(${column}) FROM ${table} WHERE branch = $1
      UNION ALL SELECT (SELECT min(${column}) FROM ${table} WHERE branch = $1 AND ${column} > found.owner) FROM found WHERE found.owner IS NOT NULL)
    SELECT owner FROM found WHERE owner IS NOT NULL LIMIT $2`;
}
