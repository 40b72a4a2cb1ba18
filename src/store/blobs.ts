import { crc32 } from "node:zlib";
import { LRUCache } from "lru-cache";
import { invariant } from "../base/assert.js";
import { packBytes } from "../base/limits.js";
import type { Connection, Statement } from "../db/connection.js";
import type { Writer } from "./writer.js";

/** Where bytes were stored. */
export interface Place {
  readonly blob: number;
  readonly offset: number;
}

/** A blob that more may be appended to: not yet in the database. */
interface Pack {
  data: Buffer;
  length: number;
  /** How much of it the redo log has, and the checksum of that. */
  logged: number;
  checksum: number;
}

/** Packs kept open at most: that many files may be appended to in turn, and the end of a batch has that many left to write. */
const openPacks = 128;

/** Byte strings by id, immutable once the batch has ended that made them, with a cache of those read lately. */
export class Blobs {
  readonly #writer: Writer;
  readonly #select: Statement<readonly [Uint8Array]>;
  readonly #insert: Statement;
  readonly #append: Statement;
  readonly #delete: Statement;
  readonly #cache: LRUCache<number, Uint8Array>;
  /** Packs that still take pieces, the one begun first in front. */
  readonly #packs = new Map<number, Pack>();
  #next: number;
  #sharedThrough: number;

  constructor(connection: Connection, writer: Writer, cacheBytes: number) {
    this.#writer = writer;
    this.#select = connection.prepare("SELECT data FROM blob WHERE id = $1");
    this.#insert = connection.prepare("INSERT INTO blob (id, checksum, length, codec, data) VALUES ($1, $2, $3, 0, $4)");
    this.#append = connection.prepare("UPDATE blob SET checksum = $2, length = $3, data = CAST(data || $4 AS BLOB) WHERE id = $1");
    this.#delete = connection.prepare("DELETE FROM blob WHERE id = $1");
    this.#cache = new LRUCache({ maxSize: cacheBytes, sizeCalculation: (data) => data.byteLength + 100 });
    const [last] = connection.prepare<readonly [number | null]>("SELECT max(id) FROM blob").get([]) ?? [null];
    this.#next = (last ?? 0) + 1;
    this.#sharedThrough = this.last;
  }

  /** The newest blob's id. */
  get last(): number {
    return this.#next - 1;
  }

  /** Stores bytes; the buffer must not change afterwards. Returns the blob's id. */
  add(data: Uint8Array): number {
    const id = this.#next++;
    this.#store(id, data);
    return id;
  }

  /**
   * Stores a small piece: at the end of the pack `into` if that still takes it, else as the beginning of a new one. The buffer is the
   * pack's from then on.
   */
  pack(data: Buffer, into: number): Place {
    const pack = this.#packs.get(into);
    if (pack !== undefined && pack.length + data.length <= packBytes) {
      const offset = pack.length;
      append(pack, data);
      return { blob: into, offset };
    }
    const blob = this.#next++;
    this.#packs.set(blob, { data, length: data.length, logged: 0, checksum: 0 });
    if (this.#packs.size > openPacks) this.#closeOldest();
    return { blob, offset: 0 };
  }

  /** Writes the packs that are open: nothing is appended to them any more. */
  closePacks(): void {
    for (const [id, pack] of this.#packs) this.#close(id, pack);
    this.#packs.clear();
  }

  /** Has the redo log know the packs that are open as far as they are. */
  logPacks(): void {
    for (const [id, pack] of this.#packs) this.#log(id, pack);
  }

  /** Forgets the packs that are open: what was to point to them is undone. */
  discard(): void {
    this.#packs.clear();
  }

  /** A blob's content. The invariant fails when it is not there: a row points to nothing. */
  get(id: number): Uint8Array {
    const cached = this.#cache.get(id);
    if (cached !== undefined) return cached;
    const pack = this.#packs.get(id);
    if (pack !== undefined) return pack.data.subarray(0, pack.length);
    const row = this.#select.get([id]);
    invariant(row !== undefined, `blob ${id} is missing`);
    this.#cache.set(id, row[0]);
    return row[0];
  }

  /** Removes a blob that no extent points to. */
  remove(id: number): void {
    this.#cache.delete(id);
    const pack = this.#packs.get(id);
    this.#packs.delete(id);
    if (pack === undefined) this.#writer.run(this.#delete, [id]);
    else if (pack.logged > 0) this.#writer.onlyRecover(this.#delete, [id]);
  }

  /** Other extents than those that were made with them may from now on point to the blobs there are. */
  share(): void {
    this.#sharedThrough = this.last;
  }

  /** Whether only the extents that were made with it can point to a blob. It is known of those made since the database was opened. */
  isOwn(id: number): boolean {
    return id > this.#sharedThrough;
  }

  #closeOldest(): void {
    for (const [id, pack] of this.#packs) {
      this.#packs.delete(id);
      this.#close(id, pack);
      return;
    }
  }

  /** The database gets a pack at once, whole; what the redo log has of it already it does not get again. */
  #close(id: number, pack: Pack): void {
    const data = pack.data.subarray(0, pack.length);
    if (pack.logged === 0) {
      this.#store(id, data);
      return;
    }
    this.#log(id, pack);
    this.#writer.run(this.#insert, [id, pack.checksum, pack.length, data], "run");
  }

  #log(id: number, pack: Pack): void {
    const { data, length, logged } = pack;
    if (logged === length) return;
    const piece = data.subarray(logged, length);
    pack.checksum = crc32(piece, pack.checksum);
    pack.logged = length;
    this.#writer.onlyRecover(logged === 0 ? this.#insert : this.#append, [id, pack.checksum, length, piece]);
  }

  #store(id: number, data: Uint8Array): void {
    this.#writer.run(this.#insert, [id, crc32(data), data.byteLength, data]);
  }
}

function append(pack: Pack, data: Buffer): void {
  const length = pack.length + data.length;
  if (length > pack.data.length) {
    const grown = Buffer.allocUnsafe(Math.min(packBytes, Math.max(2 * pack.data.length, length)));
    pack.data.copy(grown, 0, 0, pack.length);
    pack.data = grown;
  }
  data.copy(pack.data, pack.length);
  pack.length = length;
}
