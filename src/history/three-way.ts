import { type Sight, sameFile } from "./compare.js";
import type { Conflicts } from "./conflict.js";
import { FieldMerge } from "./fields.js";
import type { FileId, Identity, Trees } from "./identity.js";
import type { Keys } from "./keys.js";
import { type FileSlot, keyOf, Names } from "./names.js";
import type { Plan } from "./plan.js";
import { conflictOf, settleNames } from "./settle-names.js";
import type { Labels } from "./text.js";

/** What of three trees is merged, and how. */
export interface ThreeWay {
  readonly trees: Trees;
  readonly identity: Identity;
  /** What theirs touched since the base. */
  readonly keys: Keys;
  /** What sides are called in conflict markers; without them lines that both changed stay a conflict. */
  readonly labels: Labels | undefined;
}

/**
 * Plans to bring into `plan.target` (ours) what theirs changed since the base. Where ours is as the base was, theirs is taken; where
 * both did the same, nothing; else it is a conflict. Nothing is asked twice: `conflicts` knows how each was settled.
 */
export function planMerge(merge: ThreeWay, conflicts: Conflicts, plan: Plan): void {
  new MergePlanner(merge, conflicts, plan).run();
}

interface Movement {
  /** Names the source took away, and gave. */
  readonly lost: FileSlot[];
  readonly gained: FileSlot[];
}

class MergePlanner {
  readonly #merge: ThreeWay;
  readonly #names: Names;
  readonly #conflicts: Conflicts;
  readonly #plan: Plan;
  readonly #fields: FieldMerge;
  readonly #movements = new Map<FileId, Movement>();
  readonly #kept = new Set<FileId>();

  constructor(merge: ThreeWay, conflicts: Conflicts, plan: Plan) {
    this.#merge = merge;
    this.#names = new Names(merge.trees, merge.identity);
    this.#conflicts = conflicts;
    this.#plan = plan;
    this.#fields = new FieldMerge(this.#names, conflicts, plan, merge.labels);
  }

  run(): void {
    const { keys, identity } = this.#merge;
    const seen = new Set<string>();
    for (const { parent, name } of keys.eachSlot()) {
      const slot = { parent: identity.idOf(parent), name };
      if (seen.has(keyOf(slot))) continue;
      seen.add(keyOf(slot));
      this.#mergeSlot(slot);
    }
    for (const ino of keys.inodes) this.#movementOf(identity.idOf(ino));
    for (const id of this.#movements.keys()) this.#mergeFate(id);
    settleNames(this.#names, this.#conflicts, (id) => this.#place(id), this.#kept);
    for (const id of this.#movements.keys()) this.#mergeFields(id);
    this.#carryOver();
  }

  // Names

  #mergeSlot(slot: FileSlot): void {
    const names = this.#names;
    const { base, theirs, ours } = names.trees;
    const before = names.at(base, slot);
    const inTheirs = names.at(theirs, slot);
    const inOurs = names.at(ours, slot);
    for (const id of [before, inTheirs, inOurs]) if (id !== undefined) this.#movementOf(id);
    if (inTheirs === before) return;
    if (before !== undefined) this.#movementOf(before).lost.push(slot);
    if (inTheirs !== undefined) this.#movementOf(inTheirs).gained.push(slot);
    if (inTheirs === inOurs) return;
    if (inOurs === before) names.propose(slot, inTheirs, inOurs, "vacated");
    else if (inOurs === undefined) names.propose(slot, inTheirs, undefined, "free");
    else if (inTheirs !== undefined) this.#occupy(slot, inTheirs, inOurs);
    // What was there left it on both sides, and ours put something new in its place: that stays.
  }

  /** Puts a file where ours has another one, if that is how the conflict was settled. */
  #occupy(slot: FileSlot, id: FileId, inOurs: FileId): void {
    const kind = this.#names.isDirectory(id) !== this.#names.isDirectory(inOurs) ? "directory/file" : "add/add";
    const conflict = conflictOf(this.#names, kind, inOurs, "both sides put something else under this name");
    const resolution = this.#conflicts.meet(`name:${keyOf(slot)}`, conflict);
    if (resolution === "theirs") this.#names.propose(slot, id, inOurs, "forced");
    else this.#kept.add(inOurs);
  }

  #movementOf(id: FileId): Movement {
    let movement = this.#movements.get(id);
    if (movement === undefined) {
      movement = { lost: [], gained: [] };
      this.#movements.set(id, movement);
    }
    return movement;
  }

  // Whether a file is there, and where

  #mergeFate(id: FileId): void {
    const { base, theirs, ours } = this.#names.trees;
    const before = this.#names.sight(base, id);
    const inTheirs = this.#names.sight(theirs, id);
    const inOurs = this.#names.sight(ours, id);
    if (before === undefined) {
      if (inTheirs !== undefined && inOurs !== undefined) this.#renamedByBoth(id, "made");
      return;
    }
    if (inTheirs === undefined && inOurs !== undefined) this.#deletedByTheirs(id, before, inOurs);
    else if (inTheirs !== undefined && inOurs === undefined) this.#deletedByOurs(id, before, inTheirs);
    else if (inTheirs !== undefined) this.#renamedByBoth(id, "renamed");
  }

