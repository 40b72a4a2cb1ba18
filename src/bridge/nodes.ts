import { inoMax } from "../base/limits.js";
import { rootIno } from "../store/tree.js";

/**
 * Node ids, the kernel's 64-bit names for what it knows: from the top 1 bit virtual, 21 bits slot (which view), 42 bits inode
 * number. They need no table, and `st_ino` is the same number, so the same file seen in two trees never looks like one.
 * A virtual node is the `.history` of the directory its slot and inode number name; inode number 0 is `.branches`, and the greatest
 * one the link in there that stands for the mounted branch.
 * All in two unsigned 32-bit halves: 64 bits are more than a number holds exactly.
 */
const virtualBit = 0x8000_0000;
const slotShift = 10;
const inoHighMask = 0x3ff;
const lowRange = 2 ** 32;

export function nodeidLo(ino: number): number {
  return ino >>> 0;
}

export function nodeidHi(slot: number, ino: number): number {
  return ((slot << slotShift) | Math.floor(ino / lowRange)) >>> 0;
}

export function virtualNodeidHi(slot: number, ino: number): number {
  return (nodeidHi(slot, ino) | virtualBit) >>> 0;
}

export function isVirtual(hi: number): boolean {
  return (hi & virtualBit) !== 0;
}

export function slotOf(hi: number): number {
  return (hi & ~virtualBit) >>> slotShift;
}

export function inoOf(lo: number, hi: number): number {
  return (hi & inoHighMask) * lowRange + lo;
}

/** The kernel calls the root of the mount node 1, whatever its branch. */
export function isRoot(lo: number, hi: number): boolean {
  return lo === rootIno && hi === 0;
}

/** The virtual inode number of `.branches`. */
export const branchesIno = 0;
/** The virtual inode number of the link to the mounted branch. */
export const mountedLinkIno = inoMax;
/** The root of branch 0 goes by this slot while another branch is mounted, because slot 0, inode 1 is the root of the mount. */
export const trunkRootSlot = 2 ** 20 - 1;
