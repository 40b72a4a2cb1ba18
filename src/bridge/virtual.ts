import { type Name, nameFromText, nameText } from "../base/bytes.js";
import { ENOENT, EPERM, FsError } from "../base/errno.js";
import type { RenameMessage } from "../fuse/messages.js";
import type { Reply } from "../fuse/reply.js";
import type { RequestHeader } from "../fuse/request.js";
import { dropBranch, dropMountedSnapshot, forkMounted, renameBranch, snapshotMounted } from "../vfs/branching.js";
import { S_IFDIR, S_IFLNK } from "../vfs/mode.js";
import type { Vfs } from "../vfs/vfs.js";
import type { View } from "../vfs/view.js";
import { firstViewPosition } from "./listings.js";
import { forever, type NodeTable } from "./node-table.js";
import { branchesIno, inoOf, mountedLinkIno, virtualNodeidHi } from "./nodes.js";

/** A relative moment is asked for again after this long, which keeps its pin. Seconds. */
const relativeEntrySec = 1;

/** The directories that hand out trees: `.history` and `.branches`. */
export class VirtualDirectories {
  readonly #vfs: Vfs;
  readonly #nodes: NodeTable;

  constructor(vfs: Vfs, nodes: NodeTable) {
    this.#vfs = vfs;
    this.#nodes = nodes;
  }

  /** LOOKUP of a moment or a branch in the virtual node `ino` of a view. */
  lookup(view: View, ino: number, name: Name, reply: Reply): void {
    if (ino === branchesIno) this.#lookupBranch(view, name, reply);
    else this.#lookupPast(view, ino, name, reply);
  }

  /** Lists moments or branches. Listing makes no views: the numbers only differ, they are not yet those of the directories. */
  list(view: View, ino: number, offset: number, reply: Reply, plus: boolean): void {
    const ofBranches = ino === branchesIno;
    const names = ofBranches
      ? this.#vfs.store.branches.list().map(({ name }) => nameFromText(name))
      : this.#vfs.views.names(view.tree.branch);
    const mounted = ofBranches ? nameFromText(this.#vfs.store.branches.get(view.tree.branch).name) : undefined;
    for (let index = Math.max(0, offset - firstViewPosition + 1); index < names.length; index++) {
      const next = firstViewPosition + index;
      const name = names[index] as Name;
      const type = (name === mounted ? S_IFLNK : S_IFDIR) >>> 12;
      const hi = virtualNodeidHi(view.slot, 0);
      const packed = plus ? reply.direntPlusUncounted(next, hi, next, type, name) : reply.dirent(next, hi, next, type, name);
      if (!packed) return;
    }
  }

  #lookupBranch(view: View, name: Name, reply: Reply): void {
    const branch = this.#vfs.store.branches.named(nameText(name));
    if (branch === undefined) throw new FsError(ENOENT, "no such branch");
    if (branch.id === view.tree.branch) this.#nodes.virtualEntry(view, mountedLinkIno, reply);
    else this.#branchEntry(branch.id, reply);
  }

  #branchEntry(id: number, reply: Reply): void {
    const branch = this.#vfs.views.branch(id);
    this.#nodes.entry(branch, this.#vfs.attributes(branch, branch.rootIno), reply, forever);
  }

  /** MKDIR: forks a branch, or takes a snapshot. */
  make(header: RequestHeader, name: Name, process: number | null, reply: Reply): void {
    const ino = inoOf(header.nodeidLo, header.nodeidHi);
    if (ino === branchesIno) this.#branchEntry(forkMounted(this.#vfs, name, process).id, reply);
    else {
      const view = this.#nodes.view(header.nodeidLo, header.nodeidHi);
      snapshotMounted(this.#vfs, name, null, process);
      this.#lookupPast(view, ino, name, reply);
    }
  }

  /** RMDIR: drops a branch or a snapshot. */
  remove(header: RequestHeader, name: Name, process: number | null): void {
    if (inoOf(header.nodeidLo, header.nodeidHi) === branchesIno) dropBranch(this.#vfs, name, process);
    else dropMountedSnapshot(this.#vfs, name, process);
  }

  /** RENAME: gives a branch another name. */
  rename(header: RequestHeader, message: RenameMessage, process: number | null): void {
    const { name, newName, newdirLo, newdirHi } = message;
    const within = newdirLo === header.nodeidLo && newdirHi === header.nodeidHi;
    const ofBranches = inoOf(header.nodeidLo, header.nodeidHi) === branchesIno;
    if (!ofBranches || !within) throw new FsError(EPERM, "moments cannot be renamed, and branches only within .branches");
    renameBranch(this.#vfs, name, newName, process);
  }

  #lookupPast(view: View, ino: number, name: Name, reply: Reply): void {
    if (name === "." || name === "..") throw new FsError(ENOENT, "looked up by name only");
    const past = this.#vfs.views.open(view, ino, name);
    // What is in the future or unknown now may be known later: not to be remembered as missing.
    if (past === undefined) throw new FsError(ENOENT, "no such moment");
    this.#nodes.entry(past, this.#vfs.attributes(past, past.rootIno), reply, this.#vfs.views.isRelative(past) ? relativeEntrySec : forever);
  }
}
