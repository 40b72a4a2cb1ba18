import type { Name } from "../base/bytes.js";
import type { Tree } from "../store/tree.js";
import { direntType } from "../vfs/mode.js";
import { differingXattrs, type Sight, sameContent, sightOf } from "./compare.js";
import type { Keys } from "./keys.js";
import { inoAt, Paths, type Slot } from "./paths.js";
import type { Plan } from "./plan.js";
import { PlannedTree } from "./planned-tree.js";

/**
 * What happened to one file between two trees: `modified` its content (or another file took the name), `attributes` nothing but
 * mode, owner or extended attributes, `renamed` its name, whatever else changed with it. A directory that was renamed is one
 * change; what lies in it kept its names. A further hard link is `added`, one taken away is `removed`.
 */
export type ChangeKind = "added" | "removed" | "modified" | "renamed" | "attributes";

export interface Change {
  readonly kind: ChangeKind;
  /** The inode in the new tree; of what was removed, in the old one. */
  readonly ino: number;
  /** The inode in the old tree; undefined for what was added. Another number where a new file took the name of an old one. */
  readonly oldIno: number | undefined;
  /** d_type, as readdir(3): 4 directory, 8 regular, 10 symlink ... */
  readonly type: number;
  /** Components from the root in the new tree; of what was removed, in the old one. */
  readonly path: readonly Name[];
  /** Where it was, when it was renamed. */
  readonly oldPath?: readonly Name[];
  /** Of what was added the old values are undefined, of what was removed the new ones. */
  readonly oldSize: number | undefined;
  readonly newSize: number | undefined;
  /** st_mode, with the type. */
  readonly oldMode: number | undefined;
  readonly newMode: number | undefined;
  readonly oldUid: number | undefined;
  readonly newUid: number | undefined;
  readonly oldGid: number | undefined;
  readonly newGid: number | undefined;
  readonly contentChanged: boolean;
  /** Extended attributes that were set, changed or removed. */
  readonly xattrs: readonly Name[];
}

/** In what two files differ that costs a look beyond their inodes. */
export interface Difference {
  readonly contentChanged: boolean;
  readonly xattrs: readonly Name[];
}

/** What differs between two trees among the keys that were touched, by path. */
export function changesBetween(a: Tree, b: Tree, keys: Keys): Change[] {
  return new Comparison(a, b, differenceOf).changes(keys);
}

/** What a plan changes in its target. What it found to differ is not compared again. */
export function changesOf(plan: Plan): Change[] {
  const compare = (before: Sight, after: Sight): Difference => {
    const { ino } = after.inode;
    const planned = plan.inodes.get(ino);
    if (before.inode.ino !== ino || planned?.whole !== undefined) return differenceOf(before, after);
    return { contentChanged: planned?.content !== undefined, xattrs: [...(planned?.xattrs.keys() ?? [])].sort() };
  };
  return new Comparison(plan.target, new PlannedTree(plan), compare).changes(plan.keys());
}

function differenceOf(before: Sight, after: Sight): Difference {
  return { contentChanged: !sameContent(before, after), xattrs: differingXattrs(before, after) };
}

interface Moves {
  readonly lost: Slot[];
  readonly gained: Slot[];
}

/** What happened, before it is told as a change. */
interface Finding {
  readonly kind: ChangeKind;
  readonly before: Sight | undefined;
  readonly after: Sight | undefined;
  /** Where it is known already. */
  readonly difference?: Difference | undefined;
  readonly path: readonly Name[];
  readonly oldPath?: readonly Name[] | undefined;
}

class Comparison {
  readonly #a: Tree;
  readonly #b: Tree;
  readonly #pathsA: Paths;
  readonly #pathsB: Paths;
  readonly #compare: (before: Sight, after: Sight) => Difference;
  readonly #found: Finding[] = [];

  constructor(a: Tree, b: Tree, compare: (before: Sight, after: Sight) => Difference) {
    this.#a = a;
    this.#b = b;
    this.#compare = compare;
    this.#pathsA = new Paths(a);
    this.#pathsB = new Paths(b);
  }

