import { blobBytes } from "../base/limits.js";
import { takeBlock } from "./block-buffers.js";

/** A range of a file changed since its last version: bytes in memory, a part of a blob, or a hole. */
export interface Chunk {
  readonly offset: number;
  length: number;
  /** The bytes, in a buffer that may have room for more; undefined once they are stored as a blob. */
  data: Buffer | undefined;
  /** While there is no data: the blob, or `holeBlob`. */
  blob: number;
  /** Where in the blob the chunk begins; 0 while the bytes are in memory. */
  blobOffset: number;
}

/** No blob has this id: a chunk of it is a hole, which hides what is stored below it. */
export const holeBlob = 0;

/** Whether a chunk is a hole. */
export function isHole(chunk: Chunk): boolean {
  return chunk.data === undefined && chunk.blob === holeBlob;
}

/** What a draft's requests did, told apart for the event that its version gets. */
export type DraftKind = "write" | "copy" | "fallocate" | "truncate";

/**
 * A file's content between two versions: what was written, not yet stored as a version.
 * INVARIANT: chunks are sorted by offset and do not overlap; one with bytes in memory lies within one aligned block of `blobBytes`,
 * one of a blob has at most `extentMaxBytes`, a hole any length.
 */
export class Draft {
  chunks: Chunk[] = [];
  /** Stored bytes show through below this offset only: the smallest size since the last version. */
  clip: number;
  /** The last mutating request: its event id, clock time and process. */
  tick = 0;
  at = 0;
  process: number | null = null;
  /** Bytes that requests wrote or copied. */
  bytes = 0;
  /** What its requests did: the weightiest of them, in the order of the type. */
  kind: DraftKind = "truncate";
  /** Blobs stored for chunks before the version was: those no chunk needs any more are removed with it. */
  readonly spilled: number[] = [];
  /** Bytes of data held in memory. */
  memoryBytes = 0;
  /** Bytes in memory after the last look for full chunks: thousands of small ones are not looked through at each write. */
  unspilledBytes = 0;
  /** The size of the last version: how far stored bytes reach. */
  readonly storedBytes: number;
  /** Allocated bytes of the file as of request `allocatedAt`, which ranges.ts counts when it is asked. */
  allocated = 0;
  allocatedAt = 0;

  constructor(storedBytes: number) {
    this.clip = storedBytes;
    this.storedBytes = storedBytes;
  }

  /**
   * Takes `data` at `offset`; the data is copied.
   * @param store makes a blob of a whole block, which then need not be held in memory, or has no room
   */
  write(offset: number, data: Buffer, store?: (block: Buffer) => number | undefined): void {
    this.kind = "write";
    this.bytes += data.length;
    let done = 0;
    while (done < data.length) {
      const at = offset + done;
      const room = blobBytes - (at % blobBytes);
      const piece = Math.min(room, data.length - done);
      const blob = piece === blobBytes ? store?.(data.subarray(done, done + piece)) : undefined;
      if (blob === undefined) this.#put(at, data, done, piece);
      else this.#putBlob(at, blob);
      done += piece;
    }
  }

  /** Cuts off everything from `size` on. */
  truncate(size: number): void {
    if (size < this.clip) this.clip = size;
    this.#carve(size, Number.MAX_SAFE_INTEGER);
  }

  /** Makes a range a hole. */
  clear(start: number, end: number): void {
    if (this.kind === "truncate") this.kind = "fallocate";
    if (start < end) this.#replace(start, end, [hole(start, end)]);
  }

  /** Replaces a range by chunks of blobs and holes, which fill it. */
  share(start: number, end: number, chunks: readonly Chunk[]): void {
    if (this.kind !== "write") this.kind = "copy";
    this.bytes += end - start;
    this.#replace(start, end, chunks);
  }

