import { LRUCache } from "lru-cache";
import type { Name } from "../base/bytes.js";
import { ENOENT, ENOTDIR, FsError } from "../base/errno.js";
import type { Handlers } from "../fuse/handlers.js";
import { NameMessage } from "../fuse/messages.js";
import type { AnswerCache } from "../fuse/notify.js";
import { type Asking, type Node, rootNode } from "./asking.js";

/** Directories kept: more than a path of the longest length has components, so that none goes while a path is walked. */
const keptDirectories = 4096;
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

interface KeptDirectory extends Node {
  /** Until when the name may be believed, as of performance.now(). */
  readonly until: number;
}

/** An absolute path, taken apart. */
export interface Place {
  readonly directory: Node;
  readonly name: Name;
}

/**
 * Paths to nodes. libfuse names files by path, and says neither what the kernel still knows nor when it forgets; so this keeps the
 * directories that paths led through lately, as the kernel keeps names: as long as the answer said, until a notice says otherwise.
 * Their references are what keeps a view of the past, and its inode numbers, while somebody walks in it.
 * INVARIANT: each kept directory holds exactly one reference.
 */
export class Paths implements AnswerCache {
  readonly #asking: Asking;
  readonly #handlers: Handlers;
  readonly #message = new NameMessage();
  readonly #kept: LRUCache<Name, KeptDirectory>;

  constructor(asking: Asking, handlers: Handlers) {
    this.#asking = asking;
    this.#handlers = handlers;
    this.#kept = new LRUCache({ max: keptDirectories, dispose: (node) => asking.forget(node) });
  }

  /** LOOKUP. Takes a reference, which the caller gives back. Leaves the answer in the reply. Throws ENOENT. */
  lookup(directory: Node, name: Name): Node {
    this.#message.name = name;
    const { nodeidLo: lo, nodeidHi: hi } = this.#asking.ask(this.#handlers.lookup, directory, this.#message);
    if (lo === 0 && hi === 0) throw new FsError(ENOENT, "no such name");
    return { lo, hi };
  }

  /** The directory and the name in it that a path other than the root's stands for. */
  place(path: Name): Place {
    const slash = path.lastIndexOf("/");
    return { directory: this.#directory(path.slice(0, slash)), name: path.slice(slash + 1) };
  }

  /** The directory of a path without a slash at its end. Its reference stays with this object. */
  #directory(path: Name): Node {
    if (path === "") return rootNode;
    const kept = this.#kept.get(path);
    if (kept !== undefined) {
      if (kept.until > performance.now()) return kept;
      this.#kept.delete(path);
    }
    const { directory, name } = this.place(path);
    const node = this.lookup(directory, name);
    const { attributes, entryTimeoutSec } = this.#asking.reply;
    if ((attributes.mode & S_IFMT) !== S_IFDIR) {
      this.#asking.forget(node);
      throw new FsError(ENOTDIR, "not a directory");
    }
    const directoryNode = { ...node, until: performance.now() + entryTimeoutSec * 1000 };
    this.#kept.set(path, directoryNode);
    return directoryNode;
  }

  /** Lets `use` work with the node of a path, whose attributes are in the reply unless it is the root. */
  withNode<Result>(path: Name, use: (node: Node) => Result): Result {
    if (path === "/") return use(rootNode);
    const { directory, name } = this.place(path);
    const node = this.lookup(directory, name);
    try {
      return use(node);
    } finally {
      this.#asking.forget(node);
    }
  }

  /** A path no longer leads where it did, nor do those below it. */
  drop(path: Name): void {
    for (const kept of this.#kept.keys()) if (kept === path || kept.startsWith(`${path}/`)) this.#kept.delete(kept);
  }

  /** Whether a node whose attributes are in the reply is a directory. */
  get answeredDirectory(): boolean {
    return (this.#asking.reply.attributes.mode & S_IFMT) === S_IFDIR;
  }

  /** Names lead elsewhere now. It happens rarely, and then to many. */
  invalidateEntry(): void {
    this.#kept.clear();
  }

  /** Attributes and bytes are not kept here, nor by the kernel (session.ts). */
  invalidateInode(): void {}
}
