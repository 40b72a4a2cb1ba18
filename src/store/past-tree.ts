import { LRUCache } from "lru-cache";
import type { Name } from "../base/bytes.js";
import type { Statement, Value } from "../db/connection.js";
import { copyExtents } from "./content.js";
import { Inode, setInode } from "./inode.js";
import type { Tables } from "./tables.js";
import type { Dirent, ListedDirent, Tree } from "./tree.js";

type ListRow = readonly [name: Uint8Array, ino: number | null, type: number, cookie: number];

const listSql = `SELECT name, ino, type, cookie FROM dirent WHERE branch = $1 AND parent = $2 AND since <= $3
  UNION ALL SELECT name, ino, type, cookie FROM dirent_past WHERE branch = $1 AND parent = $2 AND since <= $3 AND until > $3
  ORDER BY cookie`;
const xattrsSql = `SELECT name FROM xattr WHERE branch = $1 AND ino = $2 AND since <= $3 AND value IS NOT NULL
  UNION ALL SELECT name FROM xattr_past WHERE branch = $1 AND ino = $2 AND since <= $3 AND until > $3 AND value IS NOT NULL
  ORDER BY name`;

/** How much one past tree keeps in memory: listings and attributes, by count, since a moment never changes. */
const cachedInodes = 4096;
const cachedListedEntries = 20_000;

/** A branch as of a moment: read-only, and the same for ever. Everything up to the moment must have been drained. */
export class PastTree implements Tree {
  readonly branch: number;
  readonly asOf: number;
  readonly #tables: Tables;
  readonly #list: Statement<ListRow>;
  readonly #xattrs: Statement<readonly [Uint8Array]>;
  readonly #inodes = new LRUCache<number, Inode>({ max: cachedInodes });
  readonly #listings = new LRUCache<number, ListedDirent[]>({
    maxSize: cachedListedEntries,
    maxEntrySize: 1_000_000,
    sizeCalculation: (listing) => Math.min(listing.length + 1, cachedListedEntries),
  });

  constructor(tables: Tables, branch: number, asOf: number) {
    this.branch = branch;
    this.asOf = asOf;
    this.#tables = tables;
    this.#list = tables.connection.prepare(listSql);
    this.#xattrs = tables.connection.prepare(xattrsSql);
  }

  inode(ino: number): Inode | undefined {
    const cached = this.#inodes.get(ino);
    if (cached !== undefined) return cached;
    const row = this.#tables.inode.readAsOf([this.branch, ino], this.asOf);
    if (row === undefined) return undefined;
    const inode = new Inode(this.branch, ino);
    setInode(inode, row);
    this.#inodes.set(ino, inode);
    return inode;
  }

  lookup(parent: number, name: Name): Dirent | undefined {
    const row = this.#tables.dirent.readAsOf([this.branch, parent, Buffer.from(name, "latin1")], this.asOf);
    if (row === undefined || row[1] === null) return undefined;
    return { ino: row[1] as number, type: row[2] as number, cookie: row[3] as number };
  }

  list(parent: number, after: number, limit: number): ListedDirent[] {
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
    const { extents, blobs } = this.#tables;
    copyExtents(extents.asOf(this.branch, inode.ino, offset, offset + length, this.asOf), blobs, offset, target, inode.size);
    return length;
  }

  xattr(ino: number, name: Name): Uint8Array | undefined {
    const row = this.#tables.xattr.readAsOf([this.branch, ino, Buffer.from(name, "latin1")], this.asOf);
    return (row?.[1] as Uint8Array | null | undefined) ?? undefined;
  }

  xattrNames(ino: number): Name[] {
    return this.#xattrs.all([this.branch, ino, this.asOf]).map(([name]) => Buffer.from(name).toString("latin1"));
  }

  #listing(parent: number): ListedDirent[] {
    const cached = this.#listings.get(parent);
    if (cached !== undefined) return cached;
    const params: Value[] = [this.branch, parent, this.asOf];
    const listing: ListedDirent[] = [];
    for (const [name, ino, type, cookie] of this.#list.all(params)) {
      if (ino !== null) listing.push({ name: Buffer.from(name).toString("latin1"), ino, type, cookie });
    }
    this.#listings.set(parent, listing);
    return listing;
  }
}
