import { nameText } from "../../base/bytes.js";
import { rootIno } from "../tree.js";
import { broken, type Check } from "./problem.js";

/** File type 4 in the mode's bits above the twelfth: a directory. */
const isDirectory = "i.mode / 4096 = 4";

function text(name: Uint8Array): string {
  return JSON.stringify(nameText(Buffer.from(name).toString("latin1")));
}

/** I4: link counts are those of the entries. */
export const checkLinkCounts: Check = (connection) => [
  ...broken<[number, number, number, number]>(
    connection,
    "I4",
    `SELECT i.branch, i.ino, i.nlink, coalesce(n.links, 0) FROM inode i
     LEFT JOIN (SELECT branch, ino, count(*) AS links FROM dirent WHERE ino IS NOT NULL GROUP BY branch, ino) n
       ON n.branch = i.branch AND n.ino = i.ino
     WHERE NOT (${isDirectory}) AND i.branch = 0 AND i.nlink <> coalesce(n.links, 0)`,
    ([branch, ino, nlink, links]) => `inode ${ino} of branch ${branch} counts ${nlink} links, but ${links} names lead to it`,
  ),
  ...broken<[number, number, number, number]>(
    connection,
    "I4",
    `SELECT i.branch, i.ino, i.nlink, 2 + coalesce(n.links, 0) FROM inode i
     LEFT JOIN (SELECT branch, parent, count(*) AS links FROM dirent WHERE type = 4 AND ino IS NOT NULL GROUP BY branch, parent) n
       ON n.branch = i.branch AND n.parent = i.ino
     WHERE ${isDirectory} AND i.branch = 0 AND i.nlink <> 0 AND i.nlink <> 2 + coalesce(n.links, 0)`,
    ([branch, ino, nlink, links]) => `directory ${ino} of branch ${branch} counts ${nlink} links, but should ${links}`,
  ),
];

/** I5: directories hang together. */
export const checkReachability: Check = (connection) => [
  ...broken<[number]>(
    connection,
    "I5",
    `SELECT id FROM branch WHERE id = 0 AND NOT EXISTS (SELECT 1 FROM inode i WHERE i.branch = 0 AND i.ino = ${rootIno} AND ${isDirectory})`,
    ([branch]) => `branch ${branch} has no root directory`,
  ),
  ...broken<[number]>(
    connection,
    "I5",
    `WITH RECURSIVE reached(ino) AS (
       SELECT ${rootIno} UNION SELECT d.ino FROM reached r JOIN dirent d ON d.branch = 0 AND d.parent = r.ino AND d.type = 4)
     SELECT i.ino FROM inode i WHERE i.branch = 0 AND ${isDirectory} AND i.nlink > 0 AND i.ino NOT IN (SELECT ino FROM reached)`,
    ([ino]) => `directory ${ino} is not reached from the root`,
  ),
  ...broken<[number, number, number]>(
    connection,
    "I5",
    `SELECT i.ino, i.parent, count(d.ino) FROM inode i
     LEFT JOIN dirent d ON d.branch = i.branch AND d.parent = i.parent AND d.ino = i.ino
     WHERE i.branch = 0 AND ${isDirectory} AND i.nlink > 0 AND i.ino <> ${rootIno} GROUP BY i.ino, i.parent HAVING count(d.ino) <> 1`,
    ([ino, parent, count]) => `directory ${ino} says it lies in ${parent}, which has ${count} entries for it`,
  ),
];

/** I6: entries lead from directories to inodes of their type. */
export const checkEntries: Check = (connection) => [
  ...broken<[number, number, Uint8Array]>(
    connection,
    "I6",
    `SELECT d.branch, d.parent, d.name FROM dirent d LEFT JOIN inode i ON i.branch = d.branch AND i.ino = d.parent
     WHERE d.branch = 0 AND (i.ino IS NULL OR NOT (${isDirectory}))`,
    ([branch, parent, name]) => `the entry ${text(name)} of branch ${branch} lies in ${parent}, which is no directory`,
  ),
  ...broken<[number, number, Uint8Array, number]>(
    connection,
    "I6",
    `SELECT d.branch, d.parent, d.name, d.ino FROM dirent d LEFT JOIN inode i ON i.branch = d.branch AND i.ino = d.ino
     WHERE d.branch = 0 AND d.ino IS NOT NULL AND (i.ino IS NULL OR i.mode / 4096 <> d.type)`,
    ([branch, parent, name, ino]) =>
      `the entry ${text(name)} in directory ${parent} of branch ${branch} names inode ${ino}, which is not there or of another type`,
  ),
];

/** I9: attributes belong to inodes and keep their limits. */
export const checkAttributes: Check = (connection) => [
  ...broken<[number, number, Uint8Array]>(
    connection,
    "I9",
    `SELECT x.branch, x.ino, x.name FROM xattr x
     WHERE NOT EXISTS (SELECT 1 FROM inode i WHERE i.branch = x.branch AND i.ino = x.ino)
       AND NOT EXISTS (SELECT 1 FROM inode_past p WHERE p.branch = x.branch AND p.ino = x.ino)`,
    ([branch, ino, name]) => `the attribute ${text(name)} of branch ${branch} belongs to inode ${ino}, which never was`,
  ),
  ...["xattr", "xattr_past"].flatMap((table) =>
    broken<[number, number, Uint8Array]>(
      connection,
      "I9",
      `SELECT branch, ino, name FROM ${table} WHERE length(name) = 0 OR length(name) > 255 OR coalesce(length(value), 0) > 65536
         OR NOT (substr(name, 1, 5) = $1 OR substr(name, 1, 8) = $2 OR substr(name, 1, 9) = $3
           OR name = $4 OR name = $5)`,
      ([branch, ino, name]) => `the attribute ${text(name)} of inode ${ino}, branch ${branch}, is beyond the limits`,
      ["user.", "trusted.", "security.", "system.posix_acl_access", "system.posix_acl_default"].map((namespace) => Buffer.from(namespace)),
    ),
  ),
];
