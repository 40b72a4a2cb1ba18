import type { Name } from "../base/bytes.js";
import { EBADF, EEXIST, EINVAL, ENOENT, ENOTEMPTY, ESTALE, FsError } from "../base/errno.js";
import * as abi from "../fuse/abi.js";
import type { Attributes, FileSystemStatistics } from "../fuse/attributes.js";
import type { Handlers } from "../fuse/handlers.js";
import * as messages from "../fuse/messages.js";
import { Asking, type Node, rootNode } from "./asking.js";
import type { ListedEntry } from "./held-reply.js";
import { HiddenFiles, isHiddenName } from "./hidden.js";
import { Paths } from "./paths.js";

const O_RDWR = 0o2;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
/** chown(2) with -1. */
const unchanged = 0xffffffff;
const millisPerSecond = 1000;
const nanosPerMilli = 1e6;

/** A time in milliseconds since 1970, which is all that fuse-native carries. */
export type Millis = number;

interface OpenFile {
  readonly node: Node;
  /** Whose the reference to the node is: this file's own, or that of the hidden name it was opened by, which lasts longer. */
  readonly reference: "own" | "of-name";
}

/**
 * The operations of libfuse's high-level interface (struct fuse_operations), which name files by path, as requests of a file system's
 * handlers, which number them. Paths begin with a slash. Refusals are thrown; whether the caller may is the kernel's check.
 */
export class Operations {
  readonly paths: Paths;
  readonly #handlers: Handlers;
  readonly #asking: Asking;
  readonly #hidden = new HiddenFiles();
  /** What is open, by handle. */
  readonly #open = new Map<number, OpenFile>();

  constructor(handlers: Handlers) {
    this.#handlers = handlers;
    this.#asking = new Asking(handlers);
    this.paths = new Paths(this.#asking, handlers);
  }

  /** The file that libfuse has hidden by this path. */
  #hiddenNode(path: Name): Node | undefined {
    return this.#hidden.get(path.slice(path.lastIndexOf("/") + 1));
  }

