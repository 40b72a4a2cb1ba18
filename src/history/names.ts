import type { Name } from "../base/bytes.js";
import { rootIno, type Tree } from "../store/tree.js";
import { isDirectory } from "../vfs/mode.js";
import { type Sight, sightOf } from "./compare.js";
import type { FileId, Identity, Trees } from "./identity.js";
import { entriesOf, Paths } from "./paths.js";

/** A name in a directory, by files that are the same in all trees. */
export interface FileSlot {
  readonly parent: FileId;
  readonly name: Name;
}

export type ChangeReason = "vacated" | "free" | "forced";

/** A change of a name in the target. */
export interface NameChange extends FileSlot {
  /** What the name becomes; undefined takes it away. */
  readonly to: FileId | undefined;
  /** What the target has there. */
  readonly ours: FileId | undefined;
  /** `vacated`: the source took away what the target has there, whatever it put in its place. `forced`: a resolution asks for it. */
  readonly reason: ChangeReason;
  /** Given up again. */
  dropped: boolean;
}

/** The names that a merge is about to change, over the three trees. */
export class Names {
  readonly trees: Trees;
  readonly identity: Identity;
  readonly #changes = new Map<string, NameChange>();
  readonly #byTo = new Map<FileId, NameChange[]>();
  readonly #byOurs = new Map<FileId, NameChange[]>();
  readonly #paths: ReadonlyMap<Tree, Paths>;

  constructor(trees: Trees, identity: Identity) {
    this.trees = trees;
    this.identity = identity;
    this.#paths = new Map([trees.base, trees.theirs, trees.ours].map((tree) => [tree, new Paths(tree)]));
  }

  // The trees

  sight(tree: Tree, id: FileId): Sight | undefined {
    return sightOf(tree, this.identity.inoIn(tree, id));
  }

  at(tree: Tree, { parent, name }: FileSlot): FileId | undefined {
    const directory = this.identity.inoIn(tree, parent);
    const entry = directory === undefined ? undefined : tree.lookup(directory, name);
    return entry === undefined ? undefined : this.identity.idOf(entry.ino);
  }

  /** Every name of a file in a tree. */
  slotsIn(tree: Tree, id: FileId): FileSlot[] {
    const ino = this.identity.inoIn(tree, id);
    if (ino === undefined) return [];
    const slots = this.#pathsOf(tree).allSlotsOf(ino);
    return slots.map(({ parent, name }) => ({ parent: this.identity.idOf(parent), name }));
  }

  /** A file's path in a tree; undefined when it is not there. */
  pathIn(tree: Tree, id: FileId): readonly Name[] | undefined {
    const ino = this.identity.inoIn(tree, id);
    return ino === undefined ? undefined : this.#pathsOf(tree).of(ino);
  }

  // The changes

  /** The changes that stand. */
  *standing(): Generator<NameChange> {
    for (const change of this.#changes.values()) if (!change.dropped) yield change;
  }

  /** What a name is after the changes. */
  result(slot: FileSlot): FileId | undefined {
    const change = this.#changes.get(keyOf(slot));
    return change === undefined || change.dropped ? this.at(this.trees.ours, slot) : change.to;
  }

  propose({ parent, name }: FileSlot, to: FileId | undefined, ours: FileId | undefined, reason: ChangeReason): void {
    const old = this.#changes.get(keyOf({ parent, name }));
    if (old !== undefined) old.dropped = true;
    if (to === ours) return;
    const change: NameChange = { parent, name, to, ours, reason, dropped: false };
    this.#changes.set(keyOf(change), change);
    index(this.#byTo, to, change);
    index(this.#byOurs, ours, change);
  }

  /** Takes a name away from what the target has there. */
  remove(slot: FileSlot): void {
    this.propose(slot, undefined, this.at(this.trees.ours, slot), "forced");
  }

  /** Changes that give a file a name. */
  placing(id: FileId): NameChange[] {
    return (this.#byTo.get(id) ?? []).filter(({ dropped }) => !dropped);
  }

  /** Changes that take a name from a file of the target. */
  displacing(id: FileId): NameChange[] {
    return (this.#byOurs.get(id) ?? []).filter(({ dropped }) => !dropped);
  }

  /** Gives up what the source did to a file's names. */
  keepOurs(id: FileId): void {
    for (const change of this.displacing(id)) change.dropped = true;
    this.giveUpPlacing(id);
  }

  /** Gives up the names that the source gave to a file. */
  giveUpPlacing(id: FileId): void {
    for (const change of this.placing(id)) this.giveUp(change);
  }

  /** Gives up a name that the source made. What it took away from there stays away. */
  giveUp(change: NameChange): void {
    change.dropped = true;
    if (change.reason === "vacated" && change.to !== undefined) this.propose(change, undefined, change.ours, "vacated");
  }

  // The outcome

  /** The directory that a directory lies in after the changes; undefined when it has no name there. */
  parentOf(id: FileId): FileId | undefined {
    const [placed] = this.placing(id);
    if (placed !== undefined) return placed.parent;
    const inOurs = this.sight(this.trees.ours, id);
    if (inOurs === undefined || this.displacing(id).length > 0) return undefined;
    return this.identity.idOf(inOurs.inode.parent);
  }

  /** The entries that a directory of the target still has after the changes. */
  *remaining(id: FileId): Generator<FileSlot & { readonly child: FileId }> {
    const directory = this.identity.inoIn(this.trees.ours, id);
    if (directory === undefined) return;
    for (const { name, ino } of entriesOf(this.trees.ours, directory)) {
      const child = this.identity.idOf(ino);
      if (this.result({ parent: id, name }) === child) yield { parent: id, name, child };
    }
  }

  /** Takes a directory's entries away, and theirs, and so on. */
  empty(id: FileId): void {
    for (const { parent, name, child } of [...this.remaining(id)]) {
      this.remove({ parent, name });
      if (this.isDirectory(child) && this.parentOf(child) === undefined) this.empty(child);
    }
  }

  isDirectory(id: FileId): boolean {
    const { base, theirs, ours } = this.trees;
    if (id === rootIno) return true;
    const inode = (this.sight(ours, id) ?? this.sight(theirs, id) ?? this.sight(base, id))?.inode;
    return inode !== undefined && isDirectory(inode.mode);
  }

  #pathsOf(tree: Tree): Paths {
    return this.#paths.get(tree) as Paths;
  }
}

export function keyOf({ parent, name }: FileSlot): string {
  return `${parent}/${name}`;
}

function index(map: Map<FileId, NameChange[]>, id: FileId | undefined, change: NameChange): void {
  if (id === undefined) return;
  const changes = map.get(id);
  if (changes === undefined) map.set(id, [change]);
  else changes.push(change);
}
