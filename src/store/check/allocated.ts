import type { Connection } from "../../db/connection.js";
import { mainBranch } from "../branches.js";
import { storedExtents } from "../ranges.js";
import type { Tree } from "../tree.js";
import { keptMoments, shownFrom, shownFromSql } from "./kept.js";
import { ownInodes, type ShownBranch, shownBranches } from "./lineage.js";
import { broken, type Check, type Problem, problemsPerInvariant } from "./problem.js";
import { regularType, typeOf } from "./types.js";

/** I13: allocated bytes are counted right, now and at every moment before the horizon that is kept. */
export const checkAllocated: Check = (connection) => {
  const problems = [...trunkProblems(connection), ...trunkThen(connection)];
  for (const branch of shownBranches(connection)) {
    if (problems.length >= problemsPerInvariant) break;
    problems.push(...branchProblems(connection, branch), ...branchThen(connection, branch));
  }
  return problems;
};

const miscounted = (branch: number, ino: number, allocated: number, bytes: number): string =>
  `inode ${ino} of branch ${branch} counts ${allocated} bytes allocated, but has ${bytes}`;

const miscountedThen = (branch: number, ino: number, at: number, allocated: number, bytes: number): string =>
  `inode ${ino} of branch ${branch} counted ${allocated} bytes allocated as of @${at}, but has ${bytes}`;

function trunkProblems(connection: Connection): Problem[] {
  return broken<[number, number, number]>(
    connection,
    "I13",
    `SELECT i.ino, i.allocated, coalesce(e.bytes, 0) FROM inode i
     LEFT JOIN (SELECT ino, sum(length) AS bytes FROM extent WHERE branch = 0 AND blob IS NOT NULL GROUP BY ino) e ON e.ino = i.ino
     WHERE i.branch = 0 AND i.nlink > 0 AND i.allocated <> coalesce(e.bytes, 0)`,
    ([ino, allocated, bytes]) => miscounted(0, ino, allocated, bytes),
  );
}

/** Of a version only what lies within its size counts: what was appended later may lie in the same extent. */
function trunkThen(connection: Connection): Problem[] {
  const kept = keptMoments(connection, mainBranch);
  const extents = (table: string, until: string): string =>
    `SELECT v.ino, v.moment, v.allocated, CASE WHEN e."offset" + e.length > v.size THEN v.size - e."offset" ELSE e.length END
     FROM version v JOIN ${table} e ON e.branch = 0 AND e.ino = v.ino
     WHERE e.blob IS NOT NULL AND e."offset" < v.size AND e.since <= v.moment ${until}`;
  return broken<[number, number, number, number]>(
    connection,
    "I13",
    `WITH version AS (SELECT * FROM (SELECT ino, size, allocated, until, ${shownFromSql(kept, "since")} AS moment
         FROM inode_past WHERE branch = 0 AND nlink > 0 AND since <= $1) p WHERE moment < until)
     SELECT ino, moment, allocated, sum(bytes) FROM
       (SELECT ino, moment, allocated, 0 AS bytes FROM version
        UNION ALL ${extents("extent", "")} UNION ALL ${extents("extent_past", "AND e.until > v.moment")}) b
     GROUP BY ino, moment, allocated HAVING allocated <> sum(bytes)`,
    ([ino, at, allocated, bytes]) => miscountedThen(0, ino, at, allocated, bytes),
    [kept[kept.length - 1] ?? 0],
  );
}

/** What a branch has no row of its own for is its parent's, which counts right. */
function branchProblems(connection: Connection, { id, now }: ShownBranch): Problem[] {
  const problems: Problem[] = [];
  for (const { ino, mode, nlink, size, allocated } of ownInodes(connection, id, "live")) {
    if (nlink === 0) continue;
    const bytes = typeOf(mode) === regularType ? storedBytes(now, ino, size) : 0;
    if (bytes !== allocated) problems.push({ invariant: "I13", message: miscounted(id, ino, allocated, bytes) });
    if (problems.length >= problemsPerInvariant) break;
  }
  return problems;
}

function branchThen(connection: Connection, { id, at }: ShownBranch): Problem[] {
  const problems: Problem[] = [];
  const kept = keptMoments(connection, id);
  const horizon = kept[kept.length - 1] ?? 0;
  for (const { ino, since, until, mode, nlink, size, allocated } of ownInodes(connection, id, "all")) {
    const moment = shownFrom(kept, since);
    if (until === undefined || moment > horizon || moment >= until || nlink === 0) continue;
    const bytes = typeOf(mode) === regularType ? storedBytes(at(moment), ino, size) : 0;
    if (bytes !== allocated) problems.push({ invariant: "I13", message: miscountedThen(id, ino, moment, allocated, bytes) });
    if (problems.length >= problemsPerInvariant) break;
  }
  return problems;
}

function storedBytes(tree: Tree, ino: number, size: number): number {
  let bytes = 0;
  for (const { length } of storedExtents(tree, ino, 0, size)) bytes += length;
  return bytes;
}
