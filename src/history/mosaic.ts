import type { Name } from "../base/bytes.js";
import type { Extent } from "../store/extents.js";
import { Inode } from "../store/inode.js";
import type { Dirent, ListedDirent, NamedInode, Tree } from "../store/tree.js";
import { entriesOf, isThere, type Slot } from "./paths.js";
import { copyFields } from "./planned-tree.js";

/**
 * A tree put together from others: some names, attributes and contents as of moments of their own, all else as the ground has it.
 * An undo sees in it what would be there without the changes it takes back.
 */
export class MosaicTree implements Tree {
  readonly branch: number;
  readonly asOf = undefined;
  readonly #ground: Tree;
  readonly #names = new Map<string, { readonly slot: Slot; readonly tree: Tree }>();
  readonly #byParent = new Map<number, Slot[]>();
  /** What the names that were set apart lead to, once it was asked for. */
  #byIno: Map<number, Slot[]> | undefined = undefined;
  readonly #attributes = new Map<number, Tree>();
  readonly #contents = new Map<number, Tree>();
  readonly #xattrs = new Map<number, Map<Name, Tree>>();
  /** Inodes all of whose extended attributes come from one tree, except those set apart. */
  readonly #wholeXattrs = new Map<number, Tree>();
  readonly #inodes = new Map<number, Inode | undefined>();

  constructor(ground: Tree) {
    this.branch = ground.branch;
    this.#ground = ground;
  }

  setName(slot: Slot, tree: Tree): void {
    const key = `${slot.parent}/${slot.name}`;
    if (!this.#names.has(key)) addTo(this.#byParent, slot.parent, slot);
    this.#names.set(key, { slot, tree });
    this.#byIno = undefined;
  }

  /** Mode, owner and times, and whether the inode is there at all. */
  setAttributes(ino: number, tree: Tree): void {
    this.#attributes.set(ino, tree);
  }

  setContent(ino: number, tree: Tree): void {
    this.#contents.set(ino, tree);
  }

  setXattr(ino: number, name: Name, tree: Tree): void {
    const names = this.#xattrs.get(ino);
    if (names === undefined) this.#xattrs.set(ino, new Map([[name, tree]]));
    else names.set(name, tree);
  }

  setXattrs(ino: number, tree: Tree): void {
    this.#wholeXattrs.set(ino, tree);
  }

  inode(ino: number): Inode | undefined {
    if (!this.#inodes.has(ino)) this.#inodes.set(ino, this.#compose(ino));
    return this.#inodes.get(ino);
  }

  /** A name that was set apart may be older than the end of what it led to, or younger than its beginning: then it is not there. */
  lookup(parent: number, name: Name): Dirent | undefined {
    const apart = this.#names.get(`${parent}/${name}`);
    if (apart === undefined) return this.#ground.lookup(parent, name);
    const entry = apart.tree.lookup(parent, name);
    return entry !== undefined && isThere(this, entry.ino) ? entry : undefined;
  }

  /** The whole listing, whatever the limit. */
  list(parent: number, after: number, _limit: number): ListedDirent[] {
    if (after > 0) return [];
    const names = new Set([...entriesOf(this.#ground, parent)].map(({ name }) => name));
    for (const { name } of this.#byParent.get(parent) ?? []) names.add(name);
    const listed: ListedDirent[] = [];
    for (const name of names) {
      const entry = this.lookup(parent, name);
      if (entry !== undefined) listed.push({ ...entry, name, cookie: 1 });
    }
    return listed;
  }

  read(inode: Inode, offset: number, into: Buffer): number {
    const tree = this.#contents.get(inode.ino) ?? this.#ground;
    const there = tree.inode(inode.ino);
    return there === undefined ? 0 : tree.read(there, offset, into);
  }

  extents(ino: number, start: number, end: number): Extent[] {
    return (this.#contents.get(ino) ?? this.#ground).extents(ino, start, end);
  }

  namesIn(parent: number, inos: readonly number[]): NamedInode[] {
    const names = new Set(this.#ground.namesIn(parent, inos).map(({ name }) => name));
    for (const { name } of this.#byParent.get(parent) ?? []) names.add(name);
    const found: NamedInode[] = [];
    for (const name of names) {
      const ino = this.lookup(parent, name)?.ino;
      if (ino !== undefined && inos.includes(ino)) found.push({ name, ino });
    }
    return found;
  }

  slotsOf(ino: number): Slot[] {
    // The ground's names are searched: not for a file that has none there.
    const below = isThere(this.#ground, ino) ? this.#ground.slotsOf(ino) : [];
    const slots = new Map(below.map((slot) => [`${slot.parent}/${slot.name}`, slot as Slot]));
    for (const slot of this.#namesOf(ino)) slots.set(`${slot.parent}/${slot.name}`, slot);
    return [...slots.values()].filter(({ parent, name }) => this.lookup(parent, name)?.ino === ino);
  }

  /** The names that were set apart and lead to an inode. */
  #namesOf(ino: number): readonly Slot[] {
    if (this.#byIno === undefined) {
      this.#byIno = new Map();
      for (const { slot, tree } of this.#names.values()) {
        const entry = tree.lookup(slot.parent, slot.name);
        if (entry !== undefined) addTo(this.#byIno, entry.ino, slot);
      }
    }
    return this.#byIno.get(ino) ?? [];
  }

  xattr(ino: number, name: Name): Uint8Array | undefined {
    return this.#xattrTree(ino, name).xattr(ino, name);
  }

  xattrNames(ino: number): Name[] {
    const apart = this.#xattrs.get(ino);
    const names = new Set((this.#wholeXattrs.get(ino) ?? this.#ground).xattrNames(ino));
    for (const name of apart?.keys() ?? []) names.add(name);
    return [...names].filter((name) => this.xattr(ino, name) !== undefined).sort();
  }

  #xattrTree(ino: number, name: Name): Tree {
    return this.#xattrs.get(ino)?.get(name) ?? this.#wholeXattrs.get(ino) ?? this.#ground;
  }

  #compose(ino: number): Inode | undefined {
    const attributes = (this.#attributes.get(ino) ?? this.#ground).inode(ino);
    if (attributes === undefined) return undefined;
    const inode = new Inode(this.branch, ino);
    copyFields(attributes, inode);
    const content = (this.#contents.get(ino) ?? this.#ground).inode(ino);
    if (content === undefined) return inode;
    inode.size = content.size;
    inode.target = content.target;
    inode.rdev = content.rdev;
    // The time of modification is the content's, as far as the content was set apart.
    if (this.#contents.has(ino)) {
      inode.mtimeSec = content.mtimeSec;
      inode.mtimeNsec = content.mtimeNsec;
    }
    return inode;
  }
}

function addTo(map: Map<number, Slot[]>, key: number, slot: Slot): void {
  const slots = map.get(key);
  if (slots === undefined) map.set(key, [slot]);
  else slots.push(slot);
}
