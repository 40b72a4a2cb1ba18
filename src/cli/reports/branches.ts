import type { Branch } from "../../store/branches.js";
import type { Store } from "../../store/store.js";

/** A branch as the list shows it. */
export interface BranchRow {
  readonly name: string;
  readonly kind: string;
  /** The branch it was forked from and the moment of that, an event with its time; null for the trunk. */
  readonly from: string | null;
  readonly forkedAt: number | null;
  readonly forkedAtMicros: number | null;
  /** Files and directories that differ from the fork point, and the bytes written for them; null for the trunk, which is all changes. */
  readonly changedFiles: number | null;
  readonly changedBytes: number | null;
  /** The last change: an event with its time; null when there was none since the fork. */
  readonly changed: number | null;
  readonly changedAtMicros: number | null;
}

type Numbers = readonly [number | null];

/** Every branch, oldest first. Its own rows are what a branch changed, so the cost grows with the changes. */
export function branchRows(store: Store): BranchRow[] {
  return store.branches.list().map((branch) => (branch.parent === null ? trunkRow(store, branch) : forkRow(store, branch, branch.parent)));
}

function trunkRow(store: Store, { id, name, kind }: Branch): BranchRow {
  const changed = one(store, "SELECT id FROM event WHERE branch = $1 ORDER BY id DESC LIMIT 1", [id]);
  const fork = { from: null, forkedAt: null, forkedAtMicros: null, changedFiles: null, changedBytes: null };
  return { name, kind, ...fork, changed, changedAtMicros: timeOf(store, changed) };
}

function forkRow(store: Store, { id, name, kind, parent, forkedAt }: Branch, from: number): BranchRow {
  const changed = one(
    store,
    "SELECT max(since) FROM (SELECT since FROM inode WHERE branch = $1 UNION ALL SELECT since FROM dirent WHERE branch = $1)",
    [id],
  );
  return {
    name,
    kind,
    from: parent === null ? null : store.branches.get(from).name,
    forkedAt,
    forkedAtMicros: timeOf(store, forkedAt),
    changedFiles: one(store, "SELECT count(*) FROM inode WHERE branch = $1", [id]),
    changedBytes: one(store, "SELECT coalesce(sum(length), 0) FROM extent WHERE branch = $1 AND blob IS NOT NULL", [id]),
    changed,
    changedAtMicros: timeOf(store, changed),
  };
}

/** When an event was; of one that has no row any more, the one before it. */
export function timeOf(store: Store, event: number | null): number | null {
  return event === null ? null : one(store, "SELECT at FROM event WHERE id <= $1 ORDER BY id DESC LIMIT 1", [event]);
}

function one(store: Store, sql: string, params: readonly number[]): number | null {
  return store.connection.prepare<Numbers>(sql).get(params)?.[0] ?? null;
}
