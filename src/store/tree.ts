import type { Name } from "../base/bytes.js";
import type { Extent } from "./extents.js";
import type { Inode } from "./inode.js";

/** The root directory's inode number, in every branch at every moment. */
export const rootIno = 1;

/** What one name in a directory stands for. */
export interface Dirent {
  readonly ino: number;
  /** d_type of readdir(3): the file type bits of the mode, shifted down by 12. */
  readonly type: number;
  /** Position in listings: grows with the event that made the name; unique in its directory. */
  readonly cookie: number;
}

/** A row of a listing. */
export interface ListedDirent extends Dirent {
  readonly name: Name;
}

/** A name in a directory that is known. */
export interface NamedInode {
  readonly name: Name;
  readonly ino: number;
}

/**
 * What one branch showed at one moment. Reading is the same for the live tree, a past one and another branch's.
 * A tree knows rows, not POSIX: nothing here checks types or permissions.
 */
export interface Tree {
  readonly branch: number;
  /** The moment it shows, an event id; undefined for the live tree. */
  readonly asOf: number | undefined;
  /** The attributes of an inode, or undefined when there is none. The object is the tree's own. */
  inode(ino: number): Inode | undefined;
  /** The entry of that name, or undefined. */
  lookup(parent: number, name: Name): Dirent | undefined;
  /** Entries with a cookie greater than `after`, by cookie, at most `limit`. */
  list(parent: number, after: number, limit: number): ListedDirent[];
  /** Fills `into` with the file's bytes from `offset`; holes read as zeros. Returns how many lie before the end of the file. */
  read(inode: Inode, offset: number, into: Buffer): number;
  /** Where the bytes of [start, end) are, by offset, the parent branches' included; what none covers is zeros. Without open drafts. */
  extents(ino: number, start: number, end: number): Extent[];
  /** The names some inodes have in one directory. It reads the directory's rows, but not into memory: ask for many at once. */
  namesIn(parent: number, inos: readonly number[]): NamedInode[];
  /** Every name an inode has. It reads all names of the branch and of those it descends from: for when nothing says where to look. */
  slotsOf(ino: number): { readonly parent: number; readonly name: Name }[];
  xattr(ino: number, name: Name): Uint8Array | undefined;
  xattrNames(ino: number): Name[];
}
