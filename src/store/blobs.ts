import { crc32 } from "node:zlib";
import { LRUCache } from "lru-cache";
import { invariant } from "../base/assert.js";
import { packBytes } from "../base/limits.js";
import type { Connection, Segments, Statement } from "../db/connection.js";
import { giveBlock } from "./block-buffers.js";
import { codecs, positionBytes, positionIn } from "./codecs.js";
import { readMeta, writeMeta } from "./meta.js";
import type { Writer } from "./writer.js";

/** Where bytes were stored. */
export interface Place {
  readonly blob: number;
  readonly offset: number;
}

/** A blob whose bytes are in the segments. */
interface Remote {
  readonly position: number;
  readonly length: number;
}

/** A blob whose bytes are to be stored by `takeLent`. */
interface Lent {
  readonly id: number;
  readonly data: Buffer;
  readonly owner: Owner;
}

/** Whose a buffer is after the call that passes it: the caller's, who will change it, or the blobs', which may use it again. */
type Owner = "caller" | "blobs";

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

/** The fact of `meta` that says how far the segments reach. */
const segmentsFact = "segments";

export interface BlobOptions {
  /** Memory for blobs read lately. */
  readonly cacheBytes: number;
  /** Told of bytes that went to the segments: they do not wait for the end of the batch. */
  readonly onBeside?: (bytes: number) => void;
  /** Whether buffers given to `addBeside` stay as they are until `takeLent` is called, which then is when they are stored. */
  readonly lent?: boolean;
}

/** Byte strings by id, immutable once the batch has ended that made them, with a cache of those read lately. */
export class Blobs {
  readonly #connection: Connection;
  readonly #segments: Segments;
  readonly #writer: Writer;
  readonly #onBeside: (bytes: number) => void;
  readonly #select: Statement<readonly [codec: number, length: number, data: Uint8Array]>;
  readonly #selectRemote: Statement<readonly [length: number, data: Uint8Array]>;
  readonly #insert: Statement;
  readonly #append: Statement;
  readonly #delete: Statement;
  readonly #cache: LRUCache<number, Uint8Array | Remote>;
  /** Packs that still take pieces, the one begun first in front. */
  readonly #packs = new Map<number, Pack>();
  #next: number;
  #sharedThrough: number;
  /** What the database will say, once this batch is committed, that the segments have. */
  #noted: number;
  /** Bytes in the segments whose rows this batch removed. */
  #freed: Remote[] = [];

  /** Blobs whose bytes are to be stored by `takeLent`; undefined where they are stored at once. */
  #lent: Lent[] | undefined;

  constructor(connection: Connection, writer: Writer, options: BlobOptions) {
    const { cacheBytes, onBeside, lent } = options;
    this.#lent = lent === true ? [] : undefined;
    this.#connection = connection;
    this.#segments = connection.segments;
    this.#writer = writer;
    this.#onBeside = onBeside ?? (() => {});
    this.#select = connection.prepare("SELECT codec, length, data FROM blob WHERE id = $1");
    this.#selectRemote = connection.prepare(`SELECT length, data FROM blob WHERE id = $1 AND codec = ${codecs.segments}`);
    this.#insert = connection.prepare("INSERT INTO blob (id, checksum, length, codec, data) VALUES ($1, $2, $3, $4, $5)");
    this.#append = connection.prepare("UPDATE blob SET checksum = $2, length = $3, data = CAST(data || $4 AS BLOB) WHERE id = $1");
    this.#delete = connection.prepare("DELETE FROM blob WHERE id = $1");
    this.#cache = new LRUCache({ maxSize: cacheBytes, sizeCalculation: (found) => (isRemote(found) ? 100 : found.byteLength + 100) });
    const [last] = connection.prepare<readonly [number | null]>("SELECT max(id) FROM blob").get([]) ?? [null];
    this.#next = (last ?? 0) + 1;
    this.#sharedThrough = this.last;
    this.#noted = Number(readMeta(connection, segmentsFact) ?? 0);
  }

