import type { Timespec } from "../../src/base/clock.js";
import { EEXIST, EINVAL, EISDIR, ENODATA, ENOENT, ENOTDIR, ENOTEMPTY, EPERM } from "../../src/base/errno.js";

export type Kind = "directory" | "file" | "symlink" | "fifo";

/** What a content version holds. */
interface State {
  readonly content: Buffer;
  readonly mode: number;
  readonly mtime: Timespec;
  readonly ctime: Timespec;
}

/** A file as POSIX describes it, in memory. Contents are never changed in place, so copies share them. */
export class Node {
  readonly ino: number;
  readonly kind: Kind;
  mode: number;
  uid = 0;
  gid = 0;
  nlink: number;
  content: Buffer = Buffer.alloc(0);
  target = "";
  xattrs = new Map<string, string>();
  entries = new Map<string, Node>();
  parent: Node | undefined;
  mtime: Timespec = { sec: 0, nsec: 0 };
  ctime: Timespec = { sec: 0, nsec: 0 };
  handles = 0;
  gone = false;
  /** The version before the one being written, and the copies of the tree made since its last write. */
  draft: { readonly closed: State; copies: Node[] } | undefined;

  constructor(ino: number, kind: Kind, mode: number) {
    this.ino = ino;
    this.kind = kind;
    this.mode = mode;
    this.nlink = kind === "directory" ? 2 : 1;
  }
}

/** One name in a directory, which need not be there. */
export interface Place {
  readonly directory: Node;
  readonly name: string;
}

/**
 * The file system as it should be. Operations return the errno that refuses them, 0 when they went through; times come from outside.
 * A copy made while a file is being written shows that version when no later write joined it, else the one before.
 */
export class Model {
  root: Node;
  readonly #drafts = new Set<Node>();

  constructor(rootIno: number, mode: number) {
    this.root = new Node(rootIno, "directory", mode);
  }

  // Content versions

  beginWrite(node: Node): void {
    if (node.draft === undefined) {
      node.draft = { closed: stateOf(node), copies: [] };
      this.#drafts.add(node);
      return;
    }
    for (const copy of node.draft.copies) setState(copy, node.draft.closed);
    node.draft.copies = [];
  }

  close(node: Node): void {
    node.draft = undefined;
    this.#drafts.delete(node);
  }

