import { type Name, nameFromText, nameText } from "../base/bytes.js";
import { nowMicros, timespecOf } from "../base/clock.js";
import { EEXIST, EINVAL, ENODATA, ENOENT, EPERM, EXDEV, FsError } from "../base/errno.js";
import { nameMaxBytes } from "../base/limits.js";
import * as abi from "../fuse/abi.js";
import { type Attributes, emptyAttributes } from "../fuse/attributes.js";
import type { Handlers } from "../fuse/handlers.js";
import type * as messages from "../fuse/messages.js";
import type { Reply } from "../fuse/reply.js";
import type { RequestHeader } from "../fuse/request.js";
import { mainBranch } from "../store/branches.js";
import type { Inode } from "../store/inode.js";
import { type ListedDirent, rootIno } from "../store/tree.js";
import type { AttributeChanges } from "../vfs/attributes.js";
import { dropBranch, dropMountedSnapshot, forkMounted, renameBranch, snapshotMounted } from "../vfs/branching.js";
import type { Caller } from "../vfs/caller.js";
import { isDirectory, permissionBits, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from "../vfs/mode.js";
import type { Vfs } from "../vfs/vfs.js";
import type { View } from "../vfs/view.js";
import type { Callers } from "./callers.js";
import { cookieOf, firstViewPosition, Listings, listingOf, positionAfter } from "./listings.js";
import { Lookups } from "./lookups.js";
import {
  branchesIno,
  inoOf,
  isRoot,
  isVirtual,
  mountedLinkIno,
  nodeidHi,
  nodeidLo,
  slotOf,
  trunkRootSlot,
  virtualNodeidHi,
} from "./nodes.js";

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
const forever = Number.POSITIVE_INFINITY;
/** A relative moment is asked for again after this long, which keeps its pin. Seconds. */
const relativeEntrySec = 1;
/** Slots of virtual nodes in the lookup counts come after those of views. */
const virtualSlots = 2 ** 21;
const optimalBlockBytes = 128 * 1024;
const sectorBytes = 512;
/** The unit that st_blocks grows by, as on ext4. */
const blockBytes = 4096;
const SEEK_DATA = 3;
/** What statx(2) is told: the basic attributes and the birth time. */
const STATX_BASIC_STATS = 0x7ff;
const STATX_BTIME = 0x800;
const directoryBytes = 4096;
const listChunk = 128;
const O_TRUNC = 0o1000;
const O_EXCL = 0o200;
const knownRenameFlags = 3;
/** The mounted branch is the root itself, one level up from `.branches`. */
const mountedLinkTarget: Name = "..";
const noNames = Buffer.alloc(0);

/**
 * Translates the kernel's requests into operations on trees: node ids to views and inode numbers, flags to words, inodes to attributes.
 * It decides nothing about files.
 */
export class Bridge implements Handlers {
  readonly #vfs: Vfs;
  readonly #callers: Callers;
  readonly #owner: ViewOwner;
  readonly #shownAs: ShownAs | undefined;
  readonly #lookups = new Lookups();
  readonly #rootNames = new Set<Name>();
  readonly #listings = new Listings();
  /** The listing of the READDIR being answered. */
  #listing = 0;
  readonly #attr: Attributes = emptyAttributes();

  constructor(vfs: Vfs, callers: Callers, owner: ViewOwner, shownAs?: ShownAs) {
    this.#vfs = vfs;
    this.#callers = callers;
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

  // Names

  lookup(header: RequestHeader, message: messages.NameMessage, reply: Reply): void {
    const { nodeidLo: lo, nodeidHi: hi } = header;
    const { name } = message;
    const view = this.#view(lo, hi);
    const ino = inoOf(lo, hi);
    if (isVirtual(hi)) {
      if (ino === branchesIno) this.#lookupBranch(view, name, reply);
      else this.#lookupPast(view, ino, name, reply);
      return;
    }
    if (isRoot(lo, hi)) this.#rootNames.add(name);
    const virtual = this.#vfs.virtualName(view, ino, name);
    if (virtual !== undefined) {
      this.#virtualEntry(view, virtual === "history" ? ino : branchesIno, reply);
      return;
    }
    const inode = this.#vfs.lookup(view, ino, name);
    if (inode === undefined) reply.negativeEntry(forever);
    else this.#entry(view, inode, reply, forever);
  }

  forget(_header: RequestHeader, message: messages.ForgetMessage): void {
    const { nodeidLo: lo, nodeidHi: hi, nlookup } = message;
    if (isRoot(lo, hi)) return;
    const slot = slotOf(hi);
    const ino = inoOf(lo, hi);
    if (isVirtual(hi)) {
      this.#lookups.remove(slot + virtualSlots, ino, nlookup);
      return;
    }
    const left = this.#lookups.remove(slot, ino, nlookup);
    if (left === "known") return;
    const view = this.#vfs.views.get(slot);
    if (view !== undefined) this.#vfs.forget(view, ino);
    if (left === "slot-forgotten") this.#vfs.views.drop(slot);
  }

  symlink(header: RequestHeader, message: messages.SymlinkMessage, reply: Reply): void {
    const { view, ino } = this.#directory(header);
    this.#entry(view, this.#vfs.symlink(view, ino, message.name, message.target, this.#caller(header)), reply, forever);
  }

  mknod(header: RequestHeader, message: messages.MknodMessage, reply: Reply): void {
    const { view, ino } = this.#directory(header);
    const { name, mode, rdev, umask } = message;
    this.#entry(view, this.#vfs.mknod(view, ino, name, mode, rdev, this.#caller(header, umask)), reply, forever);
  }

  mkdir(header: RequestHeader, message: messages.MkdirMessage, reply: Reply): void {
    if (isVirtual(header.nodeidHi)) {
      this.#makeVirtual(header, message.name, reply);
      return;
    }
    const { view, ino } = this.#directory(header);
    const { name, mode, umask } = message;
    this.#entry(view, this.#vfs.mkdir(view, ino, name, mode, this.#caller(header, umask)), reply, forever);
  }

  unlink(header: RequestHeader, message: messages.NameMessage, reply: Reply): void {
    const { view, ino } = this.#directory(header);
    this.#vfs.unlink(view, ino, message.name, this.#caller(header));
    reply.ok();
  }

  rmdir(header: RequestHeader, message: messages.NameMessage, reply: Reply): void {
    if (isVirtual(header.nodeidHi)) {
      this.#removeVirtual(header, message.name);
      reply.ok();
      return;
    }
    const { view, ino } = this.#directory(header);
    this.#vfs.rmdir(view, ino, message.name, this.#caller(header));
    reply.ok();
  }

  rename(header: RequestHeader, message: messages.RenameMessage, reply: Reply): void {
    if (isVirtual(header.nodeidHi)) {
      this.#renameVirtual(header, message);
      reply.ok();
      return;
    }
    const { view, ino } = this.#directory(header);
    const { name, newdirLo, newdirHi, newName, flags } = message;
    if (flags > knownRenameFlags || flags === 3) throw new FsError(EINVAL, `renameat2 with flags ${flags}`);
    if (isVirtual(newdirHi) || this.#view(newdirLo, newdirHi) !== view) throw new FsError(EXDEV, "renaming into another tree");
    const mode = flags === 0 ? "replace" : flags === 1 ? "noreplace" : "exchange";
    this.#vfs.rename(view, ino, name, inoOf(newdirLo, newdirHi), newName, mode, this.#caller(header));
    reply.ok();
  }

  link(header: RequestHeader, message: messages.LinkMessage, reply: Reply): void {
    const { view, ino } = this.#directory(header);
    const { oldnodeidLo, oldnodeidHi, name } = message;
    if (isVirtual(oldnodeidHi) || this.#view(oldnodeidLo, oldnodeidHi) !== view) throw new FsError(EXDEV, "a link into another tree");
    this.#entry(view, this.#vfs.link(view, inoOf(oldnodeidLo, oldnodeidHi), ino, name, this.#caller(header)), reply, forever);
  }

  readlink(header: RequestHeader, _message: messages.EmptyMessage, reply: Reply): void {
    if (isVirtual(header.nodeidHi)) {
      reply.target(mountedLinkTarget);
      return;
    }
    const { view, ino } = this.#file(header);
    reply.target(this.#vfs.readlink(view, ino));
  }

  // Attributes

  getattr(header: RequestHeader, _message: messages.GetattrMessage, reply: Reply): void {
    const { nodeidLo: lo, nodeidHi: hi } = header;
    const view = this.#view(lo, hi);
    const ino = inoOf(lo, hi);
    if (isVirtual(hi)) {
      this.#fillVirtual(view, ino);
      reply.attr(this.#attr, 0);
      return;
    }
    this.#fill(view, this.#vfs.attributes(view, ino));
    reply.attr(this.#attr, forever);
  }

  /** Asked once for each inode whose birth time somebody wants; the kernel keeps it. */
  statx(header: RequestHeader, _message: messages.StatxMessage, reply: Reply): void {
    const { nodeidLo: lo, nodeidHi: hi } = header;
    const view = this.#view(lo, hi);
    const ino = inoOf(lo, hi);
    if (isVirtual(hi)) {
      this.#fillVirtual(view, ino);
      reply.statx(STATX_BASIC_STATS, { ...this.#attr, btimeSec: 0, btimeNsec: 0 }, 0);
      return;
    }
    const inode = this.#vfs.attributes(view, ino);
    this.#fill(view, inode);
    const { btimeSec, btimeNsec } = inode;
    reply.statx(STATX_BASIC_STATS | STATX_BTIME, { ...this.#attr, btimeSec, btimeNsec }, forever);
  }

  setattr(header: RequestHeader, message: messages.SetattrMessage, reply: Reply): void {
    const { view, ino } = this.#file(header);
    const inode = this.#vfs.setAttributes(view, ino, changesOf(message), this.#caller(header));
    this.#fill(view, inode);
    reply.attr(this.#attr, forever);
  }

  statfs(_header: RequestHeader, _message: messages.EmptyMessage, reply: Reply): void {
    const { blockBytes, blocks, free, files, freeFiles } = this.#vfs.statistics();
    reply.statfs({
      blocks,
      bfree: free,
      bavail: free,
      files,
      ffree: freeFiles,
      bsize: blockBytes,
      namelen: nameMaxBytes,
      frsize: blockBytes,
    });
  }

  getxattr(header: RequestHeader, message: messages.GetxattrMessage, reply: Reply): void {
    if (isVirtual(header.nodeidHi)) throw new FsError(ENODATA, ".history has no attributes");
    const { view, ino } = this.#file(header);
    const value = this.#vfs.getXattr(view, ino, message.name);
    if (message.size === 0) reply.xattrSize(value.byteLength);
    else reply.bytes(value, value.byteLength);
  }

  listxattr(header: RequestHeader, message: messages.ListxattrMessage, reply: Reply): void {
    const view = this.#view(header.nodeidLo, header.nodeidHi);
    const ino = inoOf(header.nodeidLo, header.nodeidHi);
    const names = isVirtual(header.nodeidHi) ? noNames : this.#vfs.listXattrs(view, ino);
    if (message.size === 0) reply.xattrSize(names.length);
    else reply.bytes(names, names.length);
  }

  setxattr(header: RequestHeader, message: messages.SetxattrMessage, reply: Reply): void {
    const { view, ino } = this.#file(header);
    const { name, value, flags } = message;
    const mode = flags === 1 ? "create" : flags === 2 ? "replace" : "set";
    this.#vfs.setXattr(view, ino, name, value, mode, this.#caller(header));
    reply.ok();
  }

  removexattr(header: RequestHeader, message: messages.NameMessage, reply: Reply): void {
    const { view, ino } = this.#file(header);
    this.#vfs.removeXattr(view, ino, message.name, this.#caller(header));
    reply.ok();
  }

  // Content

  open(header: RequestHeader, message: messages.OpenMessage, reply: Reply): void {
    const { view, ino } = this.#file(header);
    const caller = this.#caller(header);
    const fh = this.#vfs.handles.open(view, ino, message.flags, caller);
    if ((message.flags & O_TRUNC) !== 0) this.#truncate(view, ino, fh, message.openFlags, caller);
    reply.open(fh, abi.FOPEN_KEEP_CACHE | abi.FOPEN_NOFLUSH);
  }

  create(header: RequestHeader, message: messages.CreateMessage, reply: Reply): void {
    const { view, ino: parent } = this.#directory(header);
    const { name, flags, mode, umask, openFlags } = message;
    const caller = this.#caller(header, umask);
    const existing = this.#vfs.lookup(view, parent, name);
    if (existing !== undefined && (flags & O_EXCL) !== 0) throw new FsError(EEXIST, "the file exists");
    const inode = existing ?? this.#vfs.create(view, parent, name, S_IFREG | (mode & permissionBits), caller);
    const fh = this.#vfs.handles.open(view, inode.ino, flags, caller);
    if (existing !== undefined && (flags & O_TRUNC) !== 0) this.#truncate(view, inode.ino, fh, openFlags, caller);
    this.#created(view, inode, fh, reply);
  }

  #created(view: View, inode: Inode, fh: number, reply: Reply): void {
    this.#fill(view, inode);
    this.#lookups.add(view.slot, inode.ino);
    const { inoLo, inoHi } = this.#attr;
    reply.create(inoLo, inoHi, 0, this.#attr, forever, forever, fh, abi.FOPEN_KEEP_CACHE | abi.FOPEN_NOFLUSH);
  }

  tmpfile(header: RequestHeader, message: messages.CreateMessage, reply: Reply): void {
    const { view, ino: parent } = this.#directory(header);
    const { flags, mode, umask } = message;
    const caller = this.#caller(header, umask);
    const inode = this.#vfs.tmpfile(view, parent, S_IFREG | (mode & permissionBits), caller);
    this.#created(view, inode, this.#vfs.handles.open(view, inode.ino, flags, caller), reply);
  }

  read(_header: RequestHeader, message: messages.ReadMessage, reply: Reply): void {
    const into = reply.payload(message.size);
    reply.payloadLength(this.#vfs.handles.read(message.fh, message.offset, into));
  }

  write(header: RequestHeader, message: messages.WriteMessage, reply: Reply): void {
    const { fh, offset, data, writeFlags } = message;
    const kill = (writeFlags & abi.FUSE_WRITE_KILL_SUIDGID) !== 0;
    reply.written(this.#vfs.handles.write(fh, offset, data, kill, this.#caller(header)));
  }

  fallocate(header: RequestHeader, message: messages.FallocateMessage, reply: Reply): void {
    const { fh, mode, offset, length } = message;
    this.#vfs.allocate(fh, mode, offset, length, this.#caller(header));
    reply.ok();
  }

  lseek(_header: RequestHeader, message: messages.LseekMessage, reply: Reply): void {
    const { fh, offset, whence } = message;
    reply.lseek(this.#vfs.seek(fh, offset, whence === SEEK_DATA ? "data" : "hole"));
  }

  copyFileRange(header: RequestHeader, message: messages.CopyFileRangeMessage, reply: Reply): void {
    const { fhIn, offsetIn, fhOut, offsetOut, length } = message;
    reply.copied(this.#vfs.copyRange(fhIn, offsetIn, fhOut, offsetOut, length, this.#caller(header)));
  }

  release(_header: RequestHeader, message: messages.ReleaseMessage, reply: Reply): void {
    this.#vfs.handles.release(message.fh);
    reply.ok();
  }

  fsync(_header: RequestHeader, _message: messages.FsyncMessage, reply: Reply): void {
    this.#vfs.sync();
    reply.ok();
  }

  fsyncdir(_header: RequestHeader, _message: messages.FsyncMessage, reply: Reply): void {
    this.#vfs.sync();
    reply.ok();
  }

  // Directories. OPENDIR is not served: the kernel then keeps listings by itself and sends neither it nor RELEASEDIR.

  readdir(header: RequestHeader, message: messages.ReadMessage, reply: Reply): void {
    this.#list(header, message.offset, reply, "names");
  }

  readdirplus(header: RequestHeader, message: messages.ReadMessage, reply: Reply): void {
    this.#list(header, message.offset, reply, "names-and-attributes");
  }

  #list(header: RequestHeader, offset: number, reply: Reply, what: "names" | "names-and-attributes"): void {
    const { nodeidLo: lo, nodeidHi: hi } = header;
    const view = this.#view(lo, hi);
    const ino = inoOf(lo, hi);
    const plus = what === "names-and-attributes";
    if (this.#listDots(lo, hi, view, ino, offset, reply, plus)) {
      if (isVirtual(hi)) this.#listVirtual(view, ino, offset, reply, plus);
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
      if (!pack(nodeidLo(up), nodeidHi(view.slot, up), 2, "..")) return false;
    }
    if (isVirtual(hi)) return true;
    const shown = this.#vfs.listedViews(view, ino);
    for (let index = 0; index < shown.length; index++) {
      const next = firstViewPosition + index;
      if (offset < next && !pack(nodeidLo(ino), virtualNodeidHi(view.slot, ino), next, shown[index] as Name)) return false;
    }
    return true;
  }

  /** Lists moments or branches. Listing makes no views: the numbers only differ, they are not yet those of the directories. */
  #listVirtual(view: View, ino: number, offset: number, reply: Reply, plus: boolean): void {
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

  #listEntries(view: View, ino: number, offset: number, reply: Reply): void {
    for (const entry of this.#entriesAfter(view, ino, offset)) {
      const next = positionAfter(this.#listing, entry.cookie);
      if (!reply.dirent(nodeidLo(entry.ino), nodeidHi(view.slot, entry.ino), next, entry.type, entry.name)) return;
    }
  }

  #listEntriesPlus(view: View, ino: number, offset: number, reply: Reply): void {
    const atRoot = ino === rootIno && view === this.#vfs.views.mounted;
    for (const entry of this.#entriesAfter(view, ino, offset)) {
      this.#fill(view, this.#vfs.attributes(view, entry.ino));
      const { inoLo, inoHi } = this.#attr;
      const next = positionAfter(this.#listing, entry.cookie);
      if (!reply.direntPlus(inoLo, inoHi, 0, this.#attr, forever, forever, next, entry.name)) return;
      this.#lookups.add(view.slot, entry.ino);
      if (atRoot) this.#rootNames.add(entry.name);
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

  // The ways to the past and to the branches

  #virtualEntry(view: View, ino: number, reply: Reply): void {
    this.#fillVirtual(view, ino);
    this.#lookups.add(view.slot + virtualSlots, ino);
    reply.entry(this.#attr.inoLo, this.#attr.inoHi, 0, this.#attr, forever, 0);
  }

  #lookupBranch(view: View, name: Name, reply: Reply): void {
    const branch = this.#vfs.store.branches.named(nameText(name));
    if (branch === undefined) throw new FsError(ENOENT, "no such branch");
    if (branch.id === view.tree.branch) this.#virtualEntry(view, mountedLinkIno, reply);
    else this.#branchEntry(branch.id, reply);
  }

  #branchEntry(id: number, reply: Reply): void {
    const branch = this.#vfs.views.branch(id);
    this.#entry(branch, this.#vfs.attributes(branch, branch.rootIno), reply, forever);
  }

  #makeVirtual(header: RequestHeader, name: Name, reply: Reply): void {
    const ino = inoOf(header.nodeidLo, header.nodeidHi);
    const { process } = this.#caller(header);
    if (ino === branchesIno) this.#branchEntry(forkMounted(this.#vfs, name, process).id, reply);
    else {
      const view = this.#view(header.nodeidLo, header.nodeidHi);
      snapshotMounted(this.#vfs, name, null, process);
      this.#lookupPast(view, ino, name, reply);
    }
  }

  #removeVirtual(header: RequestHeader, name: Name): void {
    const { process } = this.#caller(header);
    if (inoOf(header.nodeidLo, header.nodeidHi) === branchesIno) dropBranch(this.#vfs, name, process);
    else dropMountedSnapshot(this.#vfs, name, process);
  }

  #renameVirtual(header: RequestHeader, message: messages.RenameMessage): void {
    const { name, newName, newdirLo, newdirHi } = message;
    const within = newdirLo === header.nodeidLo && newdirHi === header.nodeidHi;
    const ofBranches = inoOf(header.nodeidLo, header.nodeidHi) === branchesIno;
    if (!ofBranches || !within) throw new FsError(EPERM, "moments cannot be renamed, and branches only within .branches");
    renameBranch(this.#vfs, name, newName, this.#caller(header).process);
  }

  #lookupPast(view: View, ino: number, name: Name, reply: Reply): void {
    if (name === "." || name === "..") throw new FsError(ENOENT, "looked up by name only");
    const past = this.#vfs.views.open(view, ino, name);
    // What is in the future or unknown now may be known later: not to be remembered as missing.
    if (past === undefined) throw new FsError(ENOENT, "no such moment");
    this.#entry(past, this.#vfs.attributes(past, past.rootIno), reply, this.#vfs.views.isRelative(past) ? relativeEntrySec : forever);
  }

  #fillVirtual(view: View, ino: number): void {
    const { sec, nsec } = timespecOf(nowMicros());
    const attr = this.#attr;
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

  // Translation

  #entry(view: View, inode: Inode, reply: Reply, timeoutSec: number): void {
    this.#fill(view, inode);
    this.#lookups.add(slotOf(this.#attr.inoHi), inode.ino);
    reply.entry(this.#attr.inoLo, this.#attr.inoHi, 0, this.#attr, timeoutSec, forever);
  }

  #fill(view: View, inode: Inode): void {
    const attr = this.#attr;
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
    const attr = this.#attr;
    if (uid !== undefined) attr.uid = uid;
    if (gid !== undefined) attr.gid = gid;
    if (permissions !== undefined) attr.mode = (attr.mode & S_IFMT) | permissions;
    if (rootOnlyFor === undefined || !root) return;
    attr.uid = rootOnlyFor;
    attr.mode = (attr.mode & ~0o777) | 0o700;
  }

  #view(lo: number, hi: number): View {
    if (isRoot(lo, hi)) return this.#vfs.views.mounted;
    const slot = slotOf(hi);
    const view = this.#vfs.views.get(slot === trunkRootSlot ? mainBranch : slot);
    if (view === undefined) throw new FsError(ENOENT, "this view of the past is gone");
    return view;
  }

  /** The node of a request that names a directory to change. */
  #directory(header: RequestHeader): { view: View; ino: number } {
    if (isVirtual(header.nodeidHi)) throw new FsError(EPERM, "nothing can be made or removed in .history");
    return { view: this.#view(header.nodeidLo, header.nodeidHi), ino: inoOf(header.nodeidLo, header.nodeidHi) };
  }

  #file(header: RequestHeader): { view: View; ino: number } {
    if (isVirtual(header.nodeidHi)) throw new FsError(EPERM, ".history has no attributes to change");
    return { view: this.#view(header.nodeidLo, header.nodeidHi), ino: inoOf(header.nodeidLo, header.nodeidHi) };
  }

  #caller(header: RequestHeader, umask = 0): Caller {
    const { uid, gid, pid } = header;
    return { uid, gid, process: this.#callers.processOf(pid, uid, gid), umask, thread: pid };
  }

  #truncate(view: View, ino: number, fh: number, openFlags: number, caller: Caller): void {
    try {
      this.#vfs.setAttributes(view, ino, { size: 0, killPrivileges: (openFlags & abi.FUSE_OPEN_KILL_SUIDGID) !== 0 }, caller);
    } catch (error) {
      this.#vfs.handles.release(fh);
      throw error;
    }
  }
}

function changesOf(message: messages.SetattrMessage): AttributeChanges {
  const { valid } = message;
  const changes: AttributeChanges = { killPrivileges: (valid & abi.FATTR_KILL_SUIDGID) !== 0 };
  if (valid & abi.FATTR_MODE) changes.mode = message.mode;
  if (valid & abi.FATTR_UID) changes.uid = message.uid;
  if (valid & abi.FATTR_GID) changes.gid = message.gid;
  if (valid & abi.FATTR_SIZE) changes.size = message.size;
  if (valid & abi.FATTR_ATIME_NOW) changes.atime = "now";
  else if (valid & abi.FATTR_ATIME) changes.atime = { sec: message.atimeSec, nsec: message.atimeNsec };
  if (valid & abi.FATTR_MTIME_NOW) changes.mtime = "now";
  else if (valid & abi.FATTR_MTIME) changes.mtime = { sec: message.mtimeSec, nsec: message.mtimeNsec };
  if (valid & abi.FATTR_CTIME) changes.ctime = { sec: message.ctimeSec, nsec: message.ctimeNsec };
  return changes;
}
