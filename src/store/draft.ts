import { blobBytes } from "../base/limits.js";

/** A range of a file written since its last version: in memory, or already a blob's. */
export interface Chunk {
  readonly offset: number;
  length: number;
  /** The bytes, in a buffer that may have room for more; undefined once they are stored as a blob. */
  data: Buffer | undefined;
  blob: number;
  /** Where in the blob the chunk begins; 0 while the bytes are in memory. */
  readonly blobOffset: number;
}

/**
 * A file's content between two versions: what was written, not yet stored as a version.
 * INVARIANT: chunks are sorted by offset, do not overlap, and each lies within one aligned block of `blobBytes`.
 */
export class Draft {
  chunks: Chunk[] = [];
  /** Stored bytes show through below this offset only: the smallest size since the last version. */
  clip: number;
  /** The last mutating request: its event id, clock time and process. */
  tick = 0;
  at = 0;
  process: number | null = null;
  /** Bytes that requests wrote. */
  bytes = 0;
  /** Blobs stored for chunks before the version was: those no chunk needs any more are removed with it. */
  readonly spilled: number[] = [];
  /** Bytes of data held in memory. */
  memoryBytes = 0;

  constructor(storedBytes: number) {
    this.clip = storedBytes;
  }

  /** Whether it changes the size only. */
  get truncatesOnly(): boolean {
    return this.bytes === 0;
  }

  /** Takes `data` at `offset`; the data is copied. */
  write(offset: number, data: Buffer): void {
    this.bytes += data.length;
    let done = 0;
    while (done < data.length) {
      const at = offset + done;
      const room = blobBytes - (at % blobBytes);
      const piece = Math.min(room, data.length - done);
      this.#put(at, data, done, piece);
      done += piece;
    }
  }

  /** Cuts off everything from `size` on. */
  truncate(size: number): void {
    if (size < this.clip) this.clip = size;
    this.#carve(size, Number.MAX_SAFE_INTEGER);
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

  #put(offset: number, source: Buffer, start: number, length: number): void {
    const index = this.firstAfter(offset);
    const over = this.chunks[index];
    if (over?.data !== undefined && over.offset <= offset && offset + length <= over.offset + over.length) {
      source.copy(over.data, offset - over.offset, start, start + length);
      return;
    }
    if (over === undefined && this.#append(offset, source, start, length)) return;
    if (over !== undefined && over.offset < offset + length) this.#carve(offset, offset + length);
    const data = Buffer.allocUnsafe(length);
    source.copy(data, 0, start, start + length);
    this.chunks.splice(this.firstAfter(offset), 0, { offset, length, data, blob: 0, blobOffset: 0 });
    this.memoryBytes += length;
  }

  /** Extends the last chunk when `offset` is its end and both lie in one block; its buffer grows geometrically. */
  #append(offset: number, source: Buffer, start: number, length: number): boolean {
    const tail = this.chunks[this.chunks.length - 1];
    if (tail?.data === undefined || tail.offset + tail.length !== offset || offset % blobBytes === 0) return false;
    if (tail.data.length < tail.length + length) {
      const grown = Buffer.allocUnsafe(Math.min(blobBytes, Math.max(2 * tail.data.length, tail.length + length)));
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

function part(chunk: Chunk, start: number, end: number): Chunk {
  const skip = start - chunk.offset;
  return {
    offset: start,
    length: end - start,
    data: chunk.data?.subarray(skip, skip + end - start),
    blob: chunk.blob,
    blobOffset: chunk.data === undefined ? chunk.blobOffset + skip : 0,
  };
}
