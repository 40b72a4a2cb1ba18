import type { Inode } from "../store/inode.js";
import type { LiveTree } from "../store/live-tree.js";
import type { Tree } from "../store/tree.js";
import { isDevice, isRegular, S_ISGID, S_ISUID } from "./mode.js";

/**
 * One way into one tree: a branch, or the past as reached through one path. The same file seen through two views is two files
 * to the kernel, so every view has a slot of its own, which goes into the inode numbers programs see.
 */
export class View {
  readonly slot: number;
  readonly tree: Tree;
  /** The tree again where it may be changed; undefined in the past and in a read-only mount. */
  writable: LiveTree | undefined;
  /** The directory that is the view's root. */
  readonly rootIno: number;

  constructor(slot: number, tree: Tree, rootIno: number, writable: LiveTree | undefined) {
    this.slot = slot;
    this.tree = tree;
    this.rootIno = rootIno;
    this.writable = writable;
  }

  /** The mode to show: in the past, set-user-id programs are inert. */
  mode(inode: Inode): number {
    return this.tree.asOf !== undefined && isRegular(inode.mode) ? inode.mode & ~(S_ISUID | S_ISGID) : inode.mode;
  }

  /** The device number to show: in the past, device nodes are inert. */
  rdev(inode: Inode): number {
    return this.tree.asOf !== undefined && isDevice(inode.mode) ? 0 : inode.rdev;
  }
}
