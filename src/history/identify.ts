import type { Name } from "../base/bytes.js";
import type { Tree } from "../store/tree.js";
import { isDirectory, S_IFMT } from "../vfs/mode.js";
import { sameFile, sightOf } from "./compare.js";
import type { FileId, Identity, Trees } from "./identity.js";
import type { Keys } from "./keys.js";
import { isThere, Paths, type Slot } from "./paths.js";

/**
 * Finds inodes that are one file though they have different numbers, top down: what both sides made under one name; what took the
 * place of an inode that ended, since programs save a file by renaming a new one over it, and make a directory anew.
 */
export function identify(trees: Trees, identity: Identity, keys: Keys): void {
  const search = new Search(trees, identity);
  // What a directory is decides what its names are compared with, so each round may find more, a level deeper.
  for (let found = true; found; ) {
    found = false;
    for (const slot of keys.eachSlot()) if (search.atSlot(slot)) found = true;
    for (const ino of keys.inodes) if (search.replacedByOurs(ino)) found = true;
  }
}

class Search {
  readonly #trees: Trees;
  readonly #identity: Identity;
  readonly #pathsOfBase: Paths;

  constructor(trees: Trees, identity: Identity) {
    this.#trees = trees;
    this.#identity = identity;
    this.#pathsOfBase = new Paths(trees.base);
  }

  /** Looks at one name. Returns whether something was found. */
  atSlot({ parent, name }: Slot): boolean {
    let found = this.replacedByOurs(parent);
    const id = this.#identity.idOf(parent);
    const { base, theirs, ours } = this.#trees;
    const before = this.#inoAt(base, id, name);
    const inTheirs = this.#inoAt(theirs, id, name);
    if (before !== undefined && this.replacedByOurs(before)) found = true;
    if (before !== undefined && inTheirs !== undefined && this.#replacedByTheirs(before, inTheirs, id, name)) found = true;
    const inOurs = this.#inoAt(ours, id, name);
    if (inTheirs !== undefined && inOurs !== undefined && this.#madeByBoth(inTheirs, inOurs)) found = true;
    return found;
  }

  /** A directory or file of the base that ours ended and whose name it gave to a new one. */
  replacedByOurs(ino: number): boolean {
    const { base, ours } = this.#trees;
    const id = this.#identity.idOf(ino);
    const inBase = this.#identity.inoIn(base, id);
    if (inBase === undefined || this.#identity.inoIn(ours, id) !== undefined) return false;
    const [slot] = this.#pathsOfBase.slotsOf(inBase);
    if (slot === undefined) return false;
    const found = this.replacedByOurs(slot.parent);
    const now = this.#inoAt(ours, this.#identity.idOf(slot.parent), slot.name);
    return (now !== undefined && this.#replaces(base, inBase, ours, now) && this.#identity.unite(inBase, now)) || found;
  }

  /** As `replacedByOurs`, by theirs. A file that ours left alone is not followed: then the new one simply takes its name. */
  #replacedByTheirs(before: number, now: number, parent: FileId, name: Name): boolean {
    const { base, theirs } = this.#trees;
    if (before === now || this.#identity.inoIn(theirs, this.#identity.idOf(before)) !== undefined) return false;
    if (!this.#replaces(base, before, theirs, now)) return false;
    if (!isDirectory(base.inode(before)?.mode ?? 0) && this.#leftAlone(before, parent, name)) return false;
    return this.#identity.unite(before, now);
  }

  #leftAlone(before: number, parent: FileId, name: Name): boolean {
    const { base, ours } = this.#trees;
    const inOurs = this.#identity.inoIn(ours, this.#identity.idOf(before));
    if (inOurs === undefined || this.#inoAt(ours, parent, name) !== inOurs) return false;
    const old = sightOf(base, before);
    const now = sightOf(ours, inOurs);
    return old !== undefined && now !== undefined && sameFile(old, now);
  }

  /** Whether an inode that was not in the base is of the type of one that was, and neither has further names. */
  #replaces(base: Tree, before: number, tree: Tree, now: number): boolean {
    const old = base.inode(before);
    const next = tree.inode(now);
    if (old === undefined || next === undefined || isThere(base, now) || (old.mode & S_IFMT) !== (next.mode & S_IFMT)) return false;
    return isDirectory(old.mode) || (old.nlink === 1 && next.nlink === 1);
  }

  #madeByBoth(inTheirs: number, inOurs: number): boolean {
    const { base, theirs, ours } = this.#trees;
    if (inTheirs === inOurs || isThere(base, inTheirs) || isThere(base, inOurs)) return false;
    const type = (mode: number | undefined): number => (mode ?? 0) & S_IFMT;
    if (type(theirs.inode(inTheirs)?.mode) !== type(ours.inode(inOurs)?.mode)) return false;
    return this.#identity.unite(inTheirs, inOurs);
  }

  #inoAt(tree: Tree, parent: FileId, name: Name): number | undefined {
    const directory = this.#identity.inoIn(tree, parent);
    return directory === undefined ? undefined : tree.lookup(directory, name)?.ino;
  }
}