  closeAll(): void {
    for (const node of this.#drafts) this.close(node);
  }

  /** The whole tree as it is now, for ever. */
  copy(): Node {
    const copies = new Map<Node, Node>();
    const copyOf = (node: Node): Node => {
      const known = copies.get(node);
      if (known !== undefined) return known;
      const copy = new Node(node.ino, node.kind, node.mode);
      copies.set(node, copy);
      const { uid, gid, nlink, content, target, mtime, ctime } = node;
      Object.assign(copy, { uid, gid, nlink, content, target, mtime, ctime, xattrs: new Map(node.xattrs) });
      copy.entries = new Map([...node.entries].map(([name, child]) => [name, copyOf(child)]));
      node.draft?.copies.push(copy);
      return copy;
    };
    return copyOf(this.root);
  }

  // Operations

  /** Whether a new name may be made. */
  refusesNew({ directory, name }: Place): number {
    if (directory.kind !== "directory") return ENOTDIR;
    if (directory.gone) return ENOENT;
    return directory.entries.has(name) ? EEXIST : 0;
  }

  make({ directory, name }: Place, node: Node, at: Timespec): void {
    directory.entries.set(name, node);
    if (node.kind === "directory") {
      directory.nlink += 1;
      node.parent = directory;
    }
    node.mtime = node.ctime = at;
    modified(directory, at);
  }

  refusesLink(node: Node, place: Place): number {
    return this.refusesNew(place) || (node.kind === "directory" ? EPERM : 0) || (node.gone ? ENOENT : 0);
  }

  link(node: Node, { directory, name }: Place, at: Timespec): void {
    this.close(node);
    directory.entries.set(name, node);
    node.nlink += 1;
    node.ctime = at;
    modified(directory, at);
  }

  refusesRemoval({ directory, name }: Place, call: "unlink" | "rmdir"): number {
    if (directory.kind !== "directory") return ENOTDIR;
    const node = directory.entries.get(name);
    if (directory.gone || node === undefined) return ENOENT;
    if (call === "unlink") return node.kind === "directory" ? EISDIR : 0;
    if (node.kind !== "directory") return ENOTDIR;
    return node.entries.size > 0 ? ENOTEMPTY : 0;
  }

  remove({ directory, name }: Place, at: Timespec): void {
    const node = directory.entries.get(name) as Node;
    directory.entries.delete(name);
    this.#loseName(node, directory, at);
    modified(directory, at);
  }

  refusesRename(from: Place, to: Place, mode: "replace" | "noreplace" | "exchange"): number {
    if (from.directory.gone || to.directory.gone) return ENOENT;
    const moving = from.directory.entries.get(from.name);
    const over = to.directory.entries.get(to.name);
    if (moving === undefined) return ENOENT;
    if (mode === "noreplace" && over !== undefined) return EEXIST;
    if (within(to.directory, moving)) return EINVAL;
    if (mode === "exchange") {
      if (over === undefined) return ENOENT;
      return within(from.directory, over) ? EINVAL : 0;
    }
    if (over === undefined || over === moving) return 0;
    if (moving.kind !== "directory") return over.kind === "directory" ? EISDIR : 0;
    if (over.kind !== "directory") return ENOTDIR;
    return over.entries.size > 0 ? ENOTEMPTY : 0;
  }

  rename(from: Place, to: Place, mode: "replace" | "noreplace" | "exchange", at: Timespec): void {
    const moving = from.directory.entries.get(from.name) as Node;
    const over = to.directory.entries.get(to.name);
    if (moving === over) return;
    this.close(moving);
    moving.ctime = at;
    modified(from.directory, at);
    modified(to.directory, at);
    to.directory.entries.set(to.name, moving);
    if (mode === "exchange") {
      const other = over as Node;
      this.close(other);
      other.ctime = at;
      from.directory.entries.set(from.name, other);
      move(other, to.directory, from.directory);
    } else {
      from.directory.entries.delete(from.name);
      if (over !== undefined) this.#loseName(over, to.directory, at);
    }
    move(moving, from.directory, to.directory);
  }

  write(node: Node, offset: number, data: Buffer, at: Timespec): void {
    this.beginWrite(node);
    const content = Buffer.alloc(Math.max(node.content.length, offset + data.length));
    node.content.copy(content);
    data.copy(content, offset);
    node.content = content;
    node.mtime = node.ctime = at;
  }

  truncate(node: Node, size: number, at: Timespec): void {
    this.beginWrite(node);
    const content = Buffer.alloc(size);
    node.content.copy(content, 0, 0, Math.min(size, node.content.length));
    node.content = content;
    node.mtime = node.ctime = at;
    if (node.handles === 0) this.close(node);
  }

  refusesXattr(node: Node, name: string, mode: "set" | "create" | "replace"): number {
    if (mode === "create" && node.xattrs.has(name)) return EEXIST;
    return mode === "replace" && !node.xattrs.has(name) ? ENODATA : 0;
  }

  setXattr(node: Node, name: string, value: string | undefined, at: Timespec): void {
    this.close(node);
    if (value === undefined) node.xattrs.delete(name);
    else node.xattrs.set(name, value);
    node.ctime = at;
  }

  #loseName(node: Node, directory: Node, at: Timespec): void {
    this.close(node);
    node.ctime = at;
    if (node.kind === "directory") {
      directory.nlink -= 1;
      node.nlink = 0;
    } else node.nlink -= 1;
    node.gone = node.nlink === 0;
  }
}

/** Whether `node` is `ancestor` or lies below it. */
function within(node: Node, ancestor: Node): boolean {
  for (let at: Node | undefined = node; at !== undefined; at = at.parent) if (at === ancestor) return true;
  return false;
}

function move(node: Node, from: Node, to: Node): void {
  if (node.kind !== "directory") return;
  node.parent = to;
  from.nlink -= 1;
  to.nlink += 1;
}

function modified(directory: Node, at: Timespec): void {
  directory.mtime = directory.ctime = at;
}

function stateOf({ content, mode, mtime, ctime }: Node): State {
  return { content, mode, mtime, ctime };
}

function setState(node: Node, state: State): void {
  Object.assign(node, state);
}
