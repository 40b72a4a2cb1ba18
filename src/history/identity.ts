import type { Store } from "../store/store.js";
import type { Tree } from "../store/tree.js";
import { isThere } from "./paths.js";

/** The three trees of a merge. */
export interface Trees {
  readonly base: Tree;
  readonly theirs: Tree;
  readonly ours: Tree;
}

/** An inode number that stands for one file in all three trees, whatever its number in each. */
export type FileId = number;

/**
 * Which inodes of the three trees are one file. An inode number is global, so that most are the same everywhere; but what both
 * sides made under one name, or replaced by a new file, has a number in each.
 * INVARIANT: of the inodes that are one file, at most one is there in each tree.
 */
export class Identity {
  readonly #trees: readonly Tree[];
  readonly #classOf = new Map<number, number[]>();
  /** What was found here and no merge before knew. */
  readonly #found: (readonly [number, number])[] = [];

  /** @param twins what merges before found to be one file */
  constructor(trees: Trees, twins: readonly (readonly [number, number])[]) {
    this.#trees = [trees.base, trees.theirs, trees.ours];
    for (const [ino, twin] of twins) this.unite(ino, twin);
    this.#found.length = 0;
  }

  /** Pairs of inodes that were found to be one file, and no merge before knew. */
  get found(): readonly (readonly [number, number])[] {
    return this.#found;
  }

  idOf(ino: number): FileId {
    return this.#classOf.get(ino)?.[0] ?? ino;
  }

  /** The number a file has in a tree; undefined when it is not there. */
  inoIn(tree: Tree, id: FileId): number | undefined {
    const members = this.#classOf.get(id);
    if (members === undefined) return isThere(tree, id) ? id : undefined;
    return members.find((ino) => isThere(tree, ino));
  }

  /** Takes two inodes for one file. Returns whether that is possible and was not known yet. */
  unite(a: number, b: number): boolean {
    const ofA = this.#classOf.get(a) ?? [a];
    const ofB = this.#classOf.get(b) ?? [b];
    if (ofA === ofB || a === b) return false;
    const united = [...ofA, ...ofB];
    if (this.#trees.some((tree) => united.filter((ino) => isThere(tree, ino)).length > 1)) return false;
    for (const ino of united) this.#classOf.set(ino, united);
    this.#found.push([a, b]);
    return true;
  }
}

/** Pairs of inodes that merges took for one file, oldest first. */
export function readTwins(store: Store): (readonly [number, number])[] {
  return store.connection.prepare<readonly [number, number]>("SELECT ino, twin FROM twin ORDER BY event").all([]);
}

/** Remembers that inodes of two branches are one file. */
export function recordTwins(store: Store, twins: Iterable<readonly [number, number]>, event: number): void {
  const insert = store.connection.prepare("INSERT INTO twin (ino, twin, event) VALUES ($1, $2, $3) ON CONFLICT (ino, twin) DO NOTHING");
  for (const [ino, twin] of twins) store.writer.run(insert, [ino, twin, event]);
}
