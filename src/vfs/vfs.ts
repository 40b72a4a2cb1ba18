import type { Name } from "../base/bytes.js";
import { EINVAL, ENAMETOOLONG, EOPNOTSUPP, FsError } from "../base/errno.js";
import { inoMax, nameMaxBytes } from "../base/limits.js";
import { logLine } from "../base/log.js";
import type { Inode } from "../store/inode.js";
import { allocatedBytes } from "../store/ranges.js";
import type { Store } from "../store/store.js";
import type { ListedDirent } from "../store/tree.js";
import { isAclName } from "./acl.js";
import { type AttributeChanges, setAttributes } from "./attributes.js";
import type { Caller } from "./caller.js";
import { branchesName, directoryOf, historyName, inodeOf } from "./context.js";
import { type AccessTimes, Handles } from "./handles.js";
import { Making } from "./making.js";
import { S_IFLNK, S_IFMT } from "./mode.js";
import { allocate, copyRange, type SeekTarget, seek } from "./ranges.js";
import { rmdir, unlink } from "./removing.js";
import { type RenameMode, rename } from "./renaming.js";
import type { View } from "./view.js";
import { Views } from "./views.js";
import { getXattr, listXattrs, removeXattr, setXattr, type XattrMode } from "./xattrs.js";

/** How the file system appears. */
export interface VfsOptions {
  readonly branch: number;
  readonly access: "read-write" | "read-only";
  /** Show the branch as of this moment. */
  readonly moment?: number | undefined;
  /** Whether every directory has a `.history`, not only the root. */
  readonly dirHistory: boolean;
  /** Whether the root lists `.history`. */
  readonly viewsVisible: boolean;
  /** Whether directories hand their default access control lists down; on unless said otherwise. */
  readonly acls?: "on" | "off";
  /** Whether reads change access times: never, or as relatime of mount(8) says. */
  readonly accessTimes?: AccessTimes;
}

/** What statfs(2) shows; blocks of `blockBytes`. */
export interface Statistics {
  readonly blockBytes: number;
  readonly blocks: number;
  readonly free: number;
  readonly files: number;
  readonly freeFiles: number;
}

const blockBytes = 4096;

/**
 * POSIX over trees: the operations of a file system, by view and inode number. It knows no kernel protocol and keeps no locks: one
 * operation ends before the next begins. Refusals are FsErrors with the errno the man page of the call names.
 */
export class Vfs {
  readonly store: Store;
  readonly views: Views;
  readonly handles: Handles;
  readonly #options: VfsOptions;
  readonly #making: Making;

  constructor(store: Store, options: VfsOptions) {
    this.store = store;
    this.#options = options;
    this.views = new Views(store, options.branch, options.access, options.moment);
    this.handles = new Handles(options.accessTimes ?? "kept");
    store.processes.usedBy(() => this.handles.processes());
    this.#making = new Making(store.inodeNumbers, options.acls ?? "on");
  }

  /** The attributes of an inode. Throws ESTALE. */
  attributes(view: View, ino: number): Inode {
    return inodeOf(view, ino);
  }

  /** The inode a name stands for, or undefined. Throws ENOTDIR, ENOENT for a removed directory, ENAMETOOLONG. */
  lookup(view: View, parent: number, name: Name): Inode | undefined {
    const directory = directoryOf(view, parent);
    if (name.length > nameMaxBytes) throw new FsError(ENAMETOOLONG, `a name of ${name.length} bytes`);
    if (name === ".") return directory;
    if (name === "..") return inodeOf(view, directory.ino === view.rootIno ? directory.ino : directory.parent);
    const entry = view.tree.lookup(parent, name);
    return entry === undefined ? undefined : inodeOf(view, entry.ino);
  }

