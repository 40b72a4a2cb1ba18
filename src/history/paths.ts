import type { Name } from "../base/bytes.js";
import { rootIno, type Tree } from "../store/tree.js";
import { isDirectory } from "../vfs/mode.js";

/** A name in a directory. */
export interface Slot {
  readonly parent: number;
  readonly name: Name;
}

/** After this many questions about one directory it is listed whole. */
const questionsBeforeListing = 8;
/** Entries read in one go. */
const listedAtOnce = 4096;

/** The inode that a path of components leads to, or undefined. Symbolic links are not followed. */
export function resolvePath(tree: Tree, path: readonly Name[]): number | undefined {
  let ino = rootIno;
  for (const name of path) {
    const entry = tree.lookup(ino, name);
    if (entry === undefined) return undefined;
    ino = entry.ino;
  }
  return isThere(tree, ino) ? ino : undefined;
}

/** Whether a tree has an inode, by some name. */
export function isThere(tree: Tree, ino: number): boolean {
  const inode = tree.inode(ino);
  return inode !== undefined && inode.nlink > 0;
}

/** The inode of a name; undefined when its directory is not there, whatever rows it left. */
export function inoAt(tree: Tree, { parent, name }: Slot): number | undefined {
  return isThere(tree, parent) ? tree.lookup(parent, name)?.ino : undefined;
}

/** All entries of a directory. */
export function* entriesOf(tree: Tree, directory: number): Generator<Slot & { readonly ino: number; readonly type: number }> {
  for (let after = 0; ; ) {
    const some = tree.list(directory, after, listedAtOnce);
    for (const { name, ino, type } of some) yield { parent: directory, name, ino, type };
    const last = some[some.length - 1];
    if (last === undefined || some.length < listedAtOnce) return;
    after = last.cookie;
  }
}

/** The paths of a tree that does not change meanwhile. */
export class Paths {
  readonly #tree: Tree;
  readonly #directories = new Map<number, readonly Name[] | undefined>([[rootIno, []]]);
  readonly #questions = new Map<number, number>();
  readonly #listings = new Map<number, Map<number, Name[]>>();
  /** Names that were looked for beforehand, in the directory their inode says it lies in. */
  readonly #near = new Map<number, readonly Name[]>();

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  /** Looks for the names of many inodes, a directory at a time, since they will be asked for. */
  prepare(inos: Iterable<number>): void {
    const byDirectory = new Map<number, number[]>();
    for (const ino of inos) {
      const inode = this.#tree.inode(ino);
      if (inode === undefined || inode.nlink === 0 || this.#near.has(ino)) continue;
      const others = byDirectory.get(inode.parent);
      if (others === undefined) byDirectory.set(inode.parent, [ino]);
      else others.push(ino);
    }
    for (const [directory, some] of byDirectory) {
      const names = new Map<number, Name[]>(some.map((ino) => [ino, []]));
      for (const { name, ino } of this.#tree.namesIn(directory, some)) names.get(ino)?.push(name);
      for (const [ino, found] of names) this.#near.set(ino, found);
    }
  }

  /** A path of an inode: of a file with several names one of them. Undefined when it is not there. */
  of(ino: number): readonly Name[] | undefined {
    if (this.#directories.has(ino)) return this.#directories.get(ino);
    const [slot] = this.slotsOf(ino);
    if (slot === undefined) return undefined;
    const directory = isDirectory(this.#tree.inode(ino)?.mode ?? 0);
    // In a tree put together of several a directory may lie in itself: then no path leads there.
    if (directory) this.#directories.set(ino, undefined);
    const path = this.ofSlot(slot);
    if (directory) this.#directories.set(ino, path);
    return path;
  }

  /** The path of a name; undefined when its directory is not there. */
  ofSlot({ parent, name }: Slot): readonly Name[] | undefined {
    const above = this.of(parent);
    return above === undefined ? undefined : [...above, name];
  }

  /** The names of an inode, as many as are found without a search: all of them unless it has hard links in other directories. */
  slotsOf(ino: number): Slot[] {
    const inode = this.#tree.inode(ino);
    if (inode === undefined || inode.nlink === 0 || ino === rootIno) return [];
    const near = (this.#near.get(ino) ?? this.#namesIn(inode.parent, ino)).map((name) => ({ parent: inode.parent, name }));
    // What names a file last may have gone since: then only a search finds the others.
    return near.length > 0 ? near : this.#tree.slotsOf(ino);
  }

  /** Every name of an inode. */
  allSlotsOf(ino: number): Slot[] {
    const near = this.slotsOf(ino);
    const inode = this.#tree.inode(ino);
    if (inode === undefined || isDirectory(inode.mode) || near.length >= inode.nlink) return near;
    return this.#tree.slotsOf(ino);
  }

  #namesIn(directory: number, ino: number): readonly Name[] {
    const listing = this.#listings.get(directory);
    if (listing !== undefined) return listing.get(ino) ?? [];
    const asked = (this.#questions.get(directory) ?? 0) + 1;
    this.#questions.set(directory, asked);
    if (asked <= questionsBeforeListing) return this.#tree.namesIn(directory, [ino]).map(({ name }) => name);
    const byIno = new Map<number, Name[]>();
    for (const entry of entriesOf(this.#tree, directory)) {
      const names = byIno.get(entry.ino);
      if (names === undefined) byIno.set(entry.ino, [entry.name]);
      else names.push(entry.name);
    }
    this.#listings.set(directory, byIno);
    return byIno.get(ino) ?? [];
  }
}
