import { blobBytes } from "../base/limits.js";
import type { Blobs } from "./blobs.js";
import type { Chunk, Draft } from "./draft.js";
import type { Extent, Extents } from "./extents.js";

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
    into.set(blobs.get(extent.blob).subarray(start, start + to - from), from - offset);
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
    const source = chunk.data ?? blobs.get(chunk.blob);
    const start = chunk.blobOffset + from - chunk.offset;
    into.set(source.subarray(start, start + to - from), from - offset);
  }
}

/** Turns full chunks into blobs when a draft holds many, so that a long write does not end in one long pause. */
export function spill(draft: Draft, blobs: Blobs): void {
  if (draft.memoryBytes < spillBytes) return;
  for (const chunk of draft.chunks) {
    if (chunk.length !== blobBytes || chunk.data === undefined) continue;
    storeChunk(chunk, draft, blobs);
    draft.spilled.push(chunk.blob);
  }
}

/**
 * Stores a draft as the version of event `draft.tick`.
 * @param storedBytes how far the stored content reaches: nothing beyond needs to be replaced
 */
export function storeDraft(draft: Draft, branch: number, ino: number, storedBytes: number, extents: Extents, blobs: Blobs): void {
  const { tick, chunks } = draft;
  if (draft.clip < storedBytes) extents.punch(branch, ino, draft.clip, Number.MAX_SAFE_INTEGER, tick);
  const replaceable = Math.min(storedBytes, draft.clip);
  for (let i = 0; i < chunks.length; ) {
    const first = chunks[i] as Chunk;
    let end = first.offset + first.length;
    let next = i + 1;
    for (let chunk = chunks[next]; chunk !== undefined && chunk.offset === end; chunk = chunks[++next]) end += chunk.length;
    if (first.offset < replaceable) extents.punch(branch, ino, first.offset, end, tick);
    for (; i < next; i++) {
      const chunk = chunks[i] as Chunk;
      storeChunk(chunk, draft, blobs);
      const { offset, length, blob, blobOffset } = chunk;
      extents.insert(branch, ino, { offset, length, since: tick, blob, blobOffset });
    }
  }
  if (draft.spilled.length > 0) {
    const used = new Set(chunks.map((chunk) => chunk.blob));
    for (const blob of draft.spilled) if (!used.has(blob)) blobs.remove(blob);
  }
}

/** Drops a draft whose file has no name any more: its bytes are never kept. */
export function dropDraft(draft: Draft, blobs: Blobs): void {
  for (const blob of draft.spilled) blobs.remove(blob);
  draft.chunks = [];
}

function storeChunk(chunk: Chunk, draft: Draft, blobs: Blobs): void {
  if (chunk.data === undefined) return;
  draft.memoryBytes -= chunk.length;
  const { data, length } = chunk;
  chunk.blob = blobs.add(data.length === length ? data : data.subarray(0, length));
  chunk.data = undefined;
}
