import { type Name, nameFromText } from "../base/bytes.js";
import type { AnswerCache } from "../fuse/notify.js";
import { rootIno } from "../store/tree.js";
import { isRegular } from "../vfs/mode.js";
import type { Vfs } from "../vfs/vfs.js";
import type { View } from "../vfs/view.js";
import type { NodeTable } from "./node-table.js";
import { branchesIno, nodeidLo, virtualNodeidHi } from "./nodes.js";

/** What a change that came not through the mount has touched, in one branch. */
export interface Touched {
  readonly entries: readonly { readonly parent: number; readonly name: Name }[];
  readonly inodes: readonly number[];
}

/** Tells the kernel, or a driver that caches in its place, what changed without its doing. It believes for ever what it is not told of. */
export class Notices {
  readonly #cache: AnswerCache;
  readonly #vfs: Vfs;
  readonly #nodes: NodeTable;
  readonly #sizes: "told" | "kept";

  /** @param sizes "kept" where the kernel, gathering writes, takes no size or modification time of a file it knows from us */
  constructor(cache: AnswerCache, vfs: Vfs, nodes: NodeTable, sizes: "told" | "kept") {
    this.#cache = cache;
    this.#vfs = vfs;
    this.#nodes = nodes;
    this.#sizes = sizes;
  }

  /** Names, attributes and bytes of a branch changed. */
  changed(branch: number, { entries, inodes }: Touched): void {
    const view = this.#vfs.views.branch(branch);
    for (const { parent, name } of entries) {
      this.#cache.invalidateEntry(nodeidLo(parent), this.#nodes.nodeHi(view, parent), name, "expire");
    }
    const directories = new Set(entries.map(({ parent }) => parent));
    for (const ino of new Set([...inodes, ...directories])) this.#inode(nodeidLo(ino), this.#nodes.nodeHi(view, ino));
    if (this.#sizes === "kept") this.#forgetFiles(view, inodes);
  }

  /**
   * Has the kernel forget files, so that it asks for their sizes when they are looked up again. Those that are open it keeps as they
   * are (fs/fuse/inode.c, fuse_get_cache_mask).
   */
  #forgetFiles(view: View, inos: readonly number[]): void {
    const byDirectory = new Map<number, number[]>();
    const drop = (parent: number, name: Name): void =>
      this.#cache.invalidateEntry(nodeidLo(parent), this.#nodes.nodeHi(view, parent), name, "drop");
    for (const ino of inos) {
      const inode = view.tree.inode(ino);
      if (inode === undefined || !isRegular(inode.mode) || !this.#nodes.knows(view, ino)) continue;
      if (inode.nlink > 1) for (const { parent, name } of view.tree.slotsOf(ino)) drop(parent, name);
      else byDirectory.set(inode.parent, [...(byDirectory.get(inode.parent) ?? []), ino]);
    }
    for (const [parent, some] of byDirectory) for (const { name } of view.tree.namesIn(parent, some)) drop(parent, name);
  }

  /** The root shows another branch: what was looked up in it, or missed, may be something else now. */
  switched(): void {
    for (const name of this.#nodes.takeRootNames()) this.#cache.invalidateEntry(rootIno, 0, name, "expire");
    this.#inode(rootIno, 0);
  }

  /** A name in `.branches` stands for nothing, or for something else. */
  branchChanged(name: string): void {
    const { slot } = this.#vfs.views.mounted;
    this.#cache.invalidateEntry(nodeidLo(branchesIno), virtualNodeidHi(slot, branchesIno), nameFromText(name), "expire");
  }

  /** A name in `.history` stands for nothing, or for something else. */
  momentChanged(name: string): void {
    const { slot } = this.#vfs.views.mounted;
    this.#cache.invalidateEntry(nodeidLo(rootIno), virtualNodeidHi(slot, rootIno), nameFromText(name), "expire");
  }

  #inode(lo: number, hi: number): void {
    this.#cache.invalidateInode(lo, hi, 0, 0);
  }
}
