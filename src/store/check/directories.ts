import type { Connection } from "../../db/connection.js";
import { rootIno, type Tree } from "../tree.js";
import { Balance, unevenInThePast } from "./balance.js";
import { ownEntries, ownInodes, type ShownBranch, shownBranches } from "./lineage.js";
import { broken, type Check, type Problem, problemsPerInvariant } from "./problem.js";
import { directoryType, isDirectory, isDirectorySql } from "./types.js";

/** I5: directories hang together, and lie where they say at every moment. */
export const checkReachability: Check = (connection) => {
  const problems = [...trunkNow(connection), ...trunkThen(connection)];
  for (const branch of shownBranches(connection)) {
    problems.push(...rootProblems(branch), ...placeProblems(connection, branch), ...unreached(connection, branch));
    if (problems.length >= problemsPerInvariant) break;
  }
  return problems;
};

const rootless = (branch: number): string => `branch ${branch} has no root directory`;
const rootlessThen = (branch: number, at: number): string => `branch ${branch} had no root directory as of @${at}`;
const unreachable = (branch: number, ino: number): string => `directory ${ino} of branch ${branch} is not reached from the root`;
const misplaced = (branch: number, ino: number, parent: number, count: number): string =>
  `directory ${ino} of branch ${branch} says it lies in ${parent}, which has ${count} entries for it`;
const misplacedThen = (branch: number, ino: number, parent: number, at: number): string =>
  `directory ${ino} of branch ${branch} did not lie in ${parent} as it said as of @${at}`;

function trunkNow(connection: Connection): Problem[] {
  // CROSS: SQLite then keeps this order. The other one reads all entries for each directory: a minute on a million files, not a second.
  return [
    ...broken<[number]>(
      connection,
      "I5",
      `SELECT id FROM branch WHERE id = 0 AND NOT EXISTS
         (SELECT 1 FROM inode i WHERE i.branch = 0 AND i.ino = ${rootIno} AND ${isDirectorySql("i.mode")})`,
      ([branch]) => rootless(branch),
    ),
    ...broken<[number]>(
      connection,
      "I5",
      `WITH RECURSIVE reached(ino) AS (
         SELECT ${rootIno} UNION SELECT d.ino FROM reached r CROSS JOIN dirent d WHERE d.branch = 0 AND d.parent = r.ino AND d.type = 4)
       SELECT i.ino FROM inode i
       WHERE i.branch = 0 AND ${isDirectorySql("i.mode")} AND i.nlink > 0 AND i.ino NOT IN (SELECT ino FROM reached)`,
      ([ino]) => unreachable(0, ino),
    ),
    ...broken<[number, number, number]>(
      connection,
      "I5",
      `SELECT i.ino, i.parent, count(d.ino) FROM inode i
       LEFT JOIN dirent d ON d.branch = i.branch AND d.parent = i.parent AND d.ino = i.ino
       WHERE i.branch = 0 AND ${isDirectorySql("i.mode")} AND i.nlink > 0 AND i.ino <> ${rootIno}
       GROUP BY i.ino, i.parent HAVING count(d.ino) <> 1`,
      ([ino, parent, count]) => misplaced(0, ino, parent, count),
    ),
  ];
}

function trunkThen(connection: Connection): Problem[] {
  const entries = `branch = 0 AND type = ${directoryType} AND ino IS NOT NULL`;
  const inodes = `branch = 0 AND nlink > 0 AND ${isDirectorySql("mode")}`;
  // The root has no entry, and lies in itself from the first event on.
  const change = `SELECT ${rootIno} AS ino, ${rootIno} AS parent, 1 AS at, 1 AS amount
    UNION ALL SELECT ino, parent, since, 1 FROM dirent WHERE ${entries}
    UNION ALL SELECT ino, parent, since, 1 FROM dirent_past WHERE ${entries}
    UNION ALL SELECT ino, parent, until, -1 FROM dirent_past WHERE ${entries}
    UNION ALL SELECT ino, parent, since, -1 FROM inode WHERE ${inodes}
    UNION ALL SELECT ino, parent, since, -1 FROM inode_past WHERE ${inodes}
    UNION ALL SELECT ino, parent, until, 1 FROM inode_past WHERE ${inodes}`;
  return broken<[number, number, number]>(connection, "I5", unevenInThePast(connection, "ino, parent", change), ([ino, parent, at]) =>
    ino === rootIno ? rootlessThen(0, at) : misplacedThen(0, ino, parent, at),
  );
}

function rootProblems({ id, now }: ShownBranch): Problem[] {
  const root = now.inode(rootIno);
  return root !== undefined && isDirectory(root.mode) && root.nlink > 0 ? [] : [{ invariant: "I5", message: rootless(id) }];
}

/** Directories whose only entry is not where they say: only those the branch has rows of its own for can differ from its parent. */
function placeProblems(connection: Connection, { id, lower, now }: ShownBranch): Problem[] {
  const balance = new Balance<string>(connection, id);
  const place = (ino: number, parent: number): string => `${ino} ${parent}`;
  for (const row of ownInodes(connection, id, "all")) {
    if (row.ino === rootIno || !isDirectory(row.mode)) continue;
    if (row.nlink > 0) balance.add(place(row.ino, row.parent), row, -1);
    const below = lower.inode(row.ino);
    if (below !== undefined && below.nlink > 0) balance.add(place(row.ino, below.parent), row, 1);
  }
  for (const row of ownEntries(connection, id, "all")) {
    if (row.ino !== null && row.type === directoryType) balance.add(place(row.ino, row.parent), row, 1);
    const below = lower.lookup(row.parent, row.name);
    if (below?.type === directoryType) balance.add(place(below.ino, row.parent), row, -1);
  }
  const problems: Problem[] = [];
  for (const { key, now: off, at } of balance.uneven()) {
    const [ino, parent] = key.split(" ").map(Number) as [number, number];
    if (off === 0) problems.push({ invariant: "I5", message: misplacedThen(id, ino, parent, at) });
    else {
      const says = now.inode(ino)?.parent ?? parent;
      problems.push({ invariant: "I5", message: misplaced(id, ino, says, now.namesIn(says, [ino]).length) });
    }
    if (problems.length >= problemsPerInvariant) break;
  }
  return problems;
}

/** Directories that the branch has an entry of its own for, and that what they lie in does not lead to the root. */
function unreached(connection: Connection, { id, now }: ShownBranch): Problem[] {
  const problems: Problem[] = [];
  const reached = new Set([rootIno]);
  for (const { ino, type } of ownEntries(connection, id, "live")) {
    if (ino === null || type !== directoryType || reaches(now, ino, reached)) continue;
    problems.push({ invariant: "I5", message: unreachable(id, ino) });
    if (problems.length >= problemsPerInvariant) break;
  }
  return problems;
}

function reaches(tree: Tree, ino: number, reached: Set<number>): boolean {
  const path = new Set<number>();
  for (let at: number | undefined = ino; at !== undefined && !path.has(at); at = tree.inode(at)?.parent) {
    if (reached.has(at)) {
      for (const each of path) reached.add(each);
      return true;
    }
    path.add(at);
  }
  return false;
}
