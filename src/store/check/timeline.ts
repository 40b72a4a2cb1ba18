import type { Connection } from "../../db/connection.js";
import { type EventRow, eventColumns, eventOf } from "../events.js";
import { genesisDigest, sealDigest } from "../seal.js";
import { broken, type Check, type Problem, problemsPerInvariant } from "./problem.js";

/** I1: the branches form a tree. */
export const checkBranches: Check = (connection) => [
  ...broken<[number, string]>(
    connection,
    "I1",
    "SELECT id, name FROM branch WHERE (parent IS NULL) <> (id = 0)",
    ([id, name]) => `branch ${id} (${name}) should ${id === 0 ? "not " : ""}have a parent`,
  ),
  ...broken<[number, string, number]>(
    connection,
    "I1",
    'SELECT id, name, forked_at FROM branch WHERE forked_at > (SELECT coalesce(max("last"), 0) FROM batch)',
    ([id, name, at]) => `branch ${id} (${name}) was forked at event ${at}, which has not happened`,
  ),
  ...broken<[number, string]>(
    connection,
    "I1",
    `WITH RECURSIVE rooted(id) AS (SELECT 0 UNION SELECT b.id FROM rooted r JOIN branch b ON b.parent = r.id)
     SELECT id, name FROM branch WHERE id NOT IN (SELECT id FROM rooted)`,
    ([id, name]) => `branch ${id} (${name}) does not descend from branch 0`,
  ),
];

/** I2: the clock of events goes forward. That every event lies in a batch comes with I3. */
export const checkClock: Check = (connection) =>
  broken<[number, number, number]>(
    connection,
    "I2",
    "SELECT id, at, before FROM (SELECT id, at, lag(at) OVER (ORDER BY id) AS before FROM event) e WHERE at < before",
    ([id, at, before]) => `event ${id} is of time ${at}, earlier than the event before it (${before})`,
  );

type BatchRow = readonly [id: number, first: number, last: number, events: number, digest: Uint8Array, previous: Uint8Array];

/** I3 (and the second half of I2): batches follow one another, hold all events, and their digests chain. */
export const checkBatches: Check = (connection) => {
  const problems: Problem[] = [];
  const events = connection.prepare<EventRow>(`SELECT ${eventColumns} FROM event WHERE id >= $1 AND id <= $2 ORDER BY id`);
  const next = connection.prepare<BatchRow>(
    'SELECT id, "first", "last", events, digest, previous FROM batch WHERE id > $1 ORDER BY id LIMIT 1',
  );
  let before: BatchRow | undefined;
  let held = 0;
  for (let batch = next.get([-1]); batch !== undefined && problems.length < problemsPerInvariant; batch = next.get([batch[0]])) {
    const [id, first, last, count, digest, previous] = batch;
    problems.push(...linkProblems(before, batch));
    const found = events.all([first, last]);
    held += found.length;
    if (found.length > count) problems.push({ invariant: "I3", message: `batch ${id} sealed ${count} events, but holds ${found.length}` });
    if (found.length === count && !sealDigest(previous, found.map(eventOf)).equals(digest)) {
      problems.push({ invariant: "I3", message: `batch ${id} (events ${first} to ${last}) does not have the digest it was sealed with` });
    }
    before = batch;
  }
  const [total] = connection.prepare<readonly [number]>("SELECT count(*) FROM event").get([]) ?? [0];
  if (problems.length === 0 && total !== held) problems.push({ invariant: "I2", message: `${total - held} events lie in no batch` });
  return problems;
};

function linkProblems(before: BatchRow | undefined, batch: BatchRow): Problem[] {
  const [id, first, , , , previous] = batch;
  if (before !== undefined && first <= before[2]) return [{ invariant: "I3", message: `batch ${id} overlaps batch ${before[0]}` }];
  const follows = before === undefined ? id === 1 : before[0] === id - 1;
  if (!follows) return [];
  const expected = before === undefined ? genesisDigest : before[4];
  return Buffer.from(expected).equals(previous)
    ? []
    : [{ invariant: "I3", message: `batch ${id} does not follow from the batch before it` }];
}

const versioned: readonly { readonly name: string; readonly key: string }[] = [
  { name: "inode", key: "branch, ino" },
  { name: "dirent", key: "branch, parent, name" },
  { name: "extent", key: 'branch, ino, "offset"' },
  { name: "xattr", key: "branch, ino, name" },
];

/** I12: the versions of a key follow one another. */
export const checkIntervals: Check = (connection) => [
  ...versioned.flatMap(({ name, key }) => intervalProblems(connection, name, key)),
  ...broken<[number, number]>(
    connection,
    "I12",
    "SELECT branch, ino FROM inode WHERE ino >= (SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'next_ino')",
    ([branch, ino]) => `inode ${ino} of branch ${branch} has a number that was not handed out`,
  ),
];

function intervalProblems(connection: Connection, name: string, key: string): Problem[] {
  const newest = '(SELECT coalesce(max("last"), 0) FROM batch)';
  const same = key
    .split(", ")
    .map((column) => `p.${column} = l.${column}`)
    .join(" AND ");
  return [
    ...broken<[number, number]>(
      connection,
      "I12",
      `SELECT since, until FROM ${name}_past WHERE since >= until OR until > ${newest}`,
      ([since, until]) => `a row of ${name}_past is true from event ${since} until ${until}, which is no interval of the past`,
    ),
    ...broken<[number, number]>(
      connection,
      "I12",
      `SELECT since, before FROM (SELECT since, lag(until) OVER (PARTITION BY ${key} ORDER BY since) AS before FROM ${name}_past) v WHERE since < before`,
      ([since, before]) => `two versions of one key in ${name}_past overlap: one begins at ${since}, the one before ends at ${before}`,
    ),
    ...broken<[number]>(
      connection,
      "I12",
      `SELECT l.since FROM ${name} l WHERE l.since > ${newest} OR EXISTS (SELECT 1 FROM ${name}_past p WHERE ${same} AND p.until > l.since)`,
      ([since]) => `a row of ${name} is true since event ${since}, which has not happened or lies before the end of an older version`,
    ),
  ];
}
