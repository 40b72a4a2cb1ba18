import { invariant } from "../base/assert.js";
import { rootIno } from "../store/tree.js";
import type { Conflict, Conflicts } from "./conflict.js";
import type { FileId } from "./identity.js";
import { keyOf, type NameChange, type Names } from "./names.js";

/** Each round settles something for good, so a merge needs a few; one that goes round in circles must not keep the daemon for ever. */
const mostRounds = 1000;

/**
 * Sees to it that the names a merge is about to make are a tree: every name lies in a directory that is there, a directory has one
 * place, none lies in itself, and none that goes leaves anything behind. What stands against it is a conflict; one that is open, or
 * settled as "ours", gives up what the source did there.
 * @param place gives a file the names it has in the source, by force
 * @param kept files that stay because of a conflict that was stated: directories above them stay without another one
 */
export function settleNames(names: Names, conflicts: Conflicts, place: (id: FileId) => void, kept: Set<FileId>): void {
  const settling = new Settling(names, conflicts, place, kept);
  // Until nothing moves: what is given up or brought back may stand against something else.
  for (let round = 1; settling.round(); round++) invariant(round < mostRounds, "the names that a merge makes do not settle");
}

class Settling {
  readonly #names: Names;
  readonly #conflicts: Conflicts;
  readonly #place: (id: FileId) => void;
  readonly #kept: Set<FileId>;
  readonly #placed = new Set<FileId>();

  constructor(names: Names, conflicts: Conflicts, place: (id: FileId) => void, kept: Set<FileId>) {
    this.#names = names;
    this.#kept = kept;
    this.#conflicts = conflicts;
    this.#place = place;
  }

  /** Looks at every change once. Returns whether something was changed. */
  round(): boolean {
    const standing = [...this.#names.standing()];
    let changed = false;
    for (const change of standing) {
      if (change.dropped) continue;
      if (change.to !== undefined && this.#settlePlaced(change, change.to)) changed = true;
      if (!change.dropped && change.ours !== undefined && this.#settleDisplaced(change.ours)) changed = true;
    }
    return changed;
  }

  /** A name that is made: its directory must be there, and not lie below what is named. */
  #settlePlaced(change: NameChange, id: FileId): boolean {
    const names = this.#names;
    const directory = names.isDirectory(id);
    if (directory && this.#hasOtherPlace(change, id)) {
      names.giveUpPlacing(id);
      return true;
    }
    const climbed: FileId[] = [];
    for (let at = change.parent; at !== rootIno; ) {
      if (directory && at === id) return this.#settleCycle([id, ...climbed]);
      // A cycle further up is that of a change of its own.
      if (climbed.includes(at)) return false;
      climbed.push(at);
      const above = names.parentOf(at);
      if (above === undefined) return this.#settleMissing(change, at);
      at = above;
    }
    return false;
  }

  #hasOtherPlace(change: NameChange, id: FileId): boolean {
    const { ours } = this.#names.trees;
    if (this.#names.placing(id).some((other) => keyOf(other) !== keyOf(change))) return true;
    return this.#names.sight(ours, id) !== undefined && this.#names.displacing(id).length === 0;
  }

  /** A directory that a name needs is not there. */
  #settleMissing(change: NameChange, missing: FileId): boolean {
    const names = this.#names;
    const { base, theirs } = names.trees;
    const inTheirs = names.sight(theirs, missing) !== undefined;
    if (inTheirs && names.sight(base, missing) === undefined && change.reason !== "forced") {
      // One that the source made and that does not come: nor does what lies in it.
      names.giveUp(change);
      return true;
    }
    const resolution =
      change.reason === "forced"
        ? "theirs"
        : this.#conflicts.meet(
            `directory:${missing}`,
            this.#conflict("delete/add", missing, "ours removed the directory, theirs put something into it"),
          );
    if (resolution === "theirs" && inTheirs && this.#placeOnce(missing)) return true;
    names.giveUp(change);
    return true;
  }

  /** Directories that would lie in each other: each side moved one of them into the other. */
  #settleCycle(cycle: readonly FileId[]): boolean {
    const names = this.#names;
    const key = `cycle:${Math.min(...cycle)}`;
    const others = cycle.slice(1).map((id) => (names.pathIn(names.trees.ours, id) ?? []).join("/"));
    const conflict = this.#conflict(
      "cycle",
      cycle[0] as FileId,
      `each side moved one of the directories into the other: ${others.join(", ")}`,
    );
    const resolution = this.#conflicts.meet(key, conflict);
    const byOurs = cycle.filter((id) => names.placing(id).length === 0);
    if (resolution === "theirs" && byOurs.map((id) => this.#placeOnce(id)).includes(true)) return true;
    for (const id of cycle) names.keepOurs(id);
    return true;
  }

  /** What loses a name: a directory must be empty then; a file that both sides have must keep some name. */
  #settleDisplaced(id: FileId): boolean {
    const names = this.#names;
    const { theirs, ours } = names.trees;
    const inOurs = names.sight(ours, id);
    if (inOurs === undefined) return false;
    const directory = names.isDirectory(id);
    const left = directory ? 1 - names.displacing(id).length : inOurs.inode.nlink - names.displacing(id).length;
    if (left + names.placing(id).length > 0) return false;
    const forced = names.displacing(id).some(({ reason }) => reason === "forced");
    if (!forced && names.sight(theirs, id) !== undefined) {
      if (!this.#settleUnlinked(id)) names.keepOurs(id);
      return true;
    }
    return directory ? this.#settleRemoved(id, forced) : false;
  }

  /** Of a file's hard links each side took away those that the other left. Returns whether it gets the names it has in the source. */
  #settleUnlinked(id: FileId): boolean {
    const names = this.#names;
    const { base, theirs } = names.trees;
    if (names.slotsIn(theirs, id).some((slot) => names.at(base, slot) !== id)) return false;
    const conflict = this.#conflict("rename/delete", id, "each side took away the names that the other left it");
    return this.#conflicts.meet(`place:${id}`, conflict) === "theirs" && this.#placeOnce(id);
  }

