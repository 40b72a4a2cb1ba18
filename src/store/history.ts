import type { Name } from "../base/bytes.js";
import type { Connection } from "../db/connection.js";
import { rootIno } from "./tree.js";

/** One version of what a path was. */
export interface FileVersion {
  /** The event that made it. */
  readonly event: number;
  /** Clock time, microseconds since 1970. */
  readonly atMicros: number;
  /** What the event did; "removed" stands for a name that went. */
  readonly op: string;
  readonly ino: number;
  readonly sizeBytes: number;
  /** Who: pid and name, where known. */
  readonly pid: number | null;
  readonly processName: string | null;
}

interface Span {
  readonly ino: number;
  /** When the name came to be, which may be before the path led there: the directory may have come by a rename. */
  readonly named: number;
  readonly since: number;
  readonly until: number;
}

type DirentRow = readonly [ino: number | null, since: number, until: number];
type VersionRow = readonly [since: number, size: number, at: number | null, op: string | null, pid: number | null, name: string | null];

/** A branch that the one asked about shows, and the newest of its events that counts. */
interface Level {
  readonly branch: number;
  readonly upTo: number;
}

const forever = Number.MAX_SAFE_INTEGER;
/** What takes a name away, beside what puts another file there. */
const removals = new Set(["unlink", "rmdir", "rename", "merge", "restore", "undo"]);

const spansSql = `SELECT ino, since, ${forever} FROM dirent WHERE branch = $1 AND parent = $2 AND name = $3
  UNION ALL SELECT ino, since, until FROM dirent_past WHERE branch = $1 AND parent = $2 AND name = $3 ORDER BY 2`;

const versionsSql = `SELECT v.since, v.size, e.at, e.op, p.pid, p.name FROM
    (SELECT since, size FROM inode WHERE branch = $1 AND ino = $2 UNION ALL SELECT since, size FROM inode_past WHERE branch = $1 AND ino = $2) v
  LEFT JOIN event e ON e.id = v.since LEFT JOIN process p ON p.id = e.process
  WHERE v.since < $3 AND v.since <= $4 ORDER BY v.since`;

const renameSql = "SELECT parent, name FROM event WHERE id = $1 AND op = 'rename' AND to_parent = $2 AND to_name = $3";

const endSql = "SELECT e.at, e.op, p.pid, p.name FROM event e LEFT JOIN process p ON p.id = e.process WHERE e.id = $1";

/**
 * The versions of what a path of a branch has been, oldest first: every file that bore the name, for as long as it did, and the
 * removal in between. The file's versions before it came to the name by a rename are part of it, and so is what was before the
 * branch was forked. Empty when it never was anything. Everything must have been committed or drained.
 * @param path the components from the root
 */
export function fileHistory(connection: Connection, branch: number, path: readonly Name[]): FileVersion[] {
  const levels = levelsOf(connection, branch);
  const name = path[path.length - 1];
  if (name === undefined) return versionsOf(connection, levels, { ino: rootIno, named: 0, since: 0, until: forever }, 0);
  const versions: FileVersion[] = [];
  for (const parent of directoriesOf(connection, levels, path.slice(0, -1))) {
    const spans = spansOf(connection, levels, parent, name);
    for (const span of spans) {
      const from = cameByRename(connection, span, parent.ino, name) ? 0 : span.named;
      versions.push(...versionsOf(connection, levels, span, from));
      const replaced = spans.some(({ since }) => since === span.until);
      if (span.until !== forever && !replaced) versions.push(...removal(connection, span));
    }
  }
  return versions.sort((a, b) => a.event - b.event).filter((version, index, all) => all[index - 1]?.event !== version.event);
}

/** A branch and those it descends from, the youngest first. */
function levelsOf(connection: Connection, branch: number): Level[] {
  const statement = connection.prepare<readonly [number | null, number]>("SELECT parent, forked_at FROM branch WHERE id = $1");
  const levels: Level[] = [];
  let below: number | null = branch;
  for (let upTo = forever; below !== null; ) {
    levels.push({ branch: below, upTo });
    const [parent, forkedAt]: readonly [number | null, number] = statement.get([below]) ?? [null, 0];
    upTo = Math.min(upTo, forkedAt);
    below = parent;
  }
  return levels;
}

/** Every directory that a path of components led to, with the time it did. */
function directoriesOf(connection: Connection, levels: readonly Level[], path: readonly Name[]): Span[] {
  let spans: Span[] = [{ ino: rootIno, named: 0, since: 0, until: forever }];
  for (const name of path) spans = spans.flatMap((parent) => spansOf(connection, levels, parent, name));
  return spans;
}

function spansOf(connection: Connection, levels: readonly Level[], parent: Span, name: Name): Span[] {
  const spans: Span[] = [];
  // From when on a younger branch has a row of its own, which hides what shows through from below.
  let hidden = forever;
  for (const { branch, upTo } of levels) {
    const all = connection.prepare<DirentRow>(spansSql).all([branch, parent.ino, Buffer.from(name, "latin1")]);
    const rows = all.filter(([, since]) => since <= upTo);
    for (const [ino, since, until] of rows) {
      const from = Math.max(since, parent.since);
      const to = Math.min(until > upTo ? hidden : until, parent.until);
      if (ino !== null && from < to) spans.push({ ino, named: since, since: from, until: to });
    }
    hidden = rows[0]?.[1] ?? hidden;
  }
  return spans;
}

/** Whether the file came to this name from another one, which then is part of its history. */
function cameByRename(connection: Connection, span: Span, parent: number, name: Name): boolean {
  return connection.prepare(renameSql).get([span.named, parent, Buffer.from(name, "latin1")]) !== undefined;
}

function versionsOf(connection: Connection, levels: readonly Level[], span: Span, from: number): FileVersion[] {
  const statement = connection.prepare<VersionRow>(versionsSql);
  return levels
    .flatMap(({ branch, upTo }) => statement.all([branch, span.ino, span.until, upTo]))
    .filter(([since]) => since >= from)
    .map(([event, sizeBytes, at, op, pid, processName]) => ({
      event,
      atMicros: at ?? 0,
      op: op ?? "kept",
      ino: span.ino,
      sizeBytes,
      pid,
      processName,
    }));
}

/** The end of a span that no other file began. */
function removal(connection: Connection, span: Span): FileVersion[] {
  const row = connection.prepare<readonly [number, string, number | null, string | null]>(endSql).get([span.until]);
  if (row === undefined || !removals.has(row[1])) return [];
  const [atMicros, op, pid, processName] = row;
  return [{ event: span.until, atMicros, op: op === "rename" ? "moved" : "removed", ino: span.ino, sizeBytes: 0, pid, processName }];
}