  /** Lets `use` work with the node a path stands for. */
  #withNode<Result>(path: Name, use: (node: Node) => Result): Result {
    const hidden = this.#hiddenNode(path);
    return hidden === undefined ? this.paths.withNode(path, use) : use(hidden);
  }

  #opened(fh: number): OpenFile {
    const file = this.#open.get(fh);
    if (file === undefined) throw new FsError(EBADF, `handle ${fh}`);
    return file;
  }

  // Attributes

  /** The result is good until the next operation. */
  getattr(path: Name): Attributes {
    const hidden = this.#hiddenNode(path);
    if (hidden !== undefined) return this.#attributes(hidden, -1);
    // What was looked up came with its attributes.
    return this.paths.withNode(path, (node) => (node === rootNode ? this.#attributes(node, -1) : this.#asking.reply.attributes));
  }

  /** The result is good until the next operation. */
  fgetattr(fh: number): Attributes {
    return this.#attributes(this.#opened(fh).node, fh);
  }

  #attributes(node: Node, fh: number): Attributes {
    return this.#asking.ask(this.#handlers.getattr, node, Object.assign(new messages.GetattrMessage(), { fh })).attributes;
  }

  #setattr(node: Node, changes: Partial<messages.SetattrMessage>): void {
    this.#asking.ask(this.#handlers.setattr, node, Object.assign(new messages.SetattrMessage(), changes));
  }

  chmod(path: Name, mode: number): void {
    this.#withNode(path, (node) => this.#setattr(node, { valid: abi.FATTR_MODE, mode }));
  }

  chown(path: Name, uid: number, gid: number): void {
    const valid = (uid === unchanged ? 0 : abi.FATTR_UID) | (gid === unchanged ? 0 : abi.FATTR_GID);
    this.#withNode(path, (node) => this.#setattr(node, { valid, uid, gid }));
  }

  truncate(path: Name, size: number): void {
    this.#withNode(path, (node) => this.#setattr(node, { valid: abi.FATTR_SIZE, size }));
  }

  ftruncate(fh: number, size: number): void {
    this.#setattr(this.#opened(fh).node, { valid: abi.FATTR_SIZE | abi.FATTR_FH, size, fh });
  }

  /** Both times. Those before 1970 could be kept, but never be shown again (native.ts): EINVAL. */
  utimens(path: Name, atime: Millis, mtime: Millis): void {
    if (atime < 0 || mtime < 0) throw new FsError(EINVAL, "a time before 1970");
    const times = {
      atimeSec: Math.floor(atime / millisPerSecond),
      atimeNsec: (atime % millisPerSecond) * nanosPerMilli,
      mtimeSec: Math.floor(mtime / millisPerSecond),
      mtimeNsec: (mtime % millisPerSecond) * nanosPerMilli,
    };
    this.#withNode(path, (node) => this.#setattr(node, { valid: abi.FATTR_ATIME | abi.FATTR_MTIME, ...times }));
  }

  statfs(): FileSystemStatistics {
    const { statistics } = this.#asking.ask(this.#handlers.statfs, rootNode, new messages.EmptyMessage());
    return statistics as FileSystemStatistics;
  }

  // Extended attributes

  /** Puts the value into `into` and returns its length; with no room at all only returns that. Throws ERANGE. */
  getxattr(path: Name, name: Name, into: Buffer): number {
    const message = Object.assign(new messages.GetxattrMessage(), { name, size: into.length });
    return this.#withNode(path, (node) => this.#asking.ask(this.#handlers.getxattr, node, message, into).count);
  }

  /** As getxattr, the names each ended by a NUL. */
  listxattr(path: Name, into: Buffer): number {
    const message = Object.assign(new messages.ListxattrMessage(), { size: into.length });
    return this.#withNode(path, (node) => this.#asking.ask(this.#handlers.listxattr, node, message, into).count);
  }

  setxattr(path: Name, name: Name, value: Buffer, flags: number): void {
    const message = Object.assign(new messages.SetxattrMessage(), { name, value, flags });
    this.#withNode(path, (node) => this.#asking.ask(this.#handlers.setxattr, node, message));
  }

  removexattr(path: Name, name: Name): void {
    const message = Object.assign(new messages.NameMessage(), { name });
    this.#withNode(path, (node) => this.#asking.ask(this.#handlers.removexattr, node, message));
  }

  // Names

  readlink(path: Name): Name {
    return this.#withNode(path, (node) => this.#asking.ask(this.#handlers.readlink, node, new messages.EmptyMessage()).name);
  }

  /** The umask is applied already: libfuse does not ask the kernel to leave it to us. */
  mknod(path: Name, mode: number, rdev: number): void {
    const { directory, name } = this.paths.place(path);
    const message = Object.assign(new messages.MknodMessage(), { name, mode, rdev });
    this.#asking.forget(this.#made(this.#asking.ask(this.#handlers.mknod, directory, message)));
  }

  mkdir(path: Name, mode: number): void {
    const { directory, name } = this.paths.place(path);
    const message = Object.assign(new messages.MkdirMessage(), { name, mode });
    this.#asking.forget(this.#made(this.#asking.ask(this.#handlers.mkdir, directory, message)));
  }

  symlink(target: Name, path: Name): void {
    const { directory, name } = this.paths.place(path);
    const message = Object.assign(new messages.SymlinkMessage(), { name, target });
    this.#asking.forget(this.#made(this.#asking.ask(this.#handlers.symlink, directory, message)));
  }

  link(path: Name, to: Name): void {
    this.#withNode(path, (node) => {
      const { directory, name } = this.paths.place(to);
      const message = Object.assign(new messages.LinkMessage(), { oldnodeidLo: node.lo, oldnodeidHi: node.hi, name });
      this.#asking.forget(this.#made(this.#asking.ask(this.#handlers.link, directory, message)));
    });
  }

  #made({ nodeidLo: lo, nodeidHi: hi }: { readonly nodeidLo: number; readonly nodeidHi: number }): Node {
    return { lo, hi };
  }

  unlink(path: Name): void {
    const { directory, name } = this.paths.place(path);
    const hidden = this.#hidden.take(name);
    if (hidden !== undefined) this.#asking.forget(hidden);
    else this.#asking.forget(this.#unlinked(directory, name));
  }

  /** Removes a name. Returns the file, whose reference is the caller's: it is kept only for that. */
  #unlinked(directory: Node, name: Name): Node {
    const node = this.paths.lookup(directory, name);
    try {
      this.#asking.ask(this.#handlers.unlink, directory, Object.assign(new messages.NameMessage(), { name }));
    } catch (error) {
      this.#asking.forget(node);
      throw error;
    }
    return node;
  }

  rmdir(path: Name): void {
    const { directory, name } = this.paths.place(path);
    const node = this.paths.lookup(directory, name);
    try {
      this.#refuseHolding(node);
      this.#asking.ask(this.#handlers.rmdir, directory, Object.assign(new messages.NameMessage(), { name }));
      this.paths.drop(path);
    } finally {
      this.#asking.forget(node);
    }
  }

  #refuseHolding(directory: Node): void {
    if (this.#hidden.within(directory)) throw new FsError(ENOTEMPTY, "a file that was removed from the directory is still open");
  }

  /** A rename that hides an open file, because it was removed or another takes its name, removes it. */
  rename(from: Name, to: Name): void {
    const source = this.paths.place(from);
    const target = this.paths.place(to);
    const node = this.paths.lookup(source.directory, source.name);
    const isDirectory = this.paths.answeredDirectory;
    if (isHiddenName(target.name) && this.#isOpen(node)) {
      this.#asking.forget(node);
      this.#hidden.add(target.name, this.#unlinked(source.directory, source.name), source.directory);
      return;
    }
    const replaced = this.#existing(target.directory, target.name);
    try {
      if (replaced !== undefined) this.#refuseHolding(replaced);
      const message = new messages.RenameMessage();
      message.name = source.name;
      message.newName = target.name;
      message.newdirLo = target.directory.lo;
      message.newdirHi = target.directory.hi;
      this.#asking.ask(this.#handlers.rename, source.directory, message);
      if (!isDirectory) return;
      this.paths.drop(from);
      this.paths.drop(to);
    } finally {
      this.#asking.forget(node);
      if (replaced !== undefined) this.#asking.forget(replaced);
    }
  }

  #existing(directory: Node, name: Name): Node | undefined {
    try {
      return this.paths.lookup(directory, name);
    } catch (error) {
      if (error instanceof FsError && error.errno === ENOENT) return undefined;
      throw error;
    }
  }

  #isOpen({ lo, hi }: Node): boolean {
    for (const { node } of this.#open.values()) if (node.lo === lo && node.hi === hi) return true;
    return false;
  }

  /** A directory as a whole, "." and ".." included. */
  readdir(path: Name): ListedEntry[] {
    const { reply } = this.#asking;
    reply.entries = [];
    this.#withNode(path, (node) => this.#asking.ask(this.#handlers.readdir, node, new messages.ReadMessage()));
    return reply.entries;
  }

  // Content

  /** Returns the handle. */
  open(path: Name, flags: number): number {
    const message = Object.assign(new messages.OpenMessage(), { flags });
    const hidden = this.#hiddenNode(path);
    if (hidden !== undefined) {
      const { fh } = this.#asking.ask(this.#handlers.open, hidden, message);
      this.#open.set(fh, { node: hidden, reference: "of-name" });
      return fh;
    }
    const { directory, name } = this.paths.place(path);
    const node = this.paths.lookup(directory, name);
    try {
      const { fh } = this.#asking.ask(this.#handlers.open, node, message);
      this.#open.set(fh, { node, reference: "own" });
      return fh;
    } catch (error) {
      this.#asking.forget(node);
      throw error;
    }
  }

  /**
   * Returns the handle. fuse-native does not pass the flags on. The kernel comes here only for what it just found missing; should there be
   * a file all the same, made by a command in between, ESTALE has the kernel look again and open that one, as the flags it has say.
   */
  create(path: Name, mode: number): number {
    const { directory, name } = this.paths.place(path);
    const message = Object.assign(new messages.CreateMessage(), { name, mode, flags: O_RDWR | O_CREAT | O_EXCL });
    try {
      const reply = this.#asking.ask(this.#handlers.create, directory, message);
      this.#open.set(reply.fh, { node: this.#made(reply), reference: "own" });
      return reply.fh;
    } catch (error) {
      if (error instanceof FsError && error.errno === EEXIST) throw new FsError(ESTALE, "made by a command meanwhile");
      throw error;
    }
  }

  /** Reads into `into`; returns how many bytes. */
  read(fh: number, offset: number, into: Buffer): number {
    const message = Object.assign(new messages.ReadMessage(), { fh, offset, size: into.length });
    return this.#asking.ask(this.#handlers.read, this.#opened(fh).node, message, into).count;
  }

  /** Returns how many bytes were taken. */
  write(fh: number, offset: number, data: Buffer): number {
    const message = Object.assign(new messages.WriteMessage(), { fh, offset, data });
    return this.#asking.ask(this.#handlers.write, this.#opened(fh).node, message).count;
  }

  fsync(fh: number): void {
    this.#asking.ask(this.#handlers.fsync, this.#opened(fh).node, Object.assign(new messages.FsyncMessage(), { fh }));
  }

  fsyncdir(): void {
    this.#asking.ask(this.#handlers.fsyncdir, rootNode, new messages.FsyncMessage());
  }

  release(fh: number): void {
    const { node, reference } = this.#opened(fh);
    this.#open.delete(fh);
    try {
      this.#asking.ask(this.#handlers.release, node, Object.assign(new messages.ReleaseMessage(), { fh }));
    } finally {
      if (reference === "own") this.#asking.forget(node);
    }
  }
}
