import { type Name, nameBytes } from "../../base/bytes.js";
import type { Store } from "../../store/store.js";
import { rootIno } from "../../store/tree.js";
import { PathFinder } from "./paths.js";

/** One change, as the log shows it. */
export interface LogEntry {
  readonly event: number;
  readonly atMicros: number;
  readonly branch: string;
  readonly op: string;
  readonly ino: number;
  /** The path it changed, and for a rename the new one; null where it is not known any more. */
  readonly path: Name[] | null;
  readonly toPath: Name[] | null;
  /** The branch or snapshot that a change of the file system as a whole named, and for a rename the new name. */
  readonly subject: string | null;
  readonly toSubject: string | null;
  readonly bytes: number | null;
  readonly pid: number | null;
  readonly processName: string | null;
}

/** Which changes to list. */
export interface LogQuery {
  /** The branch; what its parents did until it was forked is part of it. Undefined for all. */
  readonly branch: number | undefined;
  readonly path: readonly Name[];
  readonly pid: number | undefined;
  readonly limit: number;
}

type EventRow = readonly [
  id: number,
  at: number,
  branch: number,
  op: string,
  ino: number,
  parent: number | null,
  name: Uint8Array | null,
  toParent: number | null,
  toName: Uint8Array | null,
  bytes: number | null,
  pid: number | null,
  processName: string | null,
];

const pageRows = 512;
/** Beyond so many inodes the newest changes are mostly theirs. */
const mostInside = 50_000;

/** The newest changes that fit, newest first. Everything must have been committed. */
export function logEntries(store: Store, query: LogQuery): LogEntry[] {
  const finder = new PathFinder(store);
  const scope = scopeOf(store, query.branch);
  const inside = inodesInside(store, query);
  const sql = `SELECT e.id, e.at, e.branch, e.op, e.ino, e.parent, e.name, e.to_parent, e.to_name, e.bytes, p.pid, p.name
    FROM event e LEFT JOIN process p ON p.id = e.process
    WHERE e.id < $1 AND (${scope}) AND ($2 IS NULL OR p.pid = $2)
    AND ($3 IS NULL OR e.ino IN ${listed} OR e.parent IN ${listed} OR e.to_parent IN ${listed}) ORDER BY e.id DESC LIMIT ${pageRows}`;
  const statement = store.connection.prepare<EventRow>(sql);
  const entries: LogEntry[] = [];
  for (let before = Number.MAX_SAFE_INTEGER; entries.length < query.limit; ) {
    const rows = statement.all([before, query.pid ?? null, inside === undefined ? null : JSON.stringify(inside)]);
    for (const row of rows) {
      const entry = entryOf(store, finder, row);
      if (entries.length < query.limit && concerns(entry, query.path)) entries.push(entry);
    }
    const last = rows[rows.length - 1];
    if (last === undefined || rows.length < pageRows) break;
    before = last[0];
  }
  return entries;
}

/** An inode of a list that is given as JSON. */
const listed = "(SELECT value FROM json_each($3))";

/**
 * All inodes that ever bore the path or lay below it, and some that never did: only their events need to be looked at, since telling
 * the path of each of millions takes minutes. Undefined where they are too many to be worth it.
 */
function inodesInside(store: Store, { branch, path }: LogQuery): number[] | undefined {
  if (path.length === 0) return undefined;
  const branches = branch === undefined ? allBranches(store) : lineageOf(store, branch);
  const named = store.connection.prepare<readonly [number]>(
    `SELECT ino FROM dirent WHERE branch = $1 AND parent = $2 AND name = $3 AND ino IS NOT NULL
     UNION SELECT ino FROM dirent_past WHERE branch = $1 AND parent = $2 AND name = $3 AND ino IS NOT NULL`,
  );
  const children = store.connection.prepare<readonly [number]>(
    `SELECT ino FROM dirent WHERE branch = $1 AND parent = $2 AND ino IS NOT NULL
     UNION SELECT ino FROM dirent_past WHERE branch = $1 AND parent = $2 AND ino IS NOT NULL`,
  );
  let inside = new Set([rootIno]);
  for (const name of path) {
    const next = new Set<number>();
    for (const parent of inside) {
      for (const id of branches) for (const [ino] of named.all([id, parent, nameBytes(name)])) next.add(ino);
    }
    inside = next;
  }
  // The set grows while it is gone through.
  for (const parent of inside) {
    if (inside.size > mostInside) return undefined;
    for (const id of branches) for (const [ino] of children.all([id, parent])) inside.add(ino);
  }
  return [...inside];
}

function allBranches(store: Store): number[] {
  return store.connection
    .prepare<readonly [number]>("SELECT id FROM branch")
    .all([])
    .map(([id]) => id);
}

/** A branch and those it descends from. */
function lineageOf(store: Store, id: number): number[] {
  const { parent } = store.branches.get(id);
  return parent === null ? [id] : [id, ...lineageOf(store, parent)];
}

/** The events of a branch and, before its fork, of the branch it was forked from, as a condition. */
function scopeOf(store: Store, id: number | undefined): string {
  if (id === undefined) return "1 = 1";
  const conditions = [`e.branch = ${id}`];
  for (let branch = store.branches.get(id), until = Number.MAX_SAFE_INTEGER; branch.parent !== null; ) {
    until = Math.min(until, branch.forkedAt);
    conditions.push(`(e.branch = ${branch.parent} AND e.id <= ${until})`);
    branch = store.branches.get(branch.parent);
  }
  return conditions.join(" OR ");
}

function entryOf(store: Store, finder: PathFinder, row: EventRow): LogEntry {
  const [event, atMicros, branch, op, ino, parent, name, toParent, toName, bytes, pid, processName] = row;
  const below = (directory: number | null, entry: Uint8Array | null): Name[] | null => {
    if (directory === null || entry === null) return null;
    const path = finder.path(branch, directory, event);
    return path === undefined ? null : [...path, Buffer.from(entry).toString("latin1")];
  };
  const whole = wholeTree.has(op);
  const path = whole ? null : parent === null ? (finder.path(branch, ino, event) ?? null) : below(parent, name);
  const toPath = below(toParent, toName);
  const subject = whole ? textOf(name) : null;
  const toSubject = whole ? textOf(toName) : null;
  return { event, atMicros, branch: store.branches.get(branch).name, op, ino, path, toPath, subject, toSubject, bytes, pid, processName };
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString("utf8");
}

/** Operations on the file system as a whole: their names are those of branches and snapshots. */
const wholeTree = new Set(["fork", "drop", "rename-branch", "snapshot", "drop-snapshot", "merge", "restore", "undo"]);

/** Whether an entry is about a path or what lies below it. */
function concerns(entry: LogEntry, path: readonly Name[]): boolean {
  if (path.length === 0) return true;
  const below = (other: Name[] | null): boolean => other !== null && path.every((name, index) => other[index] === name);
  return below(entry.path) || below(entry.toPath);
}
