import type { Name } from "../base/bytes.js";
import { EBADF, EEXIST, EINVAL, ENODATA, ENOSYS, EPERM, EXDEV, FsError } from "../base/errno.js";
import { nameMaxBytes } from "../base/limits.js";
import * as abi from "../fuse/abi.js";
import type { Handlers } from "../fuse/handlers.js";
import type * as messages from "../fuse/messages.js";
import type { Reply } from "../fuse/reply.js";
import type { RequestHeader } from "../fuse/request.js";
import type { Inode } from "../store/inode.js";
import type { AttributeChanges } from "../vfs/attributes.js";
import type { Caller } from "../vfs/caller.js";
import { isRegular, permissionBits, S_IFREG } from "../vfs/mode.js";
import type { Vfs } from "../vfs/vfs.js";
import type { View } from "../vfs/view.js";
import type { Callers } from "./callers.js";
import { Directories } from "./directories.js";
import { ImplicitOpens } from "./implicit-opens.js";
import { forever, mountedLinkTarget, NodeTable, type ShownAs, type ViewOwner, virtualAttributesSec } from "./node-table.js";
import { branchesIno, inoOf, isRoot, isVirtual } from "./nodes.js";
import { VirtualDirectories } from "./virtual.js";

const SEEK_DATA = 3;
/** What statx(2) is told: the basic attributes and the birth time. */
const STATX_BASIC_STATS = 0x7ff;
const STATX_BTIME = 0x800;
const O_TRUNC = 0o1000;
const O_EXCL = 0o200;
const knownRenameFlags = 3;
const noNames = Buffer.alloc(0);

/**
 * Translates the kernel's requests into operations on trees: node ids to views and inode numbers, flags to words, inodes to attributes.
 * It decides nothing about files.
 */
export class Bridge implements Handlers {
  /** What the kernel knows. */
  readonly nodes: NodeTable;
  readonly #vfs: Vfs;
  readonly #callers: Callers;
  readonly #virtual: VirtualDirectories;
  readonly #directories: Directories;
  /** Where the kernel opens files without asking. */
  readonly #implicit: ImplicitOpens | undefined;

  constructor(vfs: Vfs, callers: Callers, owner: ViewOwner, opens: "asked" | "unasked", shownAs?: ShownAs) {
    this.#vfs = vfs;
    this.#callers = callers;
    const implicit = opens === "unasked" ? new ImplicitOpens(vfs) : undefined;
    this.#implicit = implicit;
    this.nodes = new NodeTable(vfs, owner, shownAs, implicit && ((view, ino) => implicit.forgotten(view, ino)));
    this.#virtual = new VirtualDirectories(vfs, this.nodes);
    this.#directories = new Directories(vfs, this.nodes, this.#virtual);
  }

  // Names

  lookup(header: RequestHeader, message: messages.NameMessage, reply: Reply): void {
    const { nodeidLo: lo, nodeidHi: hi } = header;
    const { name } = message;
    const view = this.nodes.view(lo, hi);
    const ino = inoOf(lo, hi);
    if (isVirtual(hi)) {
      this.#virtual.lookup(view, ino, name, reply);
      return;
    }
    if (isRoot(lo, hi)) this.nodes.noteRootName(name);
    const virtual = this.#vfs.virtualName(view, ino, name);
    if (virtual !== undefined) {
      this.nodes.virtualEntry(view, virtual === "history" ? ino : branchesIno, reply);
      return;
    }
    const inode = this.#vfs.lookup(view, ino, name);
    if (inode === undefined) reply.negativeEntry(forever);
    else this.nodes.entry(view, inode, reply, forever);
  }

  forget(_header: RequestHeader, message: messages.ForgetMessage): void {
    this.nodes.forget(message.nodeidLo, message.nodeidHi, message.nlookup);
  }

