/** Damage to directories, link counts and attributes is found and named. */
import t from "tap";
import { planted } from "./healthy.js";

planted(
  t,
  "a file that counts too many links",
  "I4",
  /counts 2 links, but 1 names/,
  ({ file }) => `UPDATE inode SET nlink = 2 WHERE ino = ${file}`,
);
planted(
  t,
  "a directory that counts too few",
  "I4",
  /directory \d+ of branch 0 counts 1 links, but should 2/,
  ({ directory }) => `UPDATE inode SET nlink = 1 WHERE ino = ${directory}`,
);
planted(
  t,
  "a root that counts too many",
  "I4",
  /directory 1 of branch 0 counts 7 links, but should 3/,
  () => "UPDATE inode SET nlink = 7 WHERE ino = 1",
);
planted(t, "a file whose name is gone", "I4", /counts 1 links, but 0 names/, () => "DELETE FROM dirent WHERE name = x'66696c65'");

planted(t, "no root directory", "I5", /no root directory/, () => "DELETE FROM inode WHERE ino = 1");
planted(
  t,
  "a directory nothing leads to",
  "I5",
  /is not reached from the root/,
  ({ directory }) => `DELETE FROM dirent WHERE ino = ${directory}`,
);
planted(
  t,
  "a directory in a loop of its own",
  "I5",
  /is not reached from the root/,
  ({ directory }) =>
    `UPDATE dirent SET parent = ${directory} WHERE ino = ${directory}; UPDATE inode SET parent = ino WHERE ino = ${directory}`,
);
planted(
  t,
  "a directory that says it lies elsewhere",
  "I5",
  /says it lies in 77, which has 0 entries/,
  ({ directory }) => `UPDATE inode SET parent = 77 WHERE ino = ${directory}`,
);

planted(
  t,
  "an entry in what is no directory",
  "I6",
  /lies in \d+, which is no directory/,
  ({ file, inner }) => `UPDATE dirent SET parent = ${file} WHERE ino = ${inner}`,
);
planted(
  t,
  "an entry in what is not there",
  "I6",
  /lies in 77, which is no directory/,
  ({ inner }) => `UPDATE dirent SET parent = 77 WHERE ino = ${inner}`,
);
planted(
  t,
  "an entry that names nothing",
  "I6",
  /names inode 77, which is not there/,
  ({ inner }) => `UPDATE dirent SET ino = 77 WHERE ino = ${inner}`,
);
planted(
  t,
  "an entry of another type",
  "I6",
  /"file" in directory 1 .* of another type/,
  ({ file }) => `UPDATE dirent SET type = 10 WHERE ino = ${file}`,
);

planted(t, "an attribute of nothing", "I9", /belongs to inode 77, which never was/, () => "UPDATE xattr SET ino = 77");
planted(t, "an attribute too large", "I9", /beyond the limits/, () => "UPDATE xattr SET value = zeroblob(65537)");
planted(t, "an attribute with too long a name", "I9", /beyond the limits/, () => "UPDATE xattr SET name = zeroblob(256)");
planted(t, "an attribute without a name", "I9", /beyond the limits/, () => "UPDATE xattr SET name = x''");
planted(t, "an attribute without a namespace", "I9", /beyond the limits/, () => "UPDATE xattr SET name = x'78797a'");
planted(t, "a past attribute too large", "I9", /beyond the limits/, () => "UPDATE xattr_past SET value = zeroblob(65537)");
