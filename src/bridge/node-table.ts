import type { Name } from "../base/bytes.js";
import { nowMicros, timespecOf } from "../base/clock.js";
import { ENOENT, FsError } from "../base/errno.js";
import { type Attributes, emptyAttributes } from "../fuse/attributes.js";
import type { Reply } from "../fuse/reply.js";
import { mainBranch } from "../store/branches.js";
import type { Inode } from "../store/inode.js";
import { rootIno } from "../store/tree.js";
import { isDirectory, S_IFDIR, S_IFLNK, S_IFMT } from "../vfs/mode.js";
import type { Vfs } from "../vfs/vfs.js";
import type { View } from "../vfs/view.js";
import { Lookups } from "./lookups.js";
import { inoOf, isRoot, isVirtual, mountedLinkIno, nodeidHi, nodeidLo, slotOf, trunkRootSlot, virtualNodeidHi } from "./nodes.js";

/** Who owns the way into the past, and how others may use it. */
export interface ViewOwner {
  readonly uid: number;
  readonly gid: number;
  /** Permission bits of `.history`. */
  readonly mode: number;
}

/** How files show that are not to show as they are. Absent fields are as the file has them. */
export interface ShownAs {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Permission bits of every file, as FUSE file systems give them for `umask=`. */
  readonly permissions: number | undefined;
  /** The root directory is this user's alone, whatever its mode: so nobody but root comes past it. */
  readonly rootOnlyFor: number | undefined;
}

/** We are the only writer: what the kernel was told holds until it is told otherwise. */
export const forever = Number.POSITIVE_INFINITY;
/**
 * The times of a virtual node are always now. The kernel may believe them for this long, or it would ask again at each walk of a path through
 * `.history`: a warm stat there took 4 times as long as in the live tree. Seconds.
 */
export const virtualAttributesSec = 1;
/** Slots of virtual nodes in the lookup counts come after those of views. */
const virtualSlots = 2 ** 21;
const optimalBlockBytes = 128 * 1024;
const sectorBytes = 512;
/** The unit that st_blocks grows by, as on ext4. */
const blockBytes = 4096;
const directoryBytes = 4096;
/** The mounted branch is the root itself, one level up from `.branches`. */
export const mountedLinkTarget: Name = "..";

/**
 * What the kernel knows: which nodes, by which numbers, with which attributes. Every entry answered is counted here, and every
 * FORGET taken off.
 */
export class NodeTable {
  /** The attributes filled last: the driver copies them. */
  readonly attr: Attributes = emptyAttributes();
  readonly #vfs: Vfs;
  readonly #owner: ViewOwner;
  readonly #shownAs: ShownAs | undefined;
  readonly #lookups = new Lookups();
  readonly #rootNames = new Set<Name>();
  readonly #onForgotten: ((view: View, ino: number) => void) | undefined;

  /** `onForgotten` is told of each inode that the kernel knows no longer. */
  constructor(vfs: Vfs, owner: ViewOwner, shownAs: ShownAs | undefined, onForgotten?: (view: View, ino: number) => void) {
    this.#onForgotten = onForgotten;
    this.#vfs = vfs;
    this.#owner = owner;
    this.#shownAs = shownAs;
  }

  /** How many nodes the kernel knows, for the status. */
  get knownNodes(): number {
    return this.#lookups.nodes;
  }

  /** Whether the kernel knows an inode, and so will say when it forgets it. */
  knows(view: View, ino: number): boolean {
    return this.#lookups.has(view.slot, ino);
  }

