import { LRUCache } from "lru-cache";
import { type Name, nameBytes } from "../base/bytes.js";
import type { Statement, Value } from "../db/connection.js";
import { BranchKeys, Holders } from "./branch-keys.js";
import { copyExtents } from "./content.js";
import { cutAt, type Extent, overlay } from "./extents.js";
import { Inode, setInode } from "./inode.js";
import {
  isEntry,
  mergeListings,
  mergeNames,
  namesOf,
  oneOf,
  ownAndLowerSlots,
  type SlotRow,
  slotOf,
  type XattrNameRow,
} from "./listing.js";
import type { Tables } from "./tables.js";
import { type Cell, type TemporalTable, versionAsOf } from "./temporal.js";
import type { Dirent, ListedDirent, NamedInode, Tree } from "./tree.js";

const listSql = `SELECT name, ino, type, cookie FROM dirent WHERE branch = $1 AND parent = $2 AND since <= $3
  UNION ALL SELECT name, ino, type, cookie FROM dirent_past WHERE branch = $1 AND parent = $2 AND since <= $3 AND until > $3
  ORDER BY cookie`;
const xattrsSql = `SELECT name, value IS NULL FROM xattr WHERE branch = $1 AND ino = $2 AND since <= $3
  UNION ALL SELECT name, value IS NULL FROM xattr_past WHERE branch = $1 AND ino = $2 AND since <= $3 AND until > $3`;

const asOf = (rows: string): string =>
  `SELECT ${rows} AND since <= $3 UNION ALL SELECT ${rows.replace("dirent", "dirent_past")} AND since <= $3 AND until > $3`;
const namesInSql = asOf(`name, ino FROM dirent WHERE branch = $1 AND parent = $2 AND ${oneOf(4)}`);
const slotsOfSql = asOf("name, parent FROM dirent WHERE branch = $1 AND ino = $2");

/** How much one past tree keeps in memory: listings and attributes, by count, since a moment never changes. */
const cachedInodes = 4096;
const cachedListedEntries = 20_000;
/** A page that no listing fills. */
const whole = Number.MAX_SAFE_INTEGER;

/** The newest versions of a branch that are in memory: what has not changed since a moment is the same there. */
export interface Newest {
  newestInode(ino: number): Cell | undefined;
  newestDirent(parent: number, name: Name): Cell | undefined;
}

