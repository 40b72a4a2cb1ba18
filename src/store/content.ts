import { blobBytes, packBytes } from "../base/limits.js";
import type { Blobs } from "./blobs.js";
import { type Chunk, type Draft, isHole } from "./draft.js";
import type { Extent, Extents } from "./extents.js";
import { type AppendTarget, appendPiece, type Tail } from "./tail.js";

/** A draft holds at most about this much of full chunks in memory before they become blobs. */
const spillBytes = 1024 * 1024;

/** Fills `into`, which stands for the file from `offset` on, from extents; what they do not cover is left as it is. */
export function copyExtents(extents: readonly Extent[], blobs: Blobs, offset: number, into: Buffer, clip: number): void {
  const end = Math.min(offset + into.length, clip);
  for (const extent of extents) {
    const from = Math.max(extent.offset, offset);
    const to = Math.min(extent.offset + extent.length, end);
    if (extent.blob === null || from >= to) continue;
    const start = extent.blobOffset + from - extent.offset;
    blobs.copy(extent.blob, start, start + to - from, into, from - offset);
  }
}

/** Lays a draft's chunks over `into`, which stands for the file from `offset` on. */
export function copyChunks(draft: Draft, blobs: Blobs, offset: number, into: Buffer): void {
  const end = offset + into.length;
  for (let i = draft.firstAfter(offset); i < draft.chunks.length; i++) {
    const chunk = draft.chunks[i] as Chunk;
    if (chunk.offset >= end) break;
    const from = Math.max(chunk.offset, offset);
    const to = Math.min(chunk.offset + chunk.length, end);
    if (isHole(chunk)) {
      into.fill(0, from - offset, to - offset);
      continue;
    }
    const start = chunk.blobOffset + from - chunk.offset;
    if (chunk.data === undefined) blobs.copy(chunk.blob, start, start + to - from, into, from - offset);
    else into.set(chunk.data.subarray(start, start + to - from), from - offset);
  }
}

/**
 * Writes into a draft. Of a long write whole blocks become blobs at once, beside the database: they are copied once, and the version
 * does not end in one long pause.
 */
export function writeDraft(draft: Draft, offset: number, data: Buffer, blobs: Blobs): void {
  const long = draft.spilled.length > 0 || draft.memoryBytes - draft.unspilledBytes + data.length >= spillBytes;
  draft.write(offset, data, long ? (block) => blobs.addBeside(block, "caller") : undefined);
  if (draft.memoryBytes - draft.unspilledBytes >= spillBytes) spill(draft, blobs);
}

/** Turns the whole blocks of a draft that holds many into blobs. */
function spill(draft: Draft, blobs: Blobs): void {
  for (const chunk of draft.chunks) {
    const { data } = chunk;
    if (chunk.length !== blobBytes || data === undefined) continue;
    takeBytes(chunk, data, draft);
    chunk.blob = blobs.addBeside(data, "blobs") ?? blobs.add(data);
    draft.spilled.push(chunk.blob);
  }
  draft.unspilledBytes = draft.memoryBytes;
}

/** From this length on a chunk is a blob of its own. */
const smallBytes = packBytes / 2;

/** A file whose draft is stored, as far as its store needs to know. */
export interface DraftTarget extends AppendTarget {
  /** How far the stored content reaches: nothing beyond needs to be replaced. */
  readonly storedBytes: number;
  /** The file's size in the version to be stored. */
  readonly size: number;
  /** All extents that show in a range, where a parent branch's may; undefined in a branch without one. */
  readonly visible: ((start: number, end: number) => readonly Extent[]) | undefined;
}

/**
 * Stores a draft as the version of event `draft.tick`. Returns by how much the bytes allocated to the file changed.
 * A hole needs rows of its own only where it hides a parent branch's extents, and then one for each.
 */
