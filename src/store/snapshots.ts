import { EEXIST, ENOENT, FsError } from "../base/errno.js";
import { checkBranchName } from "./branches.js";
import type { Store } from "./store.js";
import { rootIno } from "./tree.js";

/** A name for a moment of a branch. */
export interface Snapshot {
  readonly name: string;
  readonly branch: number;
  readonly event: number;
  /** When it was taken, microseconds since 1970. */
  readonly at: number;
  readonly message: string | null;
}

type SnapshotRow = readonly [name: string, branch: number, event: number, at: number, message: string | null];

/** The snapshots of a branch, oldest first. */
export function listSnapshots(store: Store, branch: number): Snapshot[] {
  const sql = "SELECT name, branch, event, at, message FROM snapshot WHERE branch = $1 ORDER BY event, name";
  const rows = store.connection.prepare<SnapshotRow>(sql).all([branch]);
  return rows.map(([name, on, event, at, message]) => ({ name, branch: on, event, at, message }));
}

/** Names the present moment of a branch. What every program had written by then is in it. Durable when it returns. Throws EEXIST, EINVAL. */
export function takeSnapshot(store: Store, branch: number, name: string, message: string | null, process: number | null): Snapshot {
  checkBranchName(name);
  const taken = store.connection.prepare("SELECT 1 FROM snapshot WHERE name = $1").get([name]);
  if (taken !== undefined) throw new FsError(EEXIST, `there is a snapshot "${name}" already`);
  return store.atomically(() => {
    store.settle();
    const event = store.recordEvent("snapshot", branch, rootIno, name, null, process);
    const at = store.events.lastAt;
    const insert = store.connection.prepare("INSERT INTO snapshot (name, branch, event, at, message) VALUES ($1, $2, $3, $4, $5)");
    store.writer.run(insert, [name, branch, event, at, message]);
    return { name, branch, event, at, message };
  });
}

/** Forgets a snapshot's name; retention may then remove what it showed. Throws ENOENT. */
export function dropSnapshot(store: Store, branch: number, name: string, process: number | null): void {
  if (store.snapshotNamed(branch, name) === undefined) throw new FsError(ENOENT, `there is no snapshot "${name}"`);
  store.atomically(() => {
    store.settle();
    store.recordEvent("drop-snapshot", branch, rootIno, name, null, process);
    store.writer.run(store.connection.prepare("DELETE FROM snapshot WHERE name = $1 AND branch = $2"), [name, branch]);
  });
}
