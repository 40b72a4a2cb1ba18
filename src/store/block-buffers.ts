import { blobBytes } from "../base/limits.js";

/** Of so many there is no telling: what is beyond is left to the collector. */
const keptMax = 16;

/**
 * Buffers for a block of a file, used again: each that is dropped counts for the collector as 128 KiB of garbage, and a long write would
 * have it at work most of the time.
 */
const free: Buffer[] = [];

/** A buffer of `blobBytes`, with anything in it. */
export function takeBlock(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(blobBytes);
}

/** A buffer that nobody refers to any more, if it came from `takeBlock`. */
export function giveBlock(buffer: Buffer): void {
  if (buffer.length === blobBytes && buffer.buffer.byteLength === blobBytes && free.length < keptMax) free.push(buffer);
}
