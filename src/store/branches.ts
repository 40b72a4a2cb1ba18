import { EBUSY, EEXIST, EINVAL, ENAMETOOLONG, ENOENT, FsError } from "../base/errno.js";
import { nameMaxBytes } from "../base/limits.js";
import type { Connection } from "../db/connection.js";
import type { Events, Operation } from "./events.js";
import { rootIno } from "./tree.js";
import type { Writer } from "./writer.js";

/** The branch every database begins with. */
export const mainBranch = 0;

/** A named line of history. */
export interface Branch {
  readonly id: number;
  readonly name: string;
  readonly kind: BranchKind;
  /** The branch it was forked from, and as of which event; null for `main`. */
  readonly parent: number | null;
  readonly forkedAt: number;
  /** The event that made it. */
  readonly made: number;
}

export type BranchKind = "branch" | "transaction";

type BranchRow = readonly [id: number, name: string, kind: BranchKind, parent: number | null, forkedAt: number, made: number];

const columns = "id, name, kind, parent, forked_at, made";

/** What branches need of their store. */
export interface BranchContext {
  readonly connection: Connection;
  readonly writer: Writer;
  readonly events: Events;
  settle(): void;
  recordEvent(op: Operation, branch: number, ino: number, name: string | null, toName: string | null, process: number | null): number;
  atomically<Result>(change: () => Result): Result;
  release(branch: number): void;
}

/** The branches of a store: making one is one row, whatever the tree's size. */
export class Branches {
  readonly #store: BranchContext;
  readonly #byId = new Map<number, Branch>();

  constructor(store: BranchContext) {
    this.#store = store;
  }

  /** A branch by id, dropped ones included: others may descend from it. Throws ENOENT. */
  get(id: number): Branch {
    let branch = this.#byId.get(id);
    if (branch === undefined) {
      const row = this.#store.connection.prepare<BranchRow>(`SELECT ${columns} FROM branch WHERE id = $1`).get([id]);
      if (row === undefined) throw new FsError(ENOENT, `there is no branch of id ${id}`);
      branch = branchOf(row);
      this.#byId.set(id, branch);
    }
    return branch;
  }

  /** A branch by name, or undefined. */
  named(name: string): Branch | undefined {
    const row = this.#store.connection.prepare<BranchRow>(`SELECT ${columns} FROM branch WHERE name = $1 AND dropped IS NULL`).get([name]);
    return row === undefined ? undefined : branchOf(row);
  }

  /** All branches that were not dropped, oldest first. */
  list(): Branch[] {
    return this.#store.connection
      .prepare<BranchRow>(`SELECT ${columns} FROM branch WHERE dropped IS NULL ORDER BY id`)
      .all([])
      .map(branchOf);
  }

  /**
   * Forks a branch off another as of a moment, or now. Durable when it returns. Throws EEXIST, EINVAL, ENAMETOOLONG for the name.
   */
  fork(name: string, parent: number, moment: number | undefined, kind: BranchKind, process: number | null): Branch {
    const store = this.#store;
    checkBranchName(name);
    if (this.named(name) !== undefined) throw new FsError(EEXIST, `there is a branch "${name}" already`);
    const branch = store.atomically(() => {
      store.settle();
      const forkedAt = moment ?? store.events.last;
      const [newest] = store.connection.prepare<readonly [number]>("SELECT max(id) FROM branch").get([]) ?? [mainBranch];
      const made = this.#event("fork", parent, name, null, process);
      const insert = store.connection.prepare(
        "INSERT INTO branch (id, name, kind, made, parent, forked_at) VALUES ($1, $2, $3, $4, $5, $6)",
      );
      store.writer.run(insert, [newest + 1, name, kind, made, parent, forkedAt]);
      return { id: newest + 1, name, kind, parent, forkedAt, made };
    });
    this.#byId.set(branch.id, branch);
    return branch;
  }

  /** Drops a branch. Its history is gone with the next retention. Throws EBUSY for `main` and for one that others descend from. */
  drop(branch: Branch, process: number | null): void {
    const store = this.#store;
    if (branch.parent === null) throw new FsError(EBUSY, `"${branch.name}" is the trunk and cannot be dropped`);
    const child = this.list().find(({ parent }) => parent === branch.id);
    if (child !== undefined) throw new FsError(EBUSY, `"${branch.name}" has a branch of its own, "${child.name}"; drop that first`);
    store.atomically(() => {
      store.settle();
      const dropped = this.#event("drop", branch.id, branch.name, null, process);
      store.writer.run(store.connection.prepare("UPDATE branch SET dropped = $2 WHERE id = $1"), [branch.id, dropped]);
      store.release(branch.id);
    });
  }

  /** Gives a branch another name. Throws EEXIST, EINVAL, ENAMETOOLONG. */
  rename(branch: Branch, name: string, process: number | null): void {
    const store = this.#store;
    checkBranchName(name);
    if (name === branch.name) return;
    if (this.named(name) !== undefined) throw new FsError(EEXIST, `there is a branch "${name}" already`);
    store.atomically(() => {
      store.settle();
      this.#event("rename-branch", branch.id, branch.name, name, process);
      store.writer.run(store.connection.prepare("UPDATE branch SET name = $2 WHERE id = $1"), [branch.id, name]);
    });
    this.#byId.delete(branch.id);
  }

  #event(op: Operation, branch: number, name: string, toName: string | null, process: number | null): number {
    return this.#store.recordEvent(op, branch, rootIno, name, toName, process);
  }
}

function branchOf([id, name, kind, parent, forkedAt, made]: BranchRow): Branch {
  return { id, name, kind, parent, forkedAt, made };
}

/** The directories that branches and moments show in. */
const reservedNames: ReadonlySet<string> = new Set([".history", ".branches"]);

/** Throws EINVAL or ENAMETOOLONG for what cannot be a branch's or a snapshot's name: it must serve as a file name. */
export function checkBranchName(name: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes > nameMaxBytes)
    throw new FsError(ENAMETOOLONG, `the name "${name.slice(0, 40)}…" has ${bytes} bytes; ${nameMaxBytes} are allowed`);
  const printable = /^[^/\p{Cc}]+$/u.test(name) && name.trim() === name;
  if (!printable || name === "." || name === ".." || name.startsWith("-")) {
    throw new FsError(
      EINVAL,
      `${JSON.stringify(name)} cannot be a name: it must be a file name without control characters, "-" in front, or spaces around`,
    );
  }
  if (reservedNames.has(name)) throw new FsError(EINVAL, `the name "${name}" is reserved; choose another`);
}