  /** What a name in the mount is the way to, when it is no file: the past of its directory, or the branches. */
  virtualName(view: View, parent: number, name: Name): "history" | "branches" | undefined {
    if (name !== historyName && name !== branchesName) return undefined;
    const atRoot = view === this.views.mounted && parent === view.rootIno;
    if (name === historyName && (atRoot || (this.#options.dirHistory && view.tree.asOf === undefined))) return "history";
    return name === branchesName && atRoot && view.tree.asOf === undefined ? "branches" : undefined;
  }

  /** Names that a listing of `parent` shows beside its entries. */
  listedViews(view: View, parent: number): Name[] {
    if (!this.#options.viewsVisible || view !== this.views.mounted || parent !== view.rootIno) return [];
    return view.tree.asOf === undefined ? [historyName, branchesName] : [historyName];
  }

  /** Entries of a directory after a cookie, by cookie. A removed directory has none. */
  list(view: View, ino: number, after: number, limit: number): ListedDirent[] {
    const directory = inodeOf(view, ino);
    if (directory.gone) return [];
    return view.tree.list(directoryOf(view, ino).ino, after, limit);
  }

  /** readlink(2). Throws EINVAL. */
  readlink(view: View, ino: number): Name {
    const inode = inodeOf(view, ino);
    if ((inode.mode & S_IFMT) !== S_IFLNK || inode.target === null) throw new FsError(EINVAL, "readlink of what is no symlink");
    return inode.target;
  }

  mkdir(view: View, parent: number, name: Name, mode: number, caller: Caller): Inode {
    return this.#making.mkdir(view, parent, name, mode, caller);
  }

  mknod(view: View, parent: number, name: Name, mode: number, rdev: number, caller: Caller): Inode {
    return this.#making.mknod(view, parent, name, mode, rdev, caller);
  }

  create(view: View, parent: number, name: Name, mode: number, caller: Caller): Inode {
    return this.#making.create(view, parent, name, mode, caller);
  }

  /** open(2) with O_TMPFILE: to be opened before anything else happens, for only its handle keeps it. */
  tmpfile(view: View, parent: number, mode: number, caller: Caller): Inode {
    return this.#making.tmpfile(view, parent, mode, caller);
  }

  symlink(view: View, parent: number, name: Name, target: Name, caller: Caller): Inode {
    return this.#making.symlink(view, parent, name, target, caller);
  }

  link(view: View, ino: number, parent: number, name: Name, caller: Caller): Inode {
    return this.#making.link(view, ino, parent, name, caller);
  }

  unlink(view: View, parent: number, name: Name, caller: Caller): void {
    unlink(view, parent, name, caller);
  }

  rmdir(view: View, parent: number, name: Name, caller: Caller): void {
    rmdir(view, parent, name, caller);
  }

  rename(view: View, parent: number, name: Name, toParent: number, toName: Name, mode: RenameMode, caller: Caller): void {
    rename(view, parent, name, toParent, toName, mode, caller);
  }

  setAttributes(view: View, ino: number, changes: AttributeChanges, caller: Caller): Inode {
    return setAttributes(view, ino, changes, caller);
  }

  getXattr(view: View, ino: number, name: Name): Uint8Array {
    this.#refuseAcl(name);
    return getXattr(view, ino, name);
  }

  listXattrs(view: View, ino: number): Buffer {
    return listXattrs(view, ino);
  }

  setXattr(view: View, ino: number, name: Name, value: Uint8Array, mode: XattrMode, caller: Caller): void {
    this.#refuseAcl(name);
    setXattr(view, ino, name, value, mode, caller);
  }

  removeXattr(view: View, ino: number, name: Name, caller: Caller): void {
    this.#refuseAcl(name);
    removeXattr(view, ino, name, caller);
  }

  /** Throws EOPNOTSUPP for an access control list where they are off. */
  #refuseAcl(name: Name): void {
    if (this.#options.acls === "off" && isAclName(name)) throw new FsError(EOPNOTSUPP, "access control lists are off (noacl)");
  }

  /** fallocate(2) through an open file. */
  allocate(number: number, mode: number, offset: number, length: number, caller: Caller): void {
    allocate(this.store, this.handles.get(number), mode, offset, length, caller);
  }

  /** lseek(2) with SEEK_DATA or SEEK_HOLE. */
  seek(number: number, offset: number, target: SeekTarget): number {
    return seek(this.handles.get(number), offset, target);
  }

  /** copy_file_range(2) between two open files. Returns how many bytes were copied. */
  copyRange(from: number, offset: number, to: number, toOffset: number, length: number, caller: Caller): number {
    return copyRange(this.handles.get(from), offset, this.handles.get(to), toOffset, length, caller);
  }

  /** Bytes that are stored for a file: st_blocks, in bytes. */
  allocated(view: View, inode: Inode): number {
    return inode.draft === undefined ? inode.allocated : allocatedBytes(view.tree, inode);
  }

  /** fsync(2), fsyncdir: everything that happened so far survives power loss. Throws ENOSPC. */
  sync(): void {
    this.store.sync();
  }

  /** Nobody knows the inode's number any more. */
  forget(view: View, ino: number): void {
    view.writable?.forget(ino);
  }

  /** statfs(2). */
  statistics(): Statistics {
    const { totalBytes, freeBytes } = this.store.space.space();
    const files = this.store.inodeNumbers.next;
    // Inode numbers never run out before the disk does; a file takes a block at least.
    const freeFiles = Math.min(inoMax - files, Math.floor(freeBytes / blockBytes));
    return {
      blockBytes,
      blocks: Math.floor(totalBytes / blockBytes),
      free: Math.floor(freeBytes / blockBytes),
      files: files + freeFiles,
      freeFiles,
    };
  }

  /** Refuses every change from now on: an invariant failed, and the reason is in the log. */
  freeze(reason: string): void {
    logLine("error", `the mount is read-only from now on, because an invariant failed: ${reason}; run: stone check`);
    this.views.freeze();
  }

  /** Ends the mount: closes what is open and commits. */
  close(): void {
    this.handles.releaseAll();
    this.store.close();
  }
}
