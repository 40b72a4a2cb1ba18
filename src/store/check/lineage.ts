import type { Name } from "../../base/bytes.js";
import type { Connection, Value } from "../../db/connection.js";
import { PastTree } from "../past-tree.js";
import { openTables, type Tables } from "../tables.js";
import { Writer } from "../writer.js";

/** A branch other than the trunk, with the trees to judge its rows by. */
export interface ShownBranch {
  readonly id: number;
  /** What shows through it: its parent as of the fork. */
  readonly lower: PastTree;
  /** What it shows now. */
  readonly now: PastTree;
  /** What it showed at a moment. */
  readonly at: (moment: number) => PastTree;
}

type BranchRow = readonly [id: number, parent: number | null, forkedAt: number, dropped: number | null];

/** Trees of the past read through few blobs here. */
const blobCacheBytes = 64 * 1024;

/**
 * The branches that somebody can see, by themselves or through one that was forked from them. What belonged to others, retention may
 * have begun to remove. A branch whose ancestors do not lead to the trunk is left out: I1 says so.
 */
export function* shownBranches(connection: Connection): Generator<ShownBranch> {
  const rows = connection.prepare<BranchRow>("SELECT id, parent, forked_at, dropped FROM branch ORDER BY id").all([]);
  const byId = new Map(rows.map((row) => [row[0], row]));
  const shown = new Set<number>();
  for (const [id, , , dropped] of rows) if (dropped === null) for (const each of lineageOf(byId, id)) shown.add(each);
  const trees = new Lineages(connection, byId);
  for (const id of shown) {
    const [, parent, forkedAt] = byId.get(id) as BranchRow;
    if (parent === null) continue;
    const lower = trees.at(parent, forkedAt);
    yield { id, lower, now: trees.newest(id, lower), at: (moment) => trees.at(id, moment) };
  }
}

/** A branch and its ancestors; none when they do not end at the trunk. */
function lineageOf(byId: ReadonlyMap<number, BranchRow>, id: number): Set<number> {
  const lineage = new Set<number>();
  for (let at: number | null = id; at !== null; at = byId.get(at)?.[1] ?? null) {
    if (lineage.has(at) || !byId.has(at)) return new Set();
    lineage.add(at);
  }
  return lineage.has(0) ? lineage : new Set();
}

/** Trees of the past, each made once: many branches are forked at one moment. */
class Lineages {
  readonly #tables: Tables;
  readonly #byId: ReadonlyMap<number, BranchRow>;
  readonly #trees = new Map<string, PastTree>();

  constructor(connection: Connection, byId: ReadonlyMap<number, BranchRow>) {
    this.#tables = openTables(connection, new Writer(connection, () => undefined), { cacheBytes: blobCacheBytes });
    this.#byId = byId;
  }

  at(branch: number, moment: number): PastTree {
    const key = `${branch}@${moment}`;
    let tree = this.#trees.get(key);
    if (tree === undefined) {
      const [, parent, forkedAt] = this.#byId.get(branch) as BranchRow;
      const below = parent === null ? undefined : this.at(parent, Math.min(forkedAt, moment));
      tree = below !== undefined && moment <= forkedAt ? below : new PastTree(this.#tables, branch, moment, below);
      this.#trees.set(key, tree);
    }
    return tree;
  }

  newest(branch: number, lower: PastTree): PastTree {
    return new PastTree(this.#tables, branch, Number.MAX_SAFE_INTEGER, lower);
  }
}

/** When a row is true; without an end it is true now. */
interface Span {
  readonly since: number;
  readonly until: number | undefined;
}

/** A row of `dirent` or its past. */
export interface EntryRow extends Span {
  readonly parent: number;
  readonly name: Name;
  /** null: it hides an inherited entry. */
  readonly ino: number | null;
  readonly type: number;
}

/** What the checks need of a row of `inode` or its past. */
export interface InodeRow extends Span {
  readonly ino: number;
  readonly mode: number;
  readonly nlink: number;
  readonly parent: number;
  readonly size: number;
  readonly allocated: number;
}

/** Live rows, or those of all times. */
export type Times = "live" | "all";

const rowsPerRead = 4096;

const tablesOf = (name: string, times: Times): { readonly name: string; readonly until: string }[] =>
  times === "live"
    ? [{ name, until: "NULL" }]
    : [
        { name, until: "NULL" },
        { name: `${name}_past`, until: "until" },
      ];

/** A branch's own entries. */
export function* ownEntries(connection: Connection, branch: number, times: Times): Generator<EntryRow> {
  type Row = readonly [number, Uint8Array, number, number | null, number, number | null];
  for (const { name: table, until } of tablesOf("dirent", times)) {
    const read = connection.prepare<Row>(
      `SELECT parent, name, since, ino, type, ${until} FROM ${table}
       WHERE branch = $1 AND (parent, name, since) > ($2, $3, $4) ORDER BY parent, name, since LIMIT ${rowsPerRead}`,
    );
    for (let after: Value[] = [0, new Uint8Array(), 0]; ; ) {
      const rows = read.all([branch, ...after]);
      for (const [parent, name, since, ino, type, end] of rows)
        yield { parent, name: Buffer.from(name).toString("latin1"), since, ino, type, until: end ?? undefined };
      const last = rows[rows.length - 1];
      if (last === undefined || rows.length < rowsPerRead) break;
      after = [last[0], last[1], last[2]];
    }
  }
}

/** A branch's own inodes. */
export function* ownInodes(connection: Connection, branch: number, times: Times): Generator<InodeRow> {
  type Row = readonly [number, number, number, number, number, number, number, number | null];
  for (const { name: table, until } of tablesOf("inode", times)) {
    const read = connection.prepare<Row>(
      `SELECT ino, since, mode, nlink, parent, size, allocated, ${until} FROM ${table}
       WHERE branch = $1 AND (ino, since) > ($2, $3) ORDER BY ino, since LIMIT ${rowsPerRead}`,
    );
    for (let after = [0, 0]; ; ) {
      const rows = read.all([branch, ...after]);
      for (const [ino, since, mode, nlink, parent, size, allocated, end] of rows)
        yield { ino, since, mode, nlink, parent, size, allocated, until: end ?? undefined };
      const last = rows[rows.length - 1];
      if (last === undefined || rows.length < rowsPerRead) break;
      after = [last[0], last[1]];
    }
  }
}