  /** Gives a file the names it has in the source, unless that was tried. Returns whether it got any. */
  #placeOnce(id: FileId): boolean {
    if (this.#placed.has(id)) return false;
    this.#placed.add(id);
    const before = this.#names.placing(id).length;
    this.#place(id);
    return this.#names.placing(id).length > before;
  }

  #settleRemoved(id: FileId, forced: boolean): boolean {
    const names = this.#names;
    const [first, ...others] = [...names.remaining(id)];
    if (first === undefined) return false;
    const known = [first, ...others].every(({ child }) => this.#kept.has(child));
    const what = others.length === 0 ? `"${first.name}"` : `"${first.name}" and ${others.length} more`;
    const resolution = forced
      ? "theirs"
      : known
        ? undefined
        : this.#conflicts.meet(`directory:${id}`, this.#conflict("delete/add", id, `theirs removed the directory, ours has ${what} in it`));
    if (resolution === "theirs") names.empty(id);
    else {
      this.#kept.add(id);
      names.keepOurs(id);
    }
    return true;
  }

  #conflict(kind: Conflict["kind"], id: FileId, detail: string): Conflict {
    return conflictOf(this.#names, kind, id, detail);
  }
}

/** A conflict about a file, with its paths. */
export function conflictOf(names: Names, kind: Conflict["kind"], id: FileId, detail: string): Conflict {
  const { base, theirs, ours } = names.trees;
  const inOurs = names.pathIn(ours, id);
  const inTheirs = names.pathIn(theirs, id);
  const path = inOurs ?? inTheirs ?? names.pathIn(base, id) ?? [];
  const moved = inTheirs !== undefined && inTheirs.join("/") !== path.join("/");
  const ino = names.identity.inoIn(ours, id) ?? names.identity.inoIn(theirs, id) ?? id;
  return { kind, path, ...(moved ? { oldPath: inTheirs } : {}), ino, detail };
}
