import { nameText } from "../../base/bytes.js";
import { broken, type Check } from "./problem.js";

function text(name: Uint8Array): string {
  return JSON.stringify(nameText(Buffer.from(name).toString("latin1")));
}

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