  /** The first chunk that ends after `offset`. */
  firstAfter(offset: number): number {
    let low = 0;
    let high = this.chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const chunk = this.chunks[middle] as Chunk;
      if (chunk.offset + chunk.length <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether chunks cover the whole range. */
  covers(offset: number, end: number): boolean {
    let at = offset;
    for (let i = this.firstAfter(offset); at < end; i++) {
      const chunk = this.chunks[i];
      if (chunk === undefined || chunk.offset > at) return false;
      at = chunk.offset + chunk.length;
    }
    return true;
  }

  #replace(start: number, end: number, chunks: readonly Chunk[]): void {
    this.#carve(start, end);
    const at = this.firstAfter(start);
    // Not by splice: a copy of many gigabytes has more chunks than a call may have arguments.
    this.chunks = [...this.chunks.slice(0, at), ...chunks, ...this.chunks.slice(at)];
  }

  /** Makes a whole block one of a blob that was stored for it. */
  #putBlob(offset: number, blob: number): void {
    const end = offset + blobBytes;
    const over = this.chunks[this.firstAfter(offset)];
    if (over !== undefined && over.offset < end) this.#carve(offset, end);
    this.chunks.splice(this.firstAfter(offset), 0, { offset, length: blobBytes, data: undefined, blob, blobOffset: 0 });
    this.spilled.push(blob);
  }

  #put(offset: number, source: Buffer, start: number, length: number): void {
    const index = this.firstAfter(offset);
    const over = this.chunks[index];
    if (over?.data !== undefined && over.offset <= offset && offset + length <= over.offset + over.length) {
      source.copy(over.data, offset - over.offset, start, start + length);
      return;
    }
    if (over === undefined && this.#append(offset, source, start, length)) return;
    if (over !== undefined && over.offset < offset + length) this.#carve(offset, offset + length);
    const data = length === blobBytes ? takeBlock() : Buffer.allocUnsafe(length);
    source.copy(data, 0, start, start + length);
    this.chunks.splice(this.firstAfter(offset), 0, { offset, length, data, blob: 0, blobOffset: 0 });
    this.memoryBytes += length;
  }

  /** Extends the last chunk when `offset` is its end and both lie in one block; its buffer grows geometrically. */
  #append(offset: number, source: Buffer, start: number, length: number): boolean {
    const tail = this.chunks[this.chunks.length - 1];
    if (tail?.data === undefined || tail.offset + tail.length !== offset || offset % blobBytes === 0) return false;
    if (tail.data.length < tail.length + length) {
      const wanted = Math.max(2 * tail.data.length, tail.length + length);
      const grown = wanted < blobBytes ? Buffer.allocUnsafe(wanted) : takeBlock();
      tail.data.copy(grown, 0, 0, tail.length);
      tail.data = grown;
    }
    source.copy(tail.data, tail.length, start, start + length);
    tail.length += length;
    this.memoryBytes += length;
    return true;
  }

  /** Removes a range from the chunks, splitting those at its edges. */
  #carve(start: number, end: number): void {
    const from = this.firstAfter(start);
    let to = from;
    const remnants: Chunk[] = [];
    for (; to < this.chunks.length; to++) {
      const chunk = this.chunks[to] as Chunk;
      if (chunk.offset >= end) break;
      if (chunk.offset < start) remnants.push(part(chunk, chunk.offset, start));
      const chunkEnd = chunk.offset + chunk.length;
      if (chunkEnd > end) remnants.push(part(chunk, end, chunkEnd));
      if (chunk.data !== undefined) this.memoryBytes -= chunk.length;
    }
    for (const remnant of remnants) if (remnant.data !== undefined) this.memoryBytes += remnant.length;
    if (to > from || remnants.length > 0) this.chunks.splice(from, to - from, ...remnants);
  }
}

/** A chunk that hides what is stored in [start, end). */
export function hole(start: number, end: number): Chunk {
  return { offset: start, length: end - start, data: undefined, blob: holeBlob, blobOffset: 0 };
}

function part(chunk: Chunk, start: number, end: number): Chunk {
  const skip = start - chunk.offset;
  return {
    offset: start,
    length: end - start,
    data: chunk.data?.subarray(skip, skip + end - start),
    blob: chunk.blob,
    blobOffset: chunk.data === undefined && chunk.blob !== holeBlob ? chunk.blobOffset + skip : 0,
  };
}
