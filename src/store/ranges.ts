import { type Chunk, type Draft, hole, isHole } from "./draft.js";
import { type Extent, extentMaxBytes } from "./extents.js";
import type { Inode } from "./inode.js";
import type { Tree } from "./tree.js";

/** A range of a file in one kind: bytes that are stored, or none. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  readonly kind: "data" | "hole";
}

/** The first look into the stored extents reaches this far; each further one twice as far, so that a huge hole is a few looks. */
const firstWindowBytes = 1024 * 1024;
/** A look that found this many extents is long enough. */
const manyExtents = 1024;

/** A file's content from `from` to its end, in order: an open draft over what is stored. Neighbours may be of one kind. */
export function* piecesOf(tree: Tree, inode: Inode, from: number): Generator<Piece> {
  const { size, draft } = inode;
  const clip = draft === undefined ? size : Math.min(size, draft.clip);
  let at = from;
  for (let index = draft?.firstAfter(from) ?? 0; draft !== undefined && at < size; index++) {
    const chunk: Chunk | undefined = draft.chunks[index];
    if (chunk === undefined) break;
    if (chunk.offset > at) yield* storedPieces(tree, inode.ino, at, chunk.offset, clip);
    const end = chunk.offset + chunk.length;
    yield { start: Math.max(at, chunk.offset), end, kind: isHole(chunk) ? "hole" : "data" };
    at = end;
  }
  if (at < size) yield* storedPieces(tree, inode.ino, at, size, clip);
}

/** The stored content of [from, to), of which nothing shows at and after `clip`. */
function* storedPieces(tree: Tree, ino: number, from: number, to: number, clip: number): Generator<Piece> {
  const end = Math.min(to, clip);
  let at = from;
  for (const extent of storedExtents(tree, ino, from, end)) {
    const start = Math.max(at, extent.offset);
    const stop = Math.min(end, extent.offset + extent.length);
    if (start > at) yield { start: at, end: start, kind: "hole" };
    yield { start, end: stop, kind: "data" };
    at = stop;
  }
  if (at < to) yield { start: at, end: to, kind: "hole" };
}

/** Extents with data that reach into [from, to), in order, read piece by piece. Open drafts are not in them. */
export function* storedExtents(tree: Tree, ino: number, from: number, to: number): Generator<Extent> {
  let window = firstWindowBytes;
  for (let at = from; at < to; ) {
    const end = Math.min(to, at + window);
    const extents = tree.extents(ino, at, end);
    for (const extent of extents) {
      // One that reaches into this look from the last was seen there.
      if (extent.blob !== null && (at === from || extent.offset >= at)) yield extent;
    }
    if (extents.length < manyExtents) window *= 2;
    at = end;
  }
}

/** lseek(2) with SEEK_DATA: where the first byte at or after `offset` is stored; undefined when none is. */
export function nextData(tree: Tree, inode: Inode, offset: number): number | undefined {
  for (const piece of piecesOf(tree, inode, offset)) if (piece.kind === "data") return piece.start;
  return undefined;
}

/** lseek(2) with SEEK_HOLE: where the first byte at or after `offset` is not stored; the end of the file counts as a hole. */
export function nextHole(tree: Tree, inode: Inode, offset: number): number {
  for (const piece of piecesOf(tree, inode, offset)) if (piece.kind === "hole") return piece.start;
  return inode.size;
}

/**
 * How many bytes of the file are stored, its open draft included, as they will be once the draft is settled.
 * It costs no query where the stored part has no holes, or does not exist: then all chunks hide as much as they cover.
 */
export function allocatedBytes(tree: Tree, inode: Inode): number {
  const { draft } = inode;
  if (draft === undefined) return inode.allocated;
  if (draft.allocatedAt !== draft.tick) {
    draft.allocated = inode.allocated - hiddenBytes(tree, inode, draft) + chunkBytes(draft);
    draft.allocatedAt = draft.tick;
  }
  return draft.allocated;
}

function chunkBytes(draft: Draft): number {
  let bytes = 0;
  for (const chunk of draft.chunks) if (!isHole(chunk)) bytes += chunk.length;
  return bytes;
}

/** How many stored bytes the draft takes away, by what lies over them or by an earlier end. */
function hiddenBytes(tree: Tree, inode: Inode, draft: Draft): number {
  const { ino, allocated } = inode;
  if (allocated === 0) return 0;
  const dense = allocated === draft.storedBytes;
  const stored = (start: number, end: number): number => (dense ? end - start : storedBytesOf(tree, ino, start, end));
  let bytes = draft.clip < draft.storedBytes ? stored(draft.clip, draft.storedBytes) : 0;
  for (const chunk of draft.chunks) {
    const end = Math.min(draft.clip, chunk.offset + chunk.length);
    if (chunk.offset < end) bytes += stored(chunk.offset, end);
  }
  return bytes;
}

function storedBytesOf(tree: Tree, ino: number, start: number, end: number): number {
  let bytes = 0;
  for (const { offset, length } of storedExtents(tree, ino, start, end)) bytes += Math.min(end, offset + length) - Math.max(start, offset);
  return bytes;
}

/** What a copy takes over: chunks that fill [to, to + length), and how long that is. */
export interface SharedRange {
  readonly chunks: Chunk[];
  readonly length: number;
}

/**
 * Chunks for a copy of [from, from + length) of a settled file to offset `to` of another: parts of the same blobs, and holes.
 * It ends early, at an edge between extents, when they are more than `chunkMax`.
 */
export function sharedChunks(tree: Tree, ino: number, from: number, length: number, to: number, chunkMax: number): SharedRange {
  const chunks: Chunk[] = [];
  const end = from + length;
  const move = to - from;
  let at = from;
  for (const extent of storedExtents(tree, ino, from, end)) {
    if (chunks.length >= chunkMax) return { chunks, length: at - from };
    const start = Math.max(at, extent.offset);
    const stop = Math.min(end, extent.offset + extent.length);
    if (start > at) chunks.push(hole(at + move, start + move));
    const blobOffset = extent.blobOffset + start - extent.offset;
    chunks.push({ offset: start + move, length: stop - start, data: undefined, blob: extent.blob as number, blobOffset });
    at = stop;
  }
  if (at < end) chunks.push(hole(at + move, end + move));
  return { chunks, length };
}

/** At most this many chunks of the longest extents make a copy of 2 GiB: what one request may take, milliseconds. */
export const sharedChunksMax = (2 * 1024 * 1024 * 1024) / (extentMaxBytes / 2);