  /** Goes on where the segments of what was committed end: once, before anything is added. */
  resumeSegments(): void {
    this.#segments.resume(this.#noted);
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
   * As `add`, for a part of a long file: beside the database. Undefined where there is no room; then the buffer stays the caller's.
   * A buffer of the caller may change once this returns, or after `takeLent` where bytes are lent.
   */
  addBeside(data: Buffer, owner: Owner): number | undefined {
    if (this.#lent !== undefined) {
      const id = this.#next++;
      this.#lent.push({ id, data, owner });
      return id;
    }
    const position = this.#segments.append(data);
    if (position === undefined) return undefined;
    const id = this.#next++;
    this.#noteBeside(id, data, position);
    if (owner === "blobs") giveBlock(data);
    return id;
  }

  /** Stores what was lent: before anybody looks for it, and before the buffers change. */
  takeLent(): void {
    const lent = this.#lent;
    if (lent === undefined || lent.length === 0) return;
    this.#lent = [];
    for (const { id, data, owner } of lent) {
      const position = this.#segments.append(data);
      if (position === undefined) this.#store(id, owner === "caller" ? Buffer.from(data) : data);
      else {
        this.#noteBeside(id, data, position);
        if (owner === "blobs") giveBlock(data);
      }
    }
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

  /** Has the database know how far the segments reach: a part of each batch, and of each record of the redo log, that needs it. */
  noteSegments(): void {
    this.takeLent();
    const { end } = this.#segments;
    if (end === this.#noted) return;
    writeMeta(this.#connection, this.#writer, segmentsFact, String(end));
    this.#noted = end;
  }

  /** The batch was committed. */
  committed(): void {
    for (const { position, length } of this.#freed.splice(0)) this.#segments.free(position, length);
  }

  /**
   * Returns what forgets all that is added and removed from here on, when the database has undone it. No pack may be open and nothing
   * lent, nor is it afterwards.
   */
  mark(): () => void {
    const freed = [...this.#freed];
    return () => {
      if (this.#lent !== undefined) this.#lent = [];
      this.#packs.clear();
      this.#freed = freed;
      this.#noted = Number(readMeta(this.#connection, segmentsFact) ?? 0);
      this.#cache.clear();
    };
  }

  /** A blob's content. The invariant fails when it is not there: a row points to nothing. */
  get(id: number): Uint8Array {
    const found = this.#find(id);
    if (!isRemote(found)) return found;
    const data = Buffer.allocUnsafe(found.length);
    this.#segments.read(found.position, data);
    return data;
  }

  /** Copies the bytes [start, end) of a blob to `into`, from `at` on. */
  copy(id: number, start: number, end: number, into: Uint8Array, at: number): void {
    const found = this.#find(id);
    if (isRemote(found)) this.#segments.read(found.position + start, into.subarray(at, at + end - start));
    else into.set(found.subarray(start, end), at);
  }

  /** A blob's length in bytes. */
  lengthOf(id: number): number {
    const found = this.#find(id);
    return isRemote(found) ? found.length : found.byteLength;
  }

  /** Removes a blob that no extent points to. */
  remove(id: number): void {
    this.takeLent();
    const pack = this.#packs.get(id);
    this.#packs.delete(id);
    if (pack !== undefined) {
      if (pack.logged > 0) this.#writer.onlyRecover(this.#delete, [id]);
      return;
    }
    const remote = this.#remote(id);
    if (remote !== undefined) this.#freed.push(remote);
    this.#cache.delete(id);
    this.#writer.run(this.#delete, [id]);
  }

  /** Other extents than those that were made with them may from now on point to the blobs there are. */
  share(): void {
    this.#sharedThrough = this.last;
  }

  /** Whether only the extents that were made with it can point to a blob. It is known of those made since the database was opened. */
  isOwn(id: number): boolean {
    return id > this.#sharedThrough;
  }

  #noteBeside(id: number, data: Uint8Array, position: number): void {
    const length = data.byteLength;
    this.#onBeside(length);
    this.#cache.set(id, { position, length });
    this.#writer.run(this.#insert, [id, crc32(data), length, codecs.segments, positionBytes(position)]);
  }

  #find(id: number): Uint8Array | Remote {
    this.takeLent();
    const cached = this.#cache.get(id);
    if (cached !== undefined) return cached;
    const pack = this.#packs.get(id);
    if (pack !== undefined) return pack.data.subarray(0, pack.length);
    this.#writer.ready();
    const row = this.#select.get([id]);
    invariant(row !== undefined, `blob ${id} is missing`);
    const [codec, length, data] = row;
    const found = codec === codecs.segments ? { position: positionIn(data), length } : data;
    this.#cache.set(id, found);
    return found;
  }

  /** Where a blob is, if it is in the segments. Its bytes are not read to know. */
  #remote(id: number): Remote | undefined {
    const cached = this.#cache.get(id);
    if (cached !== undefined) return isRemote(cached) ? cached : undefined;
    const row = this.#selectRemote.get([id]);
    return row === undefined ? undefined : { position: positionIn(row[1]), length: row[0] };
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
    this.#writer.run(this.#insert, [id, pack.checksum, pack.length, codecs.row, data], "run");
  }

  #log(id: number, pack: Pack): void {
    const { data, length, logged } = pack;
    if (logged === length) return;
    const piece = data.subarray(logged, length);
    pack.checksum = crc32(piece, pack.checksum);
    pack.logged = length;
    if (logged === 0) this.#writer.onlyRecover(this.#insert, [id, pack.checksum, length, codecs.row, piece]);
    else this.#writer.onlyRecover(this.#append, [id, pack.checksum, length, piece]);
  }

  #store(id: number, data: Uint8Array): void {
    this.#writer.run(this.#insert, [id, crc32(data), data.byteLength, codecs.row, data]);
  }
}

function isRemote(found: Uint8Array | Remote): found is Remote {
  return "position" in found;
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
