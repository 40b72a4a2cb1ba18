import type { Connection } from "../../db/connection.js";
import { storedExtents } from "../ranges.js";
import type { Tree } from "../tree.js";
import { ownInodes, type ShownBranch, shownBranches } from "./lineage.js";
import { broken, type Check, type Problem, problemsPerInvariant } from "./problem.js";
import { regularType, typeOf } from "./types.js";

/** I13: allocated bytes are counted right. */
export const checkAllocated: Check = (connection) => {
  const problems = trunkProblems(connection);
  for (const branch of shownBranches(connection)) {
    if (problems.length >= problemsPerInvariant) break;
    problems.push(...branchProblems(connection, branch));
  }
  return problems;
};

const miscounted = (branch: number, ino: number, allocated: number, bytes: number): string =>
  `inode ${ino} of branch ${branch} counts ${allocated} bytes allocated, but has ${bytes}`;

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

function storedBytes(tree: Tree, ino: number, size: number): number {
  let bytes = 0;
  for (const { length } of storedExtents(tree, ino, 0, size)) bytes += length;
  return bytes;
}
