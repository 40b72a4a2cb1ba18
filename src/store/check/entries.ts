import { nameText } from "../../base/bytes.js";
import type { Connection } from "../../db/connection.js";
import { ownEntries, ownInodes, type ShownBranch, shownBranches } from "./lineage.js";
import { broken, type Check, type Problem, problemsPerInvariant } from "./problem.js";
import { isDirectory, isDirectorySql, typeOf } from "./types.js";

/** I6: entries lead from directories to inodes of their type. */
export const checkEntries: Check = (connection) => {
  const problems = trunkProblems(connection);
  for (const branch of shownBranches(connection)) {
    if (problems.length >= problemsPerInvariant) break;
    for (const message of branchProblems(connection, branch)) {
      problems.push({ invariant: "I6", message });
      if (problems.length >= problemsPerInvariant) break;
    }
  }
  return problems;
};

const placeless = (branch: number, parent: number, name: string): string =>
  `the entry ${name} of branch ${branch} lies in ${parent}, which is no directory`;
const mistyped = (branch: number, parent: number, name: string, ino: number): string =>
  `the entry ${name} in directory ${parent} of branch ${branch} names inode ${ino}, which is not there or of another type`;

function text(name: string): string {
  return JSON.stringify(nameText(name));
}

function trunkProblems(connection: Connection): Problem[] {
  const latin1 = (name: Uint8Array): string => Buffer.from(name).toString("latin1");
  return [
    ...broken<[number, Uint8Array]>(
      connection,
      "I6",
      `SELECT d.parent, d.name FROM dirent d LEFT JOIN inode i ON i.branch = d.branch AND i.ino = d.parent
       WHERE d.branch = 0 AND (i.ino IS NULL OR NOT (${isDirectorySql("i.mode")}))`,
      ([parent, name]) => placeless(0, parent, text(latin1(name))),
    ),
    ...broken<[number, Uint8Array, number]>(
      connection,
      "I6",
      `SELECT d.parent, d.name, d.ino FROM dirent d LEFT JOIN inode i ON i.branch = d.branch AND i.ino = d.ino
       WHERE d.branch = 0 AND d.ino IS NOT NULL AND (i.ino IS NULL OR i.mode / 4096 <> d.type)`,
      ([parent, name, ino]) => mistyped(0, parent, text(latin1(name)), ino),
    ),
  ];
}

function* branchProblems(connection: Connection, { id, lower, now }: ShownBranch): Generator<string> {
  for (const { parent, name, ino, type } of ownEntries(connection, id, "live")) {
    if (ino === null) continue;
    const directory = now.inode(parent);
    if (directory === undefined || !isDirectory(directory.mode) || directory.nlink === 0) yield placeless(id, parent, text(name));
    const inode = now.inode(ino);
    if (inode === undefined || typeOf(inode.mode) !== type) yield mistyped(id, parent, text(name), ino);
  }
  // An inherited entry that no row of the branch hides is at fault where the branch ended what it leads from, or made another thing of what it leads to.
  for (const { ino, mode, nlink } of ownInodes(connection, id, "live")) {
    const below = lower.inode(ino);
    if (below === undefined) continue;
    if (typeOf(below.mode) !== typeOf(mode)) {
      yield `inode ${ino} of branch ${id} is of type ${typeOf(mode)}, but of type ${typeOf(below.mode)} in its parent branch`;
    }
    if (isDirectory(mode) && nlink === 0) for (const { name } of now.list(ino, 0, 1)) yield placeless(id, ino, text(name));
  }
}
