import type { Name } from "../base/bytes.js";
import type { Reply } from "../fuse/reply.js";
import type { RequestHeader } from "../fuse/request.js";
import { type ListedDirent, rootIno } from "../store/tree.js";
import { S_IFDIR } from "../vfs/mode.js";
import type { Vfs } from "../vfs/vfs.js";
import type { View } from "../vfs/view.js";
import { cookieOf, firstViewPosition, Listings, listingOf, positionAfter } from "./listings.js";
import { forever, type NodeTable } from "./node-table.js";
import { inoOf, isVirtual, nodeidHi, nodeidLo, virtualNodeidHi } from "./nodes.js";
import type { VirtualDirectories } from "./virtual.js";

const listChunk = 128;

/** Packs listings of directories. OPENDIR is not served: the kernel then keeps listings by itself and sends neither it nor RELEASEDIR. */
export class Directories {
  readonly #vfs: Vfs;
  readonly #nodes: NodeTable;
  readonly #virtual: VirtualDirectories;
  readonly #listings = new Listings();
  /** The listing of the READDIR being answered. */
  #listing = 0;

  constructor(vfs: Vfs, nodes: NodeTable, virtual: VirtualDirectories) {
    this.#vfs = vfs;
    this.#nodes = nodes;
    this.#virtual = virtual;
  }

  /** READDIR and READDIRPLUS from position `offset` on. */
  list(header: RequestHeader, offset: number, reply: Reply, what: "names" | "names-and-attributes"): void {
    const { nodeidLo: lo, nodeidHi: hi } = header;
    const view = this.#nodes.view(lo, hi);
    const ino = inoOf(lo, hi);
    const plus = what === "names-and-attributes";
    if (this.#listDots(lo, hi, view, ino, offset, reply, plus)) {
      if (isVirtual(hi)) this.#virtual.list(view, ino, offset, reply, plus);
      else if (plus) this.#listEntriesPlus(view, ino, offset, reply);
      else this.#listEntries(view, ino, offset, reply);
    }
    reply.directory();
  }

  /** Packs ".", ".." and shown views from `offset` on. Says whether there is room for more. */
  #listDots(lo: number, hi: number, view: View, ino: number, offset: number, reply: Reply, plus: boolean): boolean {
    const pack = (packLo: number, packHi: number, next: number, name: Name) =>
      plus
        ? reply.direntPlusUncounted(packLo, packHi, next, S_IFDIR >>> 12, name)
        : reply.dirent(packLo, packHi, next, S_IFDIR >>> 12, name);
    if (offset < 1 && !pack(lo, hi, 1, ".")) return false;
    if (offset < 2) {
      const up = isVirtual(hi) || ino === view.rootIno ? ino : this.#vfs.attributes(view, ino).parent;
      if (!pack(nodeidLo(up), this.#nodes.nodeHi(view, up), 2, "..")) return false;
    }
    if (isVirtual(hi)) return true;
    const shown = this.#vfs.listedViews(view, ino);
    for (let index = 0; index < shown.length; index++) {
      const next = firstViewPosition + index;
      if (offset < next && !pack(nodeidLo(ino), virtualNodeidHi(view.slot, ino), next, shown[index] as Name)) return false;
    }
    return true;
  }

  #listEntries(view: View, ino: number, offset: number, reply: Reply): void {
    for (const entry of this.#entriesAfter(view, ino, offset)) {
      const next = positionAfter(this.#listing, entry.cookie);
      if (!reply.dirent(nodeidLo(entry.ino), nodeidHi(view.slot, entry.ino), next, entry.type, entry.name)) return;
    }
  }

  #listEntriesPlus(view: View, ino: number, offset: number, reply: Reply): void {
    const atRoot = ino === rootIno && view === this.#vfs.views.mounted;
    for (const entry of this.#entriesAfter(view, ino, offset)) {
      this.#nodes.fill(view, this.#vfs.attributes(view, entry.ino));
      const { inoLo, inoHi } = this.#nodes.attr;
      const next = positionAfter(this.#listing, entry.cookie);
      if (!reply.direntPlus(inoLo, inoHi, 0, this.#nodes.attr, forever, forever, next, entry.name)) return;
      this.#nodes.count(view, entry.ino);
      if (atRoot) this.#nodes.noteRootName(entry.name);
    }
  }

  /** The entries that a listing still has to show at a position. */
  *#entriesAfter(view: View, ino: number, position: number): Generator<ListedDirent> {
    const after = cookieOf(position);
    this.#listing = after === 0 ? this.#listings.begin(this.#vfs.store.events.last) : listingOf(position);
    const newest = this.#listings.newest(this.#listing);
    for (let from = after; ; ) {
      const entries = this.#vfs.list(view, ino, from, listChunk);
      for (const entry of entries) {
        if (entry.cookie > newest) return;
        yield entry;
        from = entry.cookie;
      }
      if (entries.length < listChunk) return;
    }
  }
}
