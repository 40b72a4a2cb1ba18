import { type Name, nameOf } from "../base/bytes.js";
import type { Connection } from "../db/connection.js";
import { rootIno } from "./tree.js";

/** One version of what a path was. */
export interface FileVersion {
  /** The event that made it, and the branch it was made on: the one asked about, one it descends from, or one that was merged. */
  readonly event: number;
  readonly branch: number;
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
    (SELECT since, size, nlink FROM inode WHERE branch = $1 AND ino = $2
      UNION ALL SELECT since, size, nlink FROM inode_past WHERE branch = $1 AND ino = $2) v
  LEFT JOIN event e ON e.id = v.since LEFT JOIN process p ON p.id = e.process
  WHERE v.since < $3 AND v.since <= $4 AND v.nlink >= $5 ORDER BY v.since`;

const renameSql = "SELECT parent, name FROM event WHERE id = $1 AND op = 'rename' AND to_parent = $2 AND to_name = $3";

const touchedSql = "SELECT parent, name FROM touched WHERE event = $1 AND ino = 0";

const endSql = "SELECT e.branch, e.at, e.op, p.pid, p.name FROM event e LEFT JOIN process p ON p.id = e.process WHERE e.id = $1";

/**
 * The versions of what a path of a branch has been, oldest first: every file that bore the name, for as long as it did, and the
 * removal in between. The file's versions before it came to the name by a rename are part of it, and so is what was before the
 * branch was forked, and what it went through in the branches that were merged. Empty when it never was anything. Everything must have been committed or drained.
 * @param path the components from the root
 */
export function fileHistory(connection: Connection, branch: number, path: readonly Name[]): FileVersion[] {
  const levels = levelsOf(connection, { branch, upTo: forever });
  const name = path[path.length - 1];
  if (name === undefined) return versionsOf(connection, levels, always(rootIno), 0);
  const versions: FileVersion[] = [];
  for (const parent of directoriesOf(connection, levels, path.slice(0, -1))) {
    const spans = spansOf(connection, levels, parent, name);
    for (const span of spans) {
      const from = cameByRename(connection, levels, span, parent.ino, name) ? 0 : span.named;
      // Not by spread: a log that was appended to has more versions than a call may have arguments.
      for (const version of versionsOf(connection, levels, span, from)) versions.push(version);
      const replaced = spans.some(({ since }) => since === span.until);
      if (span.until !== forever && !replaced) versions.push(...removal(connection, span));
    }
  }
  const all = versions.concat(mergedVersions(connection, versions, levels));
  return all.sort((a, b) => a.event - b.event).filter(({ event }, index) => all[index - 1]?.event !== event);
}

/** An inode whatever its names. */
function always(ino: number): Span {
  return { ino, named: 0, since: 0, until: forever };
}

/** A branch up to an event and those it descends from, the youngest first. */
function levelsOf(connection: Connection, top: Level): Level[] {
  const statement = connection.prepare<readonly [number | null, number]>("SELECT parent, forked_at FROM branch WHERE id = $1");
  const levels: Level[] = [];
  let below: number | null = top.branch;
  for (let { upTo } = top; below !== null; ) {
    levels.push({ branch: below, upTo });
    const [parent, forkedAt]: readonly [number | null, number] = statement.get([below]) ?? [null, 0];
    upTo = Math.min(upTo, forkedAt);
    below = parent;
  }
  return levels;
}

/** Every directory that a path of components led to, with the time it did. */
function directoriesOf(connection: Connection, levels: readonly Level[], path: readonly Name[]): Span[] {
  let spans = [always(rootIno)];
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

/** Whether the file came to this name from another one, which then is part of its history: by rename(2), or by a merge or a restore. */
function cameByRename(connection: Connection, levels: readonly Level[], { ino, named }: Span, parent: number, name: Name): boolean {
  if (connection.prepare(renameSql).get([named, parent, Buffer.from(name, "latin1")]) !== undefined) return true;
  const touched = connection.prepare<readonly [number, Uint8Array]>(touchedSql).all([named]);
  return touched.some(([directory, bytes]) =>
    spansOf(connection, levels, always(directory), nameOf(bytes)).some((old) => old.ino === ino && old.until === named),
  );
}

function versionsOf(connection: Connection, levels: readonly Level[], span: Span, from: number): FileVersion[] {
  const all = levels.flatMap((level) => levelVersions(connection, level, { ...span, leastLinks: 0 }));
  return all.filter(({ event }) => event >= from);
}

/** Which versions of an inode are looked for: those before `until` with so many names. */
interface Wanted {
  readonly ino: number;
  readonly until: number;
  readonly leastLinks: number;
}

/** What one branch itself made of an inode. */
function levelVersions(connection: Connection, { branch, upTo }: Level, { ino, until, leastLinks }: Wanted): FileVersion[] {
  return connection
    .prepare<VersionRow>(versionsSql)
    .all([branch, ino, until, upTo, leastLinks])
    .map(([event, sizeBytes, at, op, pid, processName]) => {
      return { event, branch, atMicros: at ?? 0, op: op ?? "kept", ino, sizeBytes, pid, processName };
    });
}

/**
 * What files went through in the branches from which merges brought it, and those that were merged into them.
 * @param own what the branch shows that was asked about: what it has in common with the source is told already
 */
function mergedVersions(connection: Connection, versions: readonly FileVersion[], own: readonly Level[]): FileVersion[] {
  const mergeOf = connection.prepare<readonly [number, number]>("SELECT source, source_event FROM merge WHERE event = $1");
  const known = new Set(versions.map(({ event }) => event));
  const found: FileVersion[] = [];
  // It grows while it is gone through.
  const waiting = [...versions];
  for (const { event, ino } of waiting) {
    const merge = mergeOf.get([event]);
    if (merge === undefined) continue;
    const [branch, upTo] = merge;
    for (const level of levelsOf(connection, { branch, upTo })) {
      const shown = own.find((other) => other.branch === level.branch)?.upTo ?? 0;
      for (const twin of twinsOf(connection, ino)) {
        // A version without a name is the end of what the branch inherited.
        for (const version of levelVersions(connection, level, { ino: twin, until: forever, leastLinks: 1 })) {
          if (version.event <= shown || known.has(version.event)) continue;
          known.add(version.event);
          found.push(version);
          waiting.push(version);
        }
      }
    }
  }
  return found;
}

/** The inodes that merges took for one file with this one, itself first. */
function twinsOf(connection: Connection, ino: number): Iterable<number> {
  const statement = connection.prepare<readonly [number]>(
    "SELECT twin FROM twin WHERE ino = $1 UNION SELECT ino FROM twin WHERE twin = $1",
  );
  const found = new Set([ino]);
  for (const member of found) for (const [twin] of statement.all([member])) found.add(twin);
  return found;
}

/** The end of a span that no other file began. */
function removal(connection: Connection, span: Span): FileVersion[] {
  const row = connection.prepare<readonly [number, number, string, number | null, string | null]>(endSql).get([span.until]);
  if (row === undefined || !removals.has(row[2])) return [];
  const [branch, atMicros, op, pid, processName] = row;
  const told = op === "rename" ? "moved" : "removed";
  return [{ event: span.until, branch, atMicros, op: told, ino: span.ino, sizeBytes: 0, pid, processName }];
}
