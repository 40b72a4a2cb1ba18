import type { Connection } from "../../db/connection.js";
import { Balance, unevenInThePast } from "./balance.js";
import { type EntryRow, type InodeRow, ownEntries, ownInodes, type ShownBranch, shownBranches } from "./lineage.js";
import { broken, type Check, type Problem, problemsPerInvariant } from "./problem.js";
import { directoryType, isDirectory, isDirectorySql } from "./types.js";

/** I4: link counts are those of the entries, now and at every moment. */
export const checkLinkCounts: Check = (connection) => {
  const problems = [...trunkNow(connection), ...trunkThen(connection)];
  for (const branch of shownBranches(connection)) {
    problems.push(...branchProblems(connection, branch));
    if (problems.length >= problemsPerInvariant) break;
  }
  return problems;
};

const miscounted = (branch: number, ino: number, nlink: number, links: number): string =>
  `inode ${ino} of branch ${branch} counts ${nlink} links, but ${links} names lead to it`;
const miscountedDirectory = (branch: number, ino: number, nlink: number, links: number): string =>
  `directory ${ino} of branch ${branch} counts ${nlink} links, but should ${links}`;
const miscountedThen = (branch: number, ino: number, at: number): string =>
  `inode ${ino} of branch ${branch} counted its links wrong as of @${at}`;

function trunkNow(connection: Connection): Problem[] {
  return [
    ...broken<[number, number, number]>(
      connection,
      "I4",
      `SELECT i.ino, i.nlink, coalesce(n.links, 0) FROM inode i
       LEFT JOIN (SELECT ino, count(*) AS links FROM dirent WHERE branch = 0 AND ino IS NOT NULL GROUP BY ino) n ON n.ino = i.ino
       WHERE NOT (${isDirectorySql("i.mode")}) AND i.branch = 0 AND i.nlink <> coalesce(n.links, 0)`,
      ([ino, nlink, links]) => miscounted(0, ino, nlink, links),
    ),
    ...broken<[number, number, number]>(
      connection,
      "I4",
      `SELECT i.ino, i.nlink, 2 + coalesce(n.links, 0) FROM inode i
       LEFT JOIN (SELECT parent, count(*) AS links FROM dirent WHERE branch = 0 AND type = 4 AND ino IS NOT NULL GROUP BY parent) n
         ON n.parent = i.ino
       WHERE ${isDirectorySql("i.mode")} AND i.branch = 0 AND i.nlink <> 0 AND i.nlink <> 2 + coalesce(n.links, 0)`,
      ([ino, nlink, links]) => miscountedDirectory(0, ino, nlink, links),
    ),
  ];
}

function trunkThen(connection: Connection): Problem[] {
  const files = "branch = 0 AND ino IS NOT NULL AND type <> 4";
  const directories = "branch = 0 AND ino IS NOT NULL AND type = 4";
  const links = `CASE WHEN ${isDirectorySql("mode")} AND nlink > 0 THEN nlink - 2 ELSE nlink END`;
  const change = `SELECT ino, since AS at, 1 AS amount FROM dirent WHERE ${files}
    UNION ALL SELECT ino, since, 1 FROM dirent_past WHERE ${files} UNION ALL SELECT ino, until, -1 FROM dirent_past WHERE ${files}
    UNION ALL SELECT parent, since, 1 FROM dirent WHERE ${directories}
    UNION ALL SELECT parent, since, 1 FROM dirent_past WHERE ${directories} UNION ALL SELECT parent, until, -1 FROM dirent_past WHERE ${directories}
    UNION ALL SELECT ino, since, -${links} FROM inode WHERE branch = 0
    UNION ALL SELECT ino, since, -${links} FROM inode_past WHERE branch = 0 UNION ALL SELECT ino, until, ${links} FROM inode_past WHERE branch = 0`;
  return broken<[number, number]>(connection, "I4", unevenInThePast(connection, "ino", change), ([ino, at]) => miscountedThen(0, ino, at));
}

/** Only what the branch has rows of its own for can differ from its parent, which counts right as of the fork. */
function branchProblems(connection: Connection, branch: ShownBranch): Problem[] {
  const balance = new Balance<number>(connection, branch.id);
  for (const row of ownInodes(connection, branch.id, "all")) {
    balance.add(row.ino, row, -counted(row));
    const below = branch.lower.inode(row.ino);
    if (below !== undefined) balance.add(row.ino, row, counted(below));
  }
  for (const row of ownEntries(connection, branch.id, "all")) {
    addEntry(balance, row, row.ino, row.type, 1);
    const below = branch.lower.lookup(row.parent, row.name);
    if (below !== undefined) addEntry(balance, row, below.ino, below.type, -1);
  }
  const problems: Problem[] = [];
  for (const { key, now, at } of balance.uneven()) {
    const inode = branch.now.inode(key);
    if (now === 0) problems.push({ invariant: "I4", message: miscountedThen(branch.id, key, at) });
    else if (inode !== undefined) {
      const told = isDirectory(inode.mode) ? miscountedDirectory : miscounted;
      const right = (isDirectory(inode.mode) ? 2 + counted(inode) : inode.nlink) + now;
      problems.push({ invariant: "I4", message: told(branch.id, key, inode.nlink, right) });
    }
    if (problems.length >= problemsPerInvariant) break;
  }
  return problems;
}

function addEntry(balance: Balance<number>, row: EntryRow, ino: number | null, type: number, amount: number): void {
  if (ino !== null) balance.add(type === directoryType ? row.parent : ino, row, amount);
}

/** How many names an inode says there are: of a file its own, of a directory those of the directories in it. */
function counted({ mode, nlink }: Pick<InodeRow, "mode" | "nlink">): number {
  return isDirectory(mode) && nlink > 0 ? nlink - 2 : nlink;
}