  changes(keys: Keys): Change[] {
    const moves = this.#moves(keys);
    this.#pathsB.prepare(this.#changedInPlace(moves));
    for (const [ino, its] of moves) this.#find(ino, its);
    return pairReplaced(this.#found)
      .map((finding) => this.#tell(finding))
      .filter((change) => change !== undefined)
      .sort(byPath);
  }

  /** The names each inode lost and gained. */
  #moves(keys: Keys): Map<number, Moves> {
    const byIno = new Map<number, Moves>();
    const movesOf = (ino: number): Moves => {
      let moves = byIno.get(ino);
      if (moves === undefined) {
        moves = { lost: [], gained: [] };
        byIno.set(ino, moves);
      }
      return moves;
    };
    for (const slot of keys.eachSlot()) {
      const before = inoAt(this.#a, slot);
      const after = inoAt(this.#b, slot);
      if (before !== undefined) movesOf(before);
      if (after !== undefined) movesOf(after);
      if (before === after) continue;
      if (before !== undefined) movesOf(before).lost.push(slot);
      if (after !== undefined) movesOf(after).gained.push(slot);
    }
    for (const ino of keys.inodes) movesOf(ino);
    return byIno;
  }

  /** Files whose names say nothing of their path, since none changed. */
  *#changedInPlace(moves: ReadonlyMap<number, Moves>): Generator<number> {
    for (const [ino, { lost, gained }] of moves) if (lost.length === 0 && gained.length === 0) yield ino;
  }

  #find(ino: number, moves: Moves): void {
    const lost = moves.lost.sort(bySlot);
    const gained = moves.gained.sort(bySlot);
    const before = sightOf(this.#a, ino);
    const after = sightOf(this.#b, ino);
    const moved = before !== undefined && after !== undefined ? Math.min(lost.length, gained.length) : 0;
    for (let i = 0; i < moved; i++) {
      const oldPath = this.#pathsA.ofSlot(lost[i] as Slot);
      this.#add("renamed", before, after, this.#pathsB.ofSlot(gained[i] as Slot), oldPath);
    }
    for (const slot of lost.slice(moved)) this.#add("removed", before, undefined, this.#pathsA.ofSlot(slot));
    for (const slot of gained.slice(moved)) this.#add("added", undefined, after, this.#pathsB.ofSlot(slot));
    if (moved > 0 || before === undefined || after === undefined) return;
    const difference = this.#compare(before, after);
    // Most inodes that were touched differ in times only: those need no path.
    if (!difference.contentChanged && !attributesChanged(before, after, difference)) return;
    const path = this.#pathOfBoth(ino, gained);
    if (path !== undefined) this.#found.push({ kind: "modified", before, after, difference, path });
  }

  /** The path of a file that is in both trees: by a name that is not new, which would be told as added already. */
  #pathOfBoth(ino: number, gained: readonly Slot[]): readonly Name[] | undefined {
    if (gained.length === 0) return this.#pathsB.of(ino);
    const isNew = new Set(gained.map(({ parent, name }) => `${parent}/${name}`));
    const kept = this.#pathsB.allSlotsOf(ino).find(({ parent, name }) => !isNew.has(`${parent}/${name}`));
    return kept === undefined ? this.#pathsB.of(ino) : this.#pathsB.ofSlot(kept);
  }

  /** Tells a finding; undefined when nothing worth telling differs. */
  #tell({ kind, before, after, difference, path, oldPath }: Finding): Change | undefined {
    const { inode } = (after ?? before) as Sight;
    const both = before !== undefined && after !== undefined;
    const found = both ? (difference ?? this.#compare(before, after)) : all;
    const { contentChanged, xattrs } = found;
    if (kind === "modified" && !contentChanged && !(both && attributesChanged(before, after, found))) return undefined;
    const old = before?.inode;
    const now = after?.inode;
    return {
      kind: kind === "modified" && !contentChanged ? "attributes" : kind,
      ino: inode.ino,
      oldIno: old?.ino,
      type: direntType(inode.mode),
      path,
      ...(oldPath === undefined ? {} : { oldPath }),
      oldSize: old?.size,
      newSize: now?.size,
      oldMode: old?.mode,
      newMode: now?.mode,
      oldUid: old?.uid,
      newUid: now?.uid,
      oldGid: old?.gid,
      newGid: now?.gid,
      contentChanged,
      xattrs,
    };
  }

  #add(
    kind: ChangeKind,
    before: Sight | undefined,
    after: Sight | undefined,
    path: readonly Name[] | undefined,
    oldPath?: readonly Name[],
  ): void {
    if (path !== undefined) this.#found.push({ kind, before, after, path, oldPath });
  }
}

function attributesChanged(before: Sight, after: Sight, { xattrs }: Difference): boolean {
  const old = before.inode;
  const now = after.inode;
  return old.mode !== now.mode || old.uid !== now.uid || old.gid !== now.gid || xattrs.length > 0;
}

/** What is there in one tree only. */
const all: Difference = { contentChanged: true, xattrs: [] };

/** A file that took the name of another of its type is one change of that name's content: editors save like that. */
function pairReplaced(findings: readonly Finding[]): Finding[] {
  const key = ({ path }: Finding, { inode }: Sight): string => `${direntType(inode.mode)} ${path.join("/")}`;
  const removed = new Map<string, Finding>();
  for (const finding of findings) if (finding.kind === "removed") removed.set(key(finding, finding.before as Sight), finding);
  const paired = new Set<Finding>();
  const told = findings.map((finding): Finding => {
    const old = finding.kind === "added" ? removed.get(key(finding, finding.after as Sight)) : undefined;
    if (old === undefined) return finding;
    paired.add(old);
    return { kind: "modified", before: old.before, after: finding.after, path: finding.path };
  });
  return told.filter((finding) => !paired.has(finding));
}

function bySlot(a: Slot, b: Slot): number {
  return a.parent - b.parent || compareText(a.name, b.name);
}

function byPath(a: Change, b: Change): number {
  return compareText(a.path.join("/"), b.path.join("/")) || compareText(a.kind, b.kind) || a.ino - b.ino;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