  symlink(header: RequestHeader, message: messages.SymlinkMessage, reply: Reply): void {
    const { view, ino } = this.#directory(header);
    this.nodes.entry(view, this.#vfs.symlink(view, ino, message.name, message.target, this.#caller(header)), reply, forever);
  }

  mknod(header: RequestHeader, message: messages.MknodMessage, reply: Reply): void {
    const { view, ino } = this.#directory(header);
    const { name, mode, rdev, umask } = message;
    this.nodes.entry(view, this.#vfs.mknod(view, ino, name, mode, rdev, this.#caller(header, umask)), reply, forever);
  }

  mkdir(header: RequestHeader, message: messages.MkdirMessage, reply: Reply): void {
    if (isVirtual(header.nodeidHi)) {
      this.#virtual.make(header, message.name, this.#caller(header).process, reply);
      return;
    }
    const { view, ino } = this.#directory(header);
    const { name, mode, umask } = message;
    this.nodes.entry(view, this.#vfs.mkdir(view, ino, name, mode, this.#caller(header, umask)), reply, forever);
  }

  unlink(header: RequestHeader, message: messages.NameMessage, reply: Reply): void {
    const { view, ino } = this.#directory(header);
    const caller = this.#caller(header);
    this.#keepOpen(view, ino, message.name, caller);
    this.#vfs.unlink(view, ino, message.name, caller);
    reply.ok();
  }

  rmdir(header: RequestHeader, message: messages.NameMessage, reply: Reply): void {
    if (isVirtual(header.nodeidHi)) {
      this.#virtual.remove(header, message.name, this.#caller(header).process);
      reply.ok();
      return;
    }
    const { view, ino } = this.#directory(header);
    this.#vfs.rmdir(view, ino, message.name, this.#caller(header));
    reply.ok();
  }

  rename(header: RequestHeader, message: messages.RenameMessage, reply: Reply): void {
    if (isVirtual(header.nodeidHi)) {
      this.#virtual.rename(header, message, this.#caller(header).process);
      reply.ok();
      return;
    }
    const { view, ino } = this.#directory(header);
    const { name, newdirLo, newdirHi, newName, flags } = message;
    if (flags > knownRenameFlags || flags === 3) throw new FsError(EINVAL, `renameat2 with flags ${flags}`);
    if (isVirtual(newdirHi) || this.nodes.view(newdirLo, newdirHi) !== view) throw new FsError(EXDEV, "renaming into another tree");
    const mode = flags === 0 ? "replace" : flags === 1 ? "noreplace" : "exchange";
    const caller = this.#caller(header);
    if (mode === "replace") this.#keepOpen(view, inoOf(newdirLo, newdirHi), newName, caller);
    this.#vfs.rename(view, ino, name, inoOf(newdirLo, newdirHi), newName, mode, caller);
    reply.ok();
  }

  link(header: RequestHeader, message: messages.LinkMessage, reply: Reply): void {
    const { view, ino } = this.#directory(header);
    const { oldnodeidLo, oldnodeidHi, name } = message;
    if (isVirtual(oldnodeidHi) || this.nodes.view(oldnodeidLo, oldnodeidHi) !== view) throw new FsError(EXDEV, "a link into another tree");
    this.nodes.entry(view, this.#vfs.link(view, inoOf(oldnodeidLo, oldnodeidHi), ino, name, this.#caller(header)), reply, forever);
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
    const view = this.nodes.view(lo, hi);
    const ino = inoOf(lo, hi);
    if (isVirtual(hi)) {
      this.nodes.fillVirtual(view, ino);
      reply.attr(this.nodes.attr, virtualAttributesSec);
      return;
    }
    this.nodes.fill(view, this.#vfs.attributes(view, ino));
    reply.attr(this.nodes.attr, forever);
  }

  /** Asked once for each inode whose birth time somebody wants; the kernel keeps it. */
  statx(header: RequestHeader, _message: messages.StatxMessage, reply: Reply): void {
    const { nodeidLo: lo, nodeidHi: hi } = header;
    const view = this.nodes.view(lo, hi);
    const ino = inoOf(lo, hi);
    if (isVirtual(hi)) {
      this.nodes.fillVirtual(view, ino);
      reply.statx(STATX_BASIC_STATS, { ...this.nodes.attr, btimeSec: 0, btimeNsec: 0 }, 0);
      return;
    }
    const inode = this.#vfs.attributes(view, ino);
    this.nodes.fill(view, inode);
    const { btimeSec, btimeNsec } = inode;
    reply.statx(STATX_BASIC_STATS | STATX_BTIME, { ...this.nodes.attr, btimeSec, btimeNsec }, forever);
  }

  setattr(header: RequestHeader, message: messages.SetattrMessage, reply: Reply): void {
    const { view, ino } = this.#file(header);
    const inode = this.#vfs.setAttributes(view, ino, changesOf(message), this.#caller(header));
    this.nodes.fill(view, inode);
    reply.attr(this.nodes.attr, forever);
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
    const view = this.nodes.view(header.nodeidLo, header.nodeidHi);
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
    if (this.#implicit !== undefined) throw new FsError(ENOSYS, "files are opened without asking");
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
    const fh = this.#openCreated(view, inode.ino, flags, caller);
    if (existing !== undefined && (flags & O_TRUNC) !== 0) this.#truncate(view, inode.ino, fh, openFlags, caller);
    this.#created(view, inode, fh, reply);
  }

  #created(view: View, inode: Inode, fh: number, reply: Reply): void {
    this.nodes.fill(view, inode);
    this.nodes.count(view, inode.ino);
    const { inoLo, inoHi } = this.nodes.attr;
    reply.create(inoLo, inoHi, 0, this.nodes.attr, forever, forever, fh, abi.FOPEN_KEEP_CACHE | abi.FOPEN_NOFLUSH);
  }

  tmpfile(header: RequestHeader, message: messages.CreateMessage, reply: Reply): void {
    const { view, ino: parent } = this.#directory(header);
    const { flags, mode, umask } = message;
    const caller = this.#caller(header, umask);
    const inode = this.#vfs.tmpfile(view, parent, S_IFREG | (mode & permissionBits), caller);
    this.#created(view, inode, this.#openCreated(view, inode.ino, flags, caller), reply);
  }

  #openCreated(view: View, ino: number, flags: number, caller: Caller): number {
    if (this.#implicit === undefined) return this.#vfs.handles.open(view, ino, flags, caller);
    this.#implicit.handleOf(view, ino, caller);
    return 0;
  }

  read(header: RequestHeader, message: messages.ReadMessage, reply: Reply): void {
    const into = reply.payload(message.size);
    reply.payloadLength(this.#vfs.handles.read(this.#handle(header, message.fh), message.offset, into));
  }

  write(header: RequestHeader, message: messages.WriteMessage, reply: Reply): void {
    const { fh, offset, data, writeFlags } = message;
    const kill = (writeFlags & abi.FUSE_WRITE_KILL_SUIDGID) !== 0;
    reply.written(this.#vfs.handles.write(this.#handle(header, fh), offset, data, kill, this.#caller(header)));
  }

  fallocate(header: RequestHeader, message: messages.FallocateMessage, reply: Reply): void {
    const { fh, mode, offset, length } = message;
    this.#vfs.allocate(this.#handle(header, fh), mode, offset, length, this.#caller(header));
    reply.ok();
  }

  lseek(header: RequestHeader, message: messages.LseekMessage, reply: Reply): void {
    const { fh, offset, whence } = message;
    reply.lseek(this.#vfs.seek(this.#handle(header, fh), offset, whence === SEEK_DATA ? "data" : "hole"));
  }

  copyFileRange(header: RequestHeader, message: messages.CopyFileRangeMessage, reply: Reply): void {
    const { fhIn, offsetIn, nodeidOutLo, nodeidOutHi, fhOut, offsetOut, length } = message;
    const from = this.#handle(header, fhIn);
    const to = fhOut === 0 ? this.#implicitHandle(nodeidOutLo, nodeidOutHi, header) : fhOut;
    reply.copied(this.#vfs.copyRange(from, offsetIn, to, offsetOut, length, this.#caller(header)));
  }

  release(_header: RequestHeader, message: messages.ReleaseMessage, reply: Reply): void {
    if (message.fh !== 0) this.#vfs.handles.release(message.fh);
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

  // Directories

  readdir(header: RequestHeader, message: messages.ReadMessage, reply: Reply): void {
    this.#directories.list(header, message.offset, reply, "names");
  }

  readdirplus(header: RequestHeader, message: messages.ReadMessage, reply: Reply): void {
    this.#directories.list(header, message.offset, reply, "names-and-attributes");
  }

  /** The node of a request that names a directory to change. */
  #directory(header: RequestHeader): { view: View; ino: number } {
    if (isVirtual(header.nodeidHi)) throw new FsError(EPERM, "nothing can be made or removed in .history");
    return { view: this.nodes.view(header.nodeidLo, header.nodeidHi), ino: inoOf(header.nodeidLo, header.nodeidHi) };
  }

  #file(header: RequestHeader): { view: View; ino: number } {
    if (isVirtual(header.nodeidHi)) throw new FsError(EPERM, ".history has no attributes to change");
    return { view: this.nodes.view(header.nodeidLo, header.nodeidHi), ino: inoOf(header.nodeidLo, header.nodeidHi) };
  }

  /** The handle that a request means; 0 where the kernel opened the file without asking. */
  #handle(header: RequestHeader, fh: number): number {
    return fh === 0 ? this.#implicitHandle(header.nodeidLo, header.nodeidHi, header) : fh;
  }

  #implicitHandle(lo: number, hi: number, header: RequestHeader): number {
    if (this.#implicit === undefined) throw new FsError(EBADF, "handle 0");
    return this.#implicit.handleOf(this.nodes.view(lo, hi), inoOf(lo, hi), this.#caller(header));
  }

  /** Before a file loses a name: whoever has it open without our knowledge must find it still there. */
  #keepOpen(view: View, parent: number, name: Name, caller: Caller): void {
    if (this.#implicit === undefined) return;
    const inode = this.#vfs.lookup(view, parent, name);
    if (inode === undefined || inode.nlink > 1 || !isRegular(inode.mode) || !this.nodes.knows(view, inode.ino)) return;
    this.#implicit.handleOf(view, inode.ino, caller);
  }

  #caller(header: RequestHeader, umask = 0): Caller {
    const { uid, gid, pid } = header;
    return { uid, gid, process: this.#callers.processOf(pid, uid, gid), umask, thread: pid };
  }

  #truncate(view: View, ino: number, fh: number, openFlags: number, caller: Caller): void {
    try {
      this.#vfs.setAttributes(view, ino, { size: 0, killPrivileges: (openFlags & abi.FUSE_OPEN_KILL_SUIDGID) !== 0 }, caller);
    } catch (error) {
      if (fh !== 0) this.#vfs.handles.release(fh);
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