  #deletedByTheirs(id: FileId, before: Sight, inOurs: Sight): void {
    const names = this.#names;
    const { base, ours } = names.trees;
    const links = names.isDirectory(id) ? 1 : inOurs.inode.nlink;
    const renamed = names.displacing(id).length < links && names.slotsIn(ours, id).some((slot) => names.at(base, slot) !== id);
    if (!renamed && sameFile(before, inOurs)) return;
    const did = renamed ? "renamed" : "changed";
    const conflict = conflictOf(names, renamed ? "rename/delete" : "delete/modify", id, `theirs deleted it, ours ${did} it`);
    if (this.#conflicts.meet(`fate:${id}`, conflict) === "theirs") {
      for (const slot of names.slotsIn(ours, id)) if (names.result(slot) === id) names.remove(slot);
    } else {
      names.keepOurs(id);
      this.#kept.add(id);
    }
  }

  #deletedByOurs(id: FileId, before: Sight, inTheirs: Sight): void {
    const names = this.#names;
    const renamed = names.placing(id).length > 0;
    if (!renamed && sameFile(before, inTheirs)) return;
    const did = renamed ? "renamed" : "changed";
    const conflict = conflictOf(names, renamed ? "rename/delete" : "delete/modify", id, `ours deleted it, theirs ${did} it`);
    if (this.#conflicts.meet(`fate:${id}`, conflict) === "theirs") this.#place(id);
    else names.giveUpPlacing(id);
  }

  /** Both took a name away from the file and gave it different ones, or both brought it back under different ones. */
  #renamedByBoth(id: FileId, did: "renamed" | "made"): void {
    const names = this.#names;
    const { base, ours } = names.trees;
    const { lost, gained } = this.#movementOf(id);
    const notOurs = gained.filter((slot) => names.at(ours, slot) !== id);
    if (notOurs.length === 0 || (did === "renamed" && !lost.some((slot) => names.at(ours, slot) !== id))) return;
    const known = new Set(gained.map(keyOf));
    const gainedByOurs = names.slotsIn(ours, id).filter((slot) => !known.has(keyOf(slot)) && names.at(base, slot) !== id);
    if (gainedByOurs.length === 0) return;
    const conflict = conflictOf(names, "rename/rename", id, `both sides ${did} it, each under another name`);
    if (this.#conflicts.meet(`place:${id}`, conflict) === "theirs") for (const slot of gainedByOurs) names.remove(slot);
    else names.giveUpPlacing(id);
  }

  /** Gives a file the names it has in the source: it comes back, or a directory goes where the source has it. */
  #place(id: FileId): void {
    const names = this.#names;
    const { theirs, ours } = names.trees;
    this.#movementOf(id);
    const slots = names.slotsIn(theirs, id);
    if (names.isDirectory(id)) {
      const known = new Set(slots.map(keyOf));
      for (const slot of names.slotsIn(ours, id)) if (!known.has(keyOf(slot))) names.remove(slot);
    }
    for (const slot of slots) {
      const inOurs = names.result(slot);
      if (inOurs === id) continue;
      if (inOurs === undefined) names.propose(slot, id, names.at(ours, slot), "forced");
      else this.#occupy(slot, id, inOurs);
    }
  }

  // What is in it

  #mergeFields(id: FileId): void {
    const { base, theirs, ours } = this.#names.trees;
    const inTheirs = this.#names.sight(theirs, id);
    const inOurs = this.#names.sight(ours, id);
    if (inTheirs !== undefined && inOurs !== undefined) this.#fields.merge(id, this.#names.sight(base, id), inTheirs, inOurs);
  }

  /** Writes the names into the plan, by the numbers that files have in the target, and brings those that are not there. */
  #carryOver(): void {
    const { theirs, ours } = this.#names.trees;
    const numberOf = (id: FileId): number => {
      const inOurs = this.#names.identity.inoIn(ours, id);
      if (inOurs !== undefined) return inOurs;
      const source = this.#names.sight(theirs, id) as Sight;
      const { ino } = source.inode;
      if (!this.#plan.inodes.has(ino)) this.#plan.bring(ino, source);
      return ino;
    };
    for (const { parent, name, to } of this.#names.standing()) {
      const type = to === undefined ? 0 : ((this.#names.sight(ours, to) ?? this.#names.sight(theirs, to)) as Sight).inode.mode >>> 12;
      this.#plan.setSlot(numberOf(parent), name, to === undefined ? undefined : numberOf(to), type);
    }
  }
}
