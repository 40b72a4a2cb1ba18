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

/** Two inodes that are one file. */
export type Twins = readonly [number, number];

type TwinRow = readonly [ino: number, twin: number, event: number];

/** All pairs that merges before found among the inodes that are one file with this one, oldest first. */
export type KnownTwins = (ino: number) => readonly Twins[];

export const noTwins: KnownTwins = () => [];

/**
 * Which inodes of the three trees are one file. An inode number is global, so that most are the same everywhere; but what both
 * sides made under one name, or replaced by a new file, has a number in each.
 * INVARIANT: of the inodes that are one file, at most one is there in each tree.
 */
export class Identity {
  readonly #trees: readonly Tree[];
  readonly #known: KnownTwins;
  readonly #classOf = new Map<number, number[]>();
  /** Inodes of which it was asked what merges before knew. */
  readonly #asked = new Set<number>();
  /** What was found here and no merge before knew. */
  readonly #found: Twins[] = [];

  /** @param known what merges before found to be one file */
  constructor(trees: Trees, known: KnownTwins) {
    this.#trees = [trees.base, trees.theirs, trees.ours];
    this.#known = known;
  }

  /** Pairs of inodes that were found to be one file, and no merge before knew. */
  get found(): readonly Twins[] {
    return this.#found;
  }

  idOf(ino: number): FileId {
    return this.#members(ino)?.[0] ?? ino;
  }

  /** The number a file has in a tree; undefined when it is not there. */
  inoIn(tree: Tree, id: FileId): number | undefined {
    const members = this.#members(id);
    if (members === undefined) return isThere(tree, id) ? id : undefined;
    return members.find((ino) => isThere(tree, ino));
  }

  /** Takes two inodes for one file. Returns whether that is possible and was not known yet. */
  unite(a: number, b: number): boolean {
    this.#members(a);
    this.#members(b);
    if (!this.#join(a, b)) return false;
    this.#found.push([a, b]);
    return true;
  }

  /** The inodes that are one file with another; undefined when it is alone. */
  #members(ino: number): readonly number[] | undefined {
    if (!this.#asked.has(ino)) {
      this.#asked.add(ino);
      const known = this.#known(ino);
      for (const pair of known) for (const member of pair) this.#asked.add(member);
      for (const [a, b] of known) this.#join(a, b);
    }
    return this.#classOf.get(ino);
  }

  #join(a: number, b: number): boolean {
    const ofA = this.#classOf.get(a) ?? [a];
    const ofB = this.#classOf.get(b) ?? [b];
    if (ofA === ofB || a === b) return false;
    const united = [...ofA, ...ofB];
    if (this.#trees.some((tree) => united.filter((ino) => isThere(tree, ino)).length > 1)) return false;
    for (const ino of united) this.#classOf.set(ino, united);
    return true;
  }
}

/** What merges before took for one file with an inode. Only asked for inodes that are looked at: a long history has many twins. */
export function knownTwins(store: Store): KnownTwins {
  const { connection } = store;
  if (connection.prepare("SELECT 1 FROM twin LIMIT 1").get([]) === undefined) return noTwins;
  const pairsOf = connection.prepare<TwinRow>(
    "SELECT ino, twin, event FROM twin WHERE ino = $1 UNION SELECT ino, twin, event FROM twin WHERE twin = $1",
  );
  return (ino) => {
    const pairs = new Map<string, TwinRow>();
    const reached = new Set([ino]);
    // The set grows while it is gone through.
    for (const member of reached) {
      for (const pair of pairsOf.all([member])) {
        pairs.set(`${pair[0]} ${pair[1]}`, pair);
        reached.add(pair[0]).add(pair[1]);
      }
    }
    return [...pairs.values()].sort((a, b) => a[2] - b[2] || a[0] - b[0] || a[1] - b[1]).map(([a, b]) => [a, b]);
  };
}

/** Remembers that inodes of two branches are one file. */
export function recordTwins(store: Store, twins: Iterable<Twins>, event: number): void {
  const insert = store.connection.prepare("INSERT INTO twin (ino, twin, event) VALUES ($1, $2, $3) ON CONFLICT (ino, twin) DO NOTHING");
  for (const [ino, twin] of twins) store.writer.run(insert, [ino, twin, event]);
}