  /** The upper half of an inode's node id. The mounted root is node 1, and the root of branch 0 must not look like it. */
  nodeHi(view: View, ino: number): number {
    if (ino !== rootIno) return nodeidHi(view.slot, ino);
    if (view === this.#vfs.views.mounted) return 0;
    return nodeidHi(view.slot === mainBranch ? trunkRootSlot : view.slot, ino);
  }

  /** The names the kernel asked for in the root of the mount, there or missing; it may believe them until it is told otherwise. */
  takeRootNames(): Name[] {
    const names = [...this.#rootNames];
    this.#rootNames.clear();
    return names;
  }

  /** The kernel asked for a name in the root of the mount, or was shown it. */
  noteRootName(name: Name): void {
    this.#rootNames.add(name);
  }

  /** One more entry of a node was answered. */
  count(view: View, ino: number): void {
    this.#lookups.add(slotOf(this.nodeHi(view, ino)), ino);
  }

  /** The kernel drops `count` references to a node; what was kept only for it goes. */
  forget(lo: number, hi: number, count: number): void {
    if (isRoot(lo, hi)) return;
    const slot = slotOf(hi);
    const ino = inoOf(lo, hi);
    if (isVirtual(hi)) {
      this.#lookups.remove(slot + virtualSlots, ino, count);
      return;
    }
    const left = this.#lookups.remove(slot, ino, count);
    if (left === "known") return;
    const view = this.#vfs.views.get(slot);
    if (view !== undefined) {
      this.#onForgotten?.(view, ino);
      this.#vfs.forget(view, ino);
    }
    if (left === "slot-forgotten") this.#vfs.views.drop(slot);
  }

  /** The view of a node. Throws ENOENT when it is gone. */
  view(lo: number, hi: number): View {
    if (isRoot(lo, hi)) return this.#vfs.views.mounted;
    const slot = slotOf(hi);
    const view = this.#vfs.views.get(slot === trunkRootSlot ? mainBranch : slot);
    if (view === undefined) throw new FsError(ENOENT, "this view of the past is gone");
    return view;
  }

  /** Answers a file of a tree; the kernel believes the name for `timeoutSec`. */
  entry(view: View, inode: Inode, reply: Reply, timeoutSec: number): void {
    this.fill(view, inode);
    this.#lookups.add(slotOf(this.attr.inoHi), inode.ino);
    reply.entry(this.attr.inoLo, this.attr.inoHi, 0, this.attr, timeoutSec, forever);
  }

  /** Fills `attr` with a file's attributes. */
  fill(view: View, inode: Inode): void {
    const attr = this.attr;
    const { ino, size } = inode;
    const mode = view.mode(inode);
    const directory = isDirectory(mode);
    attr.inoLo = nodeidLo(ino);
    attr.inoHi = this.nodeHi(view, ino);
    attr.size = directory ? directoryBytes : size;
    attr.blocks = Math.ceil(this.#vfs.allocated(view, inode) / blockBytes) * (blockBytes / sectorBytes);
    attr.atimeSec = inode.atimeSec;
    attr.atimeNsec = inode.atimeNsec;
    attr.mtimeSec = inode.mtimeSec;
    attr.mtimeNsec = inode.mtimeNsec;
    attr.ctimeSec = inode.ctimeSec;
    attr.ctimeNsec = inode.ctimeNsec;
    attr.mode = mode;
    attr.nlink = inode.nlink;
    attr.uid = inode.uid;
    attr.gid = inode.gid;
    attr.rdev = view.rdev(inode);
    attr.blksize = optimalBlockBytes;
    if (this.#shownAs !== undefined) this.#disguise(this.#shownAs, isRoot(attr.inoLo, attr.inoHi));
  }

  #disguise({ uid, gid, permissions, rootOnlyFor }: ShownAs, root: boolean): void {
    const attr = this.attr;
    if (uid !== undefined) attr.uid = uid;
    if (gid !== undefined) attr.gid = gid;
    if (permissions !== undefined) attr.mode = (attr.mode & S_IFMT) | permissions;
    if (rootOnlyFor === undefined || !root) return;
    attr.uid = rootOnlyFor;
    attr.mode = (attr.mode & ~0o777) | 0o700;
  }

  /** Answers a virtual node. */
  virtualEntry(view: View, ino: number, reply: Reply): void {
    this.fillVirtual(view, ino);
    this.#lookups.add(view.slot + virtualSlots, ino);
    reply.entry(this.attr.inoLo, this.attr.inoHi, 0, this.attr, forever, virtualAttributesSec);
  }

  /** Fills `attr` with a virtual node's attributes. */
  fillVirtual(view: View, ino: number): void {
    const { sec, nsec } = timespecOf(nowMicros());
    const attr = this.attr;
    attr.inoLo = nodeidLo(ino);
    attr.inoHi = virtualNodeidHi(view.slot, ino);
    attr.size = ino === mountedLinkIno ? mountedLinkTarget.length : directoryBytes;
    attr.blocks = 0;
    attr.mode = ino === mountedLinkIno ? S_IFLNK | 0o777 : S_IFDIR | this.#owner.mode;
    attr.nlink = ino === mountedLinkIno ? 1 : 2;
    attr.uid = this.#owner.uid;
    attr.gid = this.#owner.gid;
    attr.rdev = 0;
    attr.blksize = directoryBytes;
    attr.atimeSec = attr.mtimeSec = attr.ctimeSec = sec;
    attr.atimeNsec = attr.mtimeNsec = attr.ctimeNsec = nsec;
  }
}
