import { nowMicros } from "../base/clock.js";
import { EBUSY, EINVAL, ENOENT, FsError } from "../base/errno.js";
import { type Branch, type BranchKind, mainBranch } from "../store/branches.js";
import { dropSnapshot, type Snapshot, takeSnapshot } from "../store/snapshots.js";
import type { Store } from "../store/store.js";
import { namedMoment, refuseMomentName } from "../vfs/moments.js";
import { formatWhen, parseWhen, whenForms } from "../vfs/when.js";
import type { BranchReport } from "./protocol.js";

/**
 * Changes of the file system as a whole. Each is a function of a store, so that the daemon does them between two requests of
 * the kernel, and a command without a daemon does them itself under the lock. Errors are FsErrors with a message for a person.
 */

/** The branch of a name; without one, `fallback`. Throws ENOENT. */
export function branchOf(store: Store, name: string | undefined, fallback: number): Branch {
  if (name === undefined) return store.branches.get(fallback);
  const branch = store.branches.named(name);
  if (branch === undefined) throw new FsError(ENOENT, `there is no branch "${name}"; stone branch --list shows those there are`);
  return branch;
}

/** The moment of a branch that a person wrote: a snapshot, or the grammar of paths. Throws EINVAL, ENOENT. */
export function momentOf(store: Store, branch: number, text: string): number {
  const named = namedMoment(store, branch, text, nowMicros());
  if (named.kind === "unreadable") throw new FsError(EINVAL, `"${text}" is no moment; write ${whenForms}`);
  if (named.kind === "nowhere") throw new FsError(ENOENT, `"${text}" is in the future, or before the history that is kept begins`);
  return named.moment;
}

export interface ForkArguments {
  readonly name: string;
  /** The branch to fork; the mounted one, else `main`. */
  readonly from?: string;
  /** As of when, as a person writes it. */
  readonly at?: string;
  readonly kind?: BranchKind;
}

export function fork(store: Store, args: ForkArguments, mounted: number, process: number | null): Branch {
  const from = branchOf(store, args.from, mounted);
  refuseMomentName(args.name);
  const moment = args.at === undefined ? undefined : momentOf(store, from.id, args.at);
  return store.branches.fork(args.name, from.id, moment, args.kind ?? "branch", process);
}

/** Drops a branch that nothing needs. Open files are the daemon's to know of. */
export function dropBranch(store: Store, name: string, process: number | null): Branch {
  const branch = branchOf(store, name, mainBranch);
  store.branches.drop(branch, process);
  return branch;
}

export function renameBranch(store: Store, name: string, to: string, process: number | null): Branch {
  const branch = branchOf(store, name, mainBranch);
  refuseMomentName(to);
  store.branches.rename(branch, to, process);
  return branch;
}

/** Takes a snapshot; without a name its time is its name. */
export function snapshot(
  store: Store,
  args: { readonly name?: string; readonly message?: string; readonly branch?: string },
  mounted: number,
  process: number | null,
): Snapshot {
  const branch = branchOf(store, args.branch, mounted);
  if (args.name !== undefined && parseWhen(args.name, 0) !== undefined) {
    throw new FsError(EINVAL, `"${args.name}" already means a moment; a snapshot's name must be none of: ${whenForms}`);
  }
  const name = args.name ?? `snapshot-${formatWhen(nowMicros()).slice(0, 19)}`;
  return takeSnapshot(store, branch.id, name, args.message ?? null, process);
}

export function removeSnapshot(store: Store, name: string, branchName: string | undefined, mounted: number, process: number | null): void {
  dropSnapshot(store, branchOf(store, branchName, mounted).id, name, process);
}

/** Begins a transaction: a private branch. Throws EBUSY inside another one. */
export function begin(store: Store, name: string | undefined, from: string | undefined, mounted: number, process: number | null): Branch {
  const parent = branchOf(store, from, mounted);
  if (parent.kind === "transaction") throw new FsError(EBUSY, `"${parent.name}" is a transaction itself; commit it or roll it back first`);
  if (name !== undefined) refuseMomentName(name);
  return store.branches.fork(name ?? freeName(store), parent.id, undefined, "transaction", process);
}

/** Ends a transaction and forgets what it did. Throws EINVAL for a branch that is none. */
export function rollback(store: Store, name: string, process: number | null): Branch {
  const branch = transactionOf(store, name);
  store.branches.drop(branch, process);
  return branch;
}

/** The open transaction of a name. Throws ENOENT, EINVAL. */
export function transactionOf(store: Store, name: string): Branch {
  const branch = branchOf(store, name, mainBranch);
  if (branch.kind !== "transaction")
    throw new FsError(EINVAL, `"${name}" is a branch, not a transaction; stone merge and stone branch -d end it`);
  return branch;
}

function freeName(store: Store): string {
  for (let number = 1; ; number++) if (store.branches.named(`tx-${number}`) === undefined) return `tx-${number}`;
}

/** A branch that was made, as the control protocol tells of it. */
export function reportOf(store: Store, { id, name, kind, parent, forkedAt }: Branch): BranchReport {
  return { id, name, kind, from: store.branches.get(parent ?? mainBranch).name, forkedAt };
}
