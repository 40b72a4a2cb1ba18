import type { Name } from "../base/bytes.js";

/**
 * What both sides changed: a file's bytes, what one deleted and the other changed or renamed, a name both made, a file both
 * renamed, a name that is a directory here and a file there, a directory one side removed and the other put something into,
 * directories moved into each other, an attribute.
 */
export type ConflictKind =
  | "content"
  | "delete/modify"
  | "rename/delete"
  | "delete/add"
  | "add/add"
  | "rename/rename"
  | "directory/file"
  | "cycle"
  | "attributes"
  | "xattr";

/** How a conflict is settled: what the target has stays, what the source has comes, or both texts are merged by lines. */
export type Resolution = "ours" | "theirs" | "text";

export interface Conflict {
  readonly kind: ConflictKind;
  /** Where it is in the target, else in the source, else in the base. Components from the root. */
  readonly path: readonly Name[];
  /** The source's path, when it is another one. */
  readonly oldPath?: readonly Name[];
  /** The inode in the target, else in the source. */
  readonly ino: number;
  /** What each side did, for a person. */
  readonly detail: string;
}

/** The conflicts of one merge and how they were settled, by a key that stays while the merge is planned again and again. */
export class Conflicts {
  readonly #found = new Map<string, Conflict>();
  readonly #resolutions: ReadonlyMap<string, Resolution>;

  constructor(resolutions: ReadonlyMap<string, Resolution>) {
    this.#resolutions = resolutions;
  }

  /** States a conflict. Returns how it was settled; undefined while it is open. */
  meet(key: string, conflict: Conflict, possible: "text" | "sides" = "sides"): Resolution | undefined {
    const resolution = this.#resolutions.get(key);
    if (resolution !== undefined && (resolution !== "text" || possible === "text")) return resolution;
    this.#found.set(key, conflict);
    return undefined;
  }

  /** A conflict that its resolution could not settle. */
  keepOpen(key: string, conflict: Conflict): void {
    this.#found.set(key, conflict);
  }

  /** Open conflicts by key. */
  get open(): ReadonlyMap<string, Conflict> {
    return this.#found;
  }
}