/** A branch as of a moment: read-only, and the same for ever. Everything up to the moment must have been drained. */
export class PastTree implements Tree {
  readonly branch: number;
  readonly asOf: number;
  readonly #tables: Tables;
  readonly #newest: () => Newest | undefined;
  /** The parent branch as of the fork; undefined for branch 0. */
  readonly lower: PastTree | undefined;
  readonly #list: Statement<SlotRow>;
  readonly #xattrs: Statement<XattrNameRow>;
  /** Which inodes and directories the branch has rows of its own for; undefined in the trunk, which has them all. */
  readonly keys: BranchKeys | undefined;
  readonly #holders: Holders<PastTree> = new Holders<PastTree>(this);
  // By size, not by count: a cache of a counted maximum makes room for it at once, and a lineage has many trees.
  readonly #inodes = new LRUCache<number, Inode>({ maxSize: cachedInodes, sizeCalculation: () => 1 });
  readonly #listings = new LRUCache<number, ListedDirent[]>({
    maxSize: cachedListedEntries,
    maxEntrySize: 1_000_000,
    sizeCalculation: (listing) => Math.min(listing.length + 1, cachedListedEntries),
  });

  /** @param newest finds the branch's live tree, if there is one */
  constructor(
    tables: Tables,
    branch: number,
    asOf: number,
    lower: PastTree | undefined,
    newest: () => Newest | undefined = () => undefined,
  ) {
    this.branch = branch;
    this.lower = lower;
    this.keys = lower === undefined ? undefined : new BranchKeys(tables.connection, branch);
    this.asOf = asOf;
    this.#tables = tables;
    this.#newest = newest;
    this.#list = tables.connection.prepare(listSql);
    this.#xattrs = tables.connection.prepare(xattrsSql);
  }

  inode(ino: number): Inode | undefined {
    const holder = this.#holders.of("inode", ino);
    return holder.#ownInode(ino) ?? holder.lower?.inode(ino);
  }

  /** An inode as this branch itself has it. */
  #ownInode(ino: number): Inode | undefined {
    const cached = this.#inodes.get(ino);
    if (cached !== undefined) return cached;
    const row = versionAsOf(this.#newest()?.newestInode(ino), this.asOf) ?? this.#stored(this.#tables.inode, ino);
    if (row === undefined) return undefined;
    const inode = new Inode(this.branch, ino);
    setInode(inode, row);
    this.#inodes.set(ino, inode);
    return inode;
  }

  /** The row of a key as the database has it. */
  #stored(table: TemporalTable, ...key: readonly Value[]): readonly Value[] | undefined {
    this.#tables.ready();
    return table.readAsOf([this.branch, ...key], this.asOf);
  }

  lookup(parent: number, name: Name): Dirent | undefined {
    const holder = this.#holders.of("dirent", parent);
    if (holder !== this) return holder.lookup(parent, name);
    const row =
      versionAsOf(this.#newest()?.newestDirent(parent, name), this.asOf) ?? this.#stored(this.#tables.dirent, parent, nameBytes(name));
    if (row === undefined) return this.lower?.lookup(parent, name);
    if (row[1] === null) return undefined;
    return { ino: row[1] as number, type: row[2] as number, cookie: row[3] as number };
  }

  list(parent: number, after: number, limit: number): ListedDirent[] {
    const holder = this.#holders.of("dirent", parent);
    if (holder !== this) return holder.list(parent, after, limit);
    const listing = this.#listing(parent);
    let low = 0;
    let high = listing.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((listing[middle] as ListedDirent).cookie <= after) low = middle + 1;
      else high = middle;
    }
    return listing.slice(low, low + limit);
  }

  read(inode: Inode, offset: number, into: Buffer): number {
    const length = Math.max(0, Math.min(into.length, inode.size - offset));
    if (length === 0) return 0;
    const target = into.subarray(0, length).fill(0);
    copyExtents(this.extents(inode.ino, offset, offset + length), this.#tables.blobs, offset, target, inode.size);
    return length;
  }

  extents(ino: number, start: number, end: number): Extent[] {
    const holder = this.#holders.of("inode", ino);
    if (holder !== this) return holder.extents(ino, start, end);
    const inode = this.#ownInode(ino);
    const { lower } = this;
    if (inode === undefined) return lower?.extents(ino, start, end) ?? [];
    this.#tables.ready();
    // What was appended later may lie in the same extents.
    const own = cutAt(this.#tables.extents.asOf(this.branch, ino, start, end, this.asOf), inode.size);
    if (lower === undefined) return own;
    const { inherited } = inode;
    return overlay(own, start, end, inherited, (from, to) => lower.extents(ino, from, to));
  }

  namesIn(parent: number, inos: readonly number[]): NamedInode[] {
    this.#tables.ready();
    const find = this.#tables.connection.prepare<readonly [Uint8Array, number]>(namesInSql);
    const own = (some: readonly number[]) => find.all([this.branch, parent, this.asOf, ...some]);
    return namesOf(this, parent, inos, own, this.lower?.namesIn(parent, inos));
  }

  slotsOf(ino: number): { parent: number; name: Name }[] {
    this.#tables.ready();
    const rows = this.#tables.connection.prepare<readonly [Uint8Array, number]>(slotsOfSql).all([this.branch, ino, this.asOf]);
    return ownAndLowerSlots(this, rows, this.lower?.slotsOf(ino), ino);
  }

  xattr(ino: number, name: Name): Uint8Array | undefined {
    const holder = this.#holders.of("xattr", ino);
    if (holder !== this) return holder.xattr(ino, name);
    const row = this.#stored(this.#tables.xattr, ino, nameBytes(name));
    if (row === undefined) return this.lower?.xattr(ino, name);
    return (row[1] as Uint8Array | null) ?? undefined;
  }

  xattrNames(ino: number): Name[] {
    const holder = this.#holders.of("xattr", ino);
    if (holder !== this) return holder.xattrNames(ino);
    this.#tables.ready();
    return mergeNames(this.#xattrs.all([this.branch, ino, this.asOf]), this.lower?.xattrNames(ino) ?? []);
  }

  #listing(parent: number): ListedDirent[] {
    const cached = this.#listings.get(parent);
    if (cached !== undefined) return cached;
    this.#tables.ready();
    const params: Value[] = [this.branch, parent, this.asOf];
    const own = this.#list.all(params).map(slotOf);
    const lower = this.lower;
    const listing =
      lower === undefined
        ? own.filter(isEntry)
        : mergeListings(
            () => own,
            () => lower.list(parent, 0, whole),
            0,
            whole,
          );
    this.#listings.set(parent, listing);
    return listing;
  }
}
