import type { Store } from "../../store/store.js";

/** A process that changed something. Times in microseconds since 1970. */
export interface ProcessRow {
  readonly pid: number;
  readonly parent: number | null;
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
  readonly executable: string | null;
  readonly arguments: readonly string[] | null;
  readonly directory: string | null;
  readonly host: string;
  readonly startedMicros: number | null;
  readonly events: number;
  readonly firstEvent: number;
  readonly firstMicros: number;
  readonly lastEvent: number;
  readonly lastMicros: number;
}

type Row = readonly [
  pid: number,
  parent: number | null,
  uid: number,
  gid: number,
  name: string,
  executable: string | null,
  args: string | null,
  directory: string | null,
  host: string,
  started: number,
  events: number,
  first: number,
  firstAt: number,
  last: number,
  lastAt: number,
];

const sql = `SELECT p.pid, p.parent, p.uid, p.gid, p.name, p.executable, p.arguments, p.directory, p.host, p.started,
    e.events, e.first, e.first_at, e.last, e.last_at
  FROM (SELECT process, count(*) AS events, min(id) AS first, min(at) AS first_at, max(id) AS last, max(at) AS last_at
    FROM event WHERE process IS NOT NULL AND ($1 IS NULL OR branch = $1) GROUP BY process) e
  JOIN process p ON p.id = e.process ORDER BY e.last`;

/** The processes that acted on a branch, or on any, by their last event. */
export function processRows(store: Store, branch: number | undefined): ProcessRow[] {
  return store.connection
    .prepare<Row>(sql)
    .all([branch ?? null])
    .map(rowOf);
}

function rowOf(row: Row): ProcessRow {
  const [pid, parent, uid, gid, name, executable, args, directory, host, started, events, firstEvent, firstMicros, lastEvent, lastMicros] =
    row;
  return {
    pid,
    parent,
    uid,
    gid,
    name,
    executable,
    arguments: args === null ? null : (JSON.parse(args) as string[]),
    directory,
    host,
    startedMicros: started === 0 ? null : started,
    events,
    firstEvent,
    firstMicros,
    lastEvent,
    lastMicros,
  };
}
