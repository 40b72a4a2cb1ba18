import type { Name } from "../base/bytes.js";
import type { Extent } from "../store/extents.js";
import { type Inode, sameVersion } from "../store/inode.js";
import type { Tree } from "../store/tree.js";
import { isRegular, S_IFMT } from "../vfs/mode.js";

/** An inode as one tree has it. */
export interface Sight {
  readonly tree: Tree;
  readonly inode: Inode;
}

/** A range of a file. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

const comparedAtOnce = 128 * 1024;

/** An inode of a tree; undefined when no name leads to it there. */
export function sightOf(tree: Tree, ino: number | undefined): Sight | undefined {
  const inode = ino === undefined ? undefined : tree.inode(ino);
  return inode === undefined || inode.nlink === 0 ? undefined : { tree, inode };
}

/** Whether two inodes are the same type of file with the same content: bytes, a symlink's target, a device's number. */
export function sameContent(a: Sight, b: Sight): boolean {
  if (sameVersion(a.inode, b.inode)) return true;
  if ((a.inode.mode & S_IFMT) !== (b.inode.mode & S_IFMT)) return false;
  if (!isRegular(a.inode.mode)) return a.inode.target === b.inode.target && a.inode.rdev === b.inode.rdev;
  if (a.inode.size !== b.inode.size) return false;
  return differingRanges(a, b).every((range) => sameBytes(a, b, range));
}

/**
 * Ranges, up to the greater size, that the two files take from different places. What they take from the same part of
 * the same blob is equal without a look at the bytes.
 */
export function differingRanges(a: Sight, b: Sight): Range[] {
  const end = Math.max(a.inode.size, b.inode.size);
  const ofA = new Pieces(a);
  const ofB = new Pieces(b);
  const ranges: { start: number; end: number }[] = [];
  for (let at = 0; at < end; ) {
    const pieceA = ofA.at(at, end);
    const pieceB = ofB.at(at, end);
    const next = Math.min(pieceA.end, pieceB.end);
    if (pieceA.blob !== pieceB.blob || pieceA.blobOffset !== pieceB.blobOffset) {
      const last = ranges[ranges.length - 1];
      if (last?.end === at) last.end = next;
      else ranges.push({ start: at, end: next });
    }
    at = next;
  }
  return ranges;
}

/** Where a file's bytes are, asked from front to back. */
class Pieces {
  readonly #extents: readonly Extent[];
  #index = 0;

  constructor({ tree, inode }: Sight) {
    this.#extents = tree.extents(inode.ino, 0, inode.size).filter(({ blob, offset }) => blob !== null && offset < inode.size);
  }

  /** The place of the byte at `offset`, and how far it goes on like that; without a blob it is a zero. */
  at(offset: number, end: number): { blob: number | null; blobOffset: number; end: number } {
    let extent = this.#extents[this.#index];
    while (extent !== undefined && extent.offset + extent.length <= offset) extent = this.#extents[++this.#index];
    if (extent === undefined || extent.offset > offset) return { blob: null, blobOffset: 0, end: Math.min(end, extent?.offset ?? end) };
    const blobOffset = extent.blobOffset + offset - extent.offset;
    return { blob: extent.blob, blobOffset, end: Math.min(end, extent.offset + extent.length) };
  }
}

function sameBytes(a: Sight, b: Sight, { start, end }: Range): boolean {
  for (let at = start; at < end; at += comparedAtOnce) {
    const length = Math.min(comparedAtOnce, end - at);
    if (!bytesOf(a, at, length).equals(bytesOf(b, at, length))) return false;
  }
  return true;
}

/** Bytes of a file; beyond its end there are none. */
export function bytesOf({ tree, inode }: Sight, offset: number, length: number): Buffer {
  const into = Buffer.alloc(length);
  return into.subarray(0, tree.read(inode, offset, into));
}

/** Names of the attributes that two inodes do not have alike. */
export function differingXattrs(a: Sight, b: Sight): Name[] {
  const names = new Set([...a.tree.xattrNames(a.inode.ino), ...b.tree.xattrNames(b.inode.ino)]);
  return [...names].filter((name) => !sameValue(a.tree.xattr(a.inode.ino, name), b.tree.xattr(b.inode.ino, name))).sort();
}

/** Whether two attributes are the same; undefined is an attribute that is not there. */
export function sameValue(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Buffer.compare(a, b) === 0;
}

/** Whether two inodes are alike in all that a merge compares: content, mode, owner, extended attributes. Times are not. */
export function sameFile(a: Sight, b: Sight): boolean {
  const { mode, uid, gid } = a.inode;
  if (mode !== b.inode.mode || uid !== b.inode.uid || gid !== b.inode.gid) return false;
  return sameContent(a, b) && differingXattrs(a, b).length === 0;
}
