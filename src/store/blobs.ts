import { crc32 } from "node:zlib";
import { LRUCache } from "lru-cache";
import { invariant } from "../base/assert.js";
import type { Connection, Statement } from "../db/connection.js";
import type { Writer } from "./writer.js";

/** Immutable byte strings by id, with a cache of those read lately. */
export class Blobs {
  readonly #writer: Writer;
  readonly #select: Statement<readonly [Uint8Array]>;
  readonly #insert: Statement;
  readonly #delete: Statement;
  readonly #cache: LRUCache<number, Uint8Array>;
  #next: number;

  constructor(connection: Connection, writer: Writer, cacheBytes: number) {
    this.#writer = writer;
    this.#select = connection.prepare("SELECT data FROM blob WHERE id = $1");
    this.#insert = connection.prepare("INSERT INTO blob (id, checksum, length, codec, data) VALUES ($1, $2, $3, 0, $4)");
    this.#delete = connection.prepare("DELETE FROM blob WHERE id = $1");
    this.#cache = new LRUCache({ maxSize: cacheBytes, sizeCalculation: (data) => data.byteLength + 100 });
    const [last] = connection.prepare<readonly [number | null]>("SELECT max(id) FROM blob").get([]) ?? [null];
    this.#next = (last ?? 0) + 1;
  }

  /** The newest blob's id. */
  get last(): number {
    return this.#next - 1;
  }

  /** Stores bytes; the buffer must not change afterwards. Returns the blob's id. */
  add(data: Uint8Array): number {
    const id = this.#next++;
    this.#writer.run(this.#insert, [id, crc32(data), data.byteLength, data]);
    return id;
  }

  /** A blob's content. The invariant fails when it is not there: a row points to nothing. */
  get(id: number): Uint8Array {
    const cached = this.#cache.get(id);
    if (cached !== undefined) return cached;
    const row = this.#select.get([id]);
    invariant(row !== undefined, `blob ${id} is missing`);
    this.#cache.set(id, row[0]);
    return row[0];
  }

  /** Removes a blob that no extent points to. */
  remove(id: number): void {
    this.#cache.delete(id);
    this.#writer.run(this.#delete, [id]);
  }
}