export function storeDraft(draft: Draft, target: DraftTarget, extents: Extents, blobs: Blobs): number {
  const { tick, chunks } = draft;
  const { branch, ino, storedBytes, visible, tail } = target;
  const piece = appendedPiece(draft, target);
  if (piece !== undefined) {
    appendPiece(target, storedBytes, piece, tick, extents, blobs);
    return piece.length;
  }
  tail.end();
  const replaceable = Math.min(storedBytes, draft.clip);
  let change = 0;
  /** Ends what shows in a range; what a parent branch shows beyond `reach` is counted elsewhere. */
  const punch = (start: number, end: number, reach: number): readonly Extent[] => {
    const hidden = visible?.(start, end);
    const ended = extents.punch(branch, ino, start, end, tick);
    change -= hidden === undefined ? ended : dataBytes(hidden, start, Math.min(end, reach));
    return hidden ?? [];
  };
  if (draft.clip < storedBytes) punch(draft.clip, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  for (let i = 0; i < chunks.length; ) {
    const first = chunks[i] as Chunk;
    const holes = isHole(first);
    let end = first.offset + first.length;
    let next = i + 1;
    for (let chunk = chunks[next]; chunk?.offset === end && isHole(chunk) === holes; chunk = chunks[++next]) end += chunk.length;
    const hidden = first.offset < replaceable ? punch(first.offset, end, replaceable) : [];
    if (holes) {
      hideInherited(hidden, first.offset, Math.min(end, replaceable), branch, ino, tick, extents);
      i = next;
    }
    for (; i < next; i++) {
      const chunk = chunks[i] as Chunk;
      storeChunk(chunk, draft, blobs, tail);
      const { offset, length, blob, blobOffset } = chunk;
      extents.insert(branch, ino, { offset, length, since: tick, blob, blobOffset });
      change += length;
    }
  }
  if (draft.spilled.length > 0) {
    const used = new Set(chunks.map((chunk) => chunk.blob));
    for (const blob of draft.spilled) if (!used.has(blob)) blobs.remove(blob);
  }
  return change;
}

/** Adds a hole over each extent that a parent branch shows in a range. */
function hideInherited(
  shown: readonly Extent[],
  start: number,
  end: number,
  branch: number,
  ino: number,
  tick: number,
  extents: Extents,
): void {
  for (const extent of shown) {
    const offset = Math.max(start, extent.offset);
    const length = Math.min(end, extent.offset + extent.length) - offset;
    if (length > 0 && extent.blob !== null) extents.insert(branch, ino, { offset, length, since: tick, blob: null, blobOffset: 0 });
  }
}

/** How many bytes of [start, end) extents have data for. */
export function dataBytes(shown: readonly Extent[], start: number, end: number): number {
  let bytes = 0;
  for (const { offset, length, blob } of shown) {
    if (blob !== null) bytes += Math.max(0, Math.min(end, offset + length) - Math.max(start, offset));
  }
  return bytes;
}

/** Drops a draft whose file has no name any more: its bytes are never kept. */
export function dropDraft(draft: Draft, blobs: Blobs): void {
  for (const blob of draft.spilled) blobs.remove(blob);
  draft.chunks = [];
}

/** The bytes of a draft that is nothing but a small append. */
function appendedPiece(draft: Draft, { storedBytes, size }: DraftTarget): Buffer | undefined {
  const [chunk] = draft.chunks;
  if (draft.chunks.length !== 1 || chunk?.data === undefined || chunk.length >= smallBytes) return undefined;
  const appended = chunk.offset === storedBytes && draft.clip === storedBytes && chunk.offset + chunk.length === size;
  return appended ? chunk.data.subarray(0, chunk.length) : undefined;
}

/** Takes a chunk's bytes out of memory: it is to be one of a blob. */
function takeBytes(chunk: Chunk, data: Buffer, draft: Draft): Buffer {
  draft.memoryBytes -= chunk.length;
  chunk.data = undefined;
  return data.subarray(0, chunk.length);
}

/** Makes a chunk in memory one of a blob; small ones go to the file's pack. */
function storeChunk(chunk: Chunk, draft: Draft, blobs: Blobs, tail: Tail): void {
  // Without bytes in memory it is a blob's part already.
  if (chunk.data === undefined) return;
  const data = takeBytes(chunk, chunk.data, draft);
  if (data.length >= smallBytes) {
    chunk.blob = blobs.add(data);
    return;
  }
  const { blob, offset } = blobs.pack(data, tail.pack);
  tail.pack = blob;
  chunk.blob = blob;
  chunk.blobOffset = offset;
}
