import { blobBytes } from "../base/limits.js";
import type { Blobs } from "./blobs.js";
import type { Extent, Extents } from "./extents.js";

/** This many extents that appends made, one a batch, are joined. */
const joinedAtOnce = 16;

/**
 * How the newest small pieces of a file's content are stored. In memory only: without it the next append begins anew.
 * INVARIANT: from `from` on, the file's extents were made by appends alone, each at the end that the file had had since the one
 * before. So before an extent's `since` the file ended where it begins, or before that, and an extent that reaches beyond the end of
 * the file at a moment shows there what it should: only what the file had then.
 */
export class Tail {
  /** The pack that took the last piece; 0 when there is none. */
  pack = 0;
  /** Where in the file the last extent begins; -1 when the last change was no small append. */
  last = -1;
  /** Where in the file the extents begin that appends alone made; -1 when there are none. */
  from = -1;
  /** How many extents appends made since some were joined. */
  count = 0;

  /** The file changed otherwise than by a small append. Its pack takes further pieces all the same. */
  end(): void {
    this.last = -1;
    this.from = -1;
    this.count = 0;
  }

  /** Nothing that is stored from now on joins what is stored. */
  forget(): void {
    this.end();
    this.pack = 0;
  }
}

/** A file that is appended to. */
export interface AppendTarget {
  readonly branch: number;
  readonly ino: number;
  readonly tail: Tail;
}

/**
 * Stores `data`, a version of its own as of event `tick`, at the end of a file whose size is `size`. In the batch of the append before
 * it makes no row: that one's extent grows.
 */
export function appendPiece(target: AppendTarget, size: number, data: Buffer, tick: number, extents: Extents, blobs: Blobs): void {
  const { branch, ino, tail } = target;
  const { length } = data;
  const { blob, offset: blobOffset } = blobs.pack(data, tail.pack);
  if (tail.last !== -1 && blob === tail.pack) {
    extents.grow(branch, ino, tail.last, size + length - tail.last);
    return;
  }
  if (tail.from === -1) tail.from = size;
  tail.pack = blob;
  tail.last = size;
  tail.count += 1;
  if (tail.count > joinedAtOnce) {
    join(target, size, extents, blobs);
    tail.count = 1;
  }
  extents.insert(branch, ino, { offset: size, length, since: tick, blob, blobOffset });
}

/**
 * Joins the extents before `end` that appends made: one row and one blob in place of many, true since the first of them. Nothing
 * changes at any moment, so nothing goes to the past. Each is joined with as much as itself, so a byte is copied a few times only,
 * and a file of many appends has few extents.
 */
function join({ branch, ino, tail }: AppendTarget, end: number, extents: Extents, blobs: Blobs): void {
  const stored = extents.live(branch, ino, Math.max(tail.from, end - blobBytes), end);
  let first = stored.length;
  let start = end;
  for (let index = stored.length - 1; index >= 0; index--) {
    const { offset, length, blob, blobOffset } = stored[index] as Extent;
    const whole = blob !== null && blobOffset === 0 && blobs.isOwn(blob) && blobs.lengthOf(blob) === length;
    if (!whole || offset < tail.from || offset + length !== start || end - offset > blobBytes) break;
    if (stored.length - index > joinedAtOnce && length > end - start) break;
    start = offset;
    first = index;
  }
  const joined = stored.slice(first);
  const [oldest] = joined;
  if (oldest === undefined || joined.length < 2) return;
  const data = Buffer.concat(joined.map(({ blob }) => blobs.get(blob as number)));
  for (const { offset, blob } of joined) {
    extents.remove(branch, ino, offset);
    blobs.remove(blob as number);
  }
  extents.insert(branch, ino, { offset: oldest.offset, length: data.length, since: oldest.since, blob: blobs.add(data), blobOffset: 0 });
}
