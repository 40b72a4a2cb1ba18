import { EBADF, EFBIG, EINVAL, ENOSPC, ENXIO, EOPNOTSUPP, FsError } from "../base/errno.js";
import { fileMaxBytes } from "../base/limits.js";
import type { LiveTree } from "../store/live-tree.js";
import { nextData, nextHole, sharedChunks, sharedChunksMax } from "../store/ranges.js";
import type { Store } from "../store/store.js";
import { dropPrivileges } from "./attributes.js";
import type { Caller } from "./caller.js";
import { writable } from "./context.js";
import type { Handle } from "./handles.js";

/** What lseek(2) looks for beyond what the kernel knows. */
export type SeekTarget = "data" | "hole";

/** lseek(2) with SEEK_DATA and SEEK_HOLE. Throws ENXIO at and beyond the end, and where no data follow. */
export function seek(handle: Handle, offset: number, target: SeekTarget): number {
  const { view, inode } = handle;
  if (offset >= inode.size) throw new FsError(ENXIO, `a seek to ${offset} in a file of ${inode.size} bytes`);
  if (target === "hole") return nextHole(view.tree, inode, offset);
  const found = nextData(view.tree, inode, offset);
  if (found === undefined) throw new FsError(ENXIO, `no data after ${offset}`);
  return found;
}

/** Bits of fallocate(2)'s mode. */
const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;
const FALLOC_FL_ZERO_RANGE = 16;
const punchHole = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

/**
 * fallocate(2): grows the file, punches holes, zeroes ranges. Nothing is set aside for what is to be written later: a versioned
 * file's blocks are never overwritten in place, so that could not keep its promise. Throws EOPNOTSUPP, EFBIG, ENOSPC, EBADF.
 */
export function allocate(store: Store, handle: Handle, mode: number, offset: number, length: number, caller: Caller): void {
  const { inode } = handle;
  const kind = mode & ~FALLOC_FL_KEEP_SIZE;
  if (mode !== punchHole && kind !== 0 && kind !== FALLOC_FL_ZERO_RANGE) throw new FsError(EOPNOTSUPP, `fallocate of mode ${mode}`);
  if (offset + length > fileMaxBytes) throw new FsError(EFBIG, `a file of ${offset + length} bytes`);
  if (length <= 0) throw new FsError(EINVAL, "fallocate of nothing");
  const tree = changing(handle, caller);
  const end = offset + length;
  if (mode !== punchHole && length > store.space.space().freeBytes) {
    throw new FsError(ENOSPC, `fallocate of ${length} bytes, more than there is room for`);
  }
  // What lies beyond the end of the file is a hole already.
  if (kind !== 0) tree.clear(inode, Math.min(offset, inode.size), Math.min(end, inode.size), handle.process);
  else tree.clear(inode, 0, 0, handle.process);
  if ((mode & FALLOC_FL_KEEP_SIZE) === 0 && end > inode.size) tree.truncate(inode, end, handle.process);
}

/**
 * copy_file_range(2): the target's range then points to the same blobs, so no bytes move. The source may be of another branch, or of
 * the past. Returns how many bytes it copied: fewer than asked at the end of the source, or where one request would take too long.
 * Throws EBADF, EFBIG, ENOSPC.
 */
export function copyRange(from: Handle, offset: number, to: Handle, toOffset: number, length: number, caller: Caller): number {
  const source = from.inode;
  // What is in its draft becomes blobs first.
  from.view.writable?.settle(source);
  const available = Math.min(length, source.size - offset);
  if (available <= 0) return 0;
  if (toOffset + available > fileMaxBytes) throw new FsError(EFBIG, `a file of ${toOffset + available} bytes`);
  const tree = changing(to, caller);
  const shared = sharedChunks(from.view.tree, source.ino, offset, available, toOffset, sharedChunksMax);
  source.sharing = true;
  tree.share(to.inode, toOffset, toOffset + shared.length, shared.chunks, to.process);
  // A file without a name takes its blobs along when it ends, except those that rows of others point to.
  if (source.gone) tree.settle(to.inode);
  return shared.length;
}

/** Makes ready for a change of content through a handle: privileges go, as with a write. Throws EBADF, EROFS. */
function changing(handle: Handle, caller: Caller): LiveTree {
  const { inode } = handle;
  if (!handle.writes) throw new FsError(EBADF, "the handle is not open for writing");
  const tree = writable(handle.view);
  handle.process = caller.process ?? handle.process;
  // The kernel does not say here whether the caller has CAP_FSETID; root has it, and hardly anybody else.
  dropPrivileges(tree, inode, caller.uid !== 0, caller);
  return tree;
}
