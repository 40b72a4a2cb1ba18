/** Damage to extents and blobs is found and named. */
import t from "tap";
import { planted } from "./healthy.js";

const overlap = (file: number, since: string, table: string, more: string) =>
  `INSERT INTO ${table} SELECT branch, ino, "offset" + 1, ${since}, length, blob, blob_offset ${more} FROM extent WHERE ino = ${file} AND "offset" = 0`;

planted(t, "extents that overlap", "I7", /overlaps the one before it/, ({ file }) => overlap(file, "since", "extent", ""));
planted(
  t,
  "an extent beyond the end of the file",
  "I7",
  /reaches beyond the end/,
  ({ inner }) => `UPDATE inode SET size = 2 WHERE ino = ${inner}`,
);
planted(t, "an extent of no length", "I7", /impossible length/, ({ inner }) => `UPDATE extent SET length = 0 WHERE ino = ${inner}`);
planted(t, "an extent too long", "I7", /impossible length/, ({ inner }) => `UPDATE extent SET length = 262145 WHERE ino = ${inner}`);
planted(
  t,
  "past extents that overlapped",
  "I7",
  /overlapped another one in the past/,
  ({ file }) =>
    `INSERT INTO extent_past SELECT branch, ino, "offset" + 2, since, length, blob, blob_offset, until FROM extent_past WHERE ino = ${file}`,
);
planted(
  t,
  "a live extent that overlaps a past one of its time",
  "I7",
  /overlapped another one in the past/,
  ({ file }) => `UPDATE extent SET since = (SELECT min(since) FROM extent_past WHERE ino = ${file}) WHERE ino = ${file} AND "offset" = 4`,
);
planted(
  t,
  "a past extent beyond the end of the file",
  "I7",
  /began beyond the end of the file in the past/,
  ({ file }) => `UPDATE inode_past SET size = 0 WHERE ino = ${file}`,
);
planted(
  t,
  "an extent still live beyond the end of a removed file",
  "I7",
  /began beyond the end of the file in the past/,
  ({ removed }) => `UPDATE inode_past SET size = 0 WHERE ino = ${removed} AND size > 0`,
);

planted(
  t,
  "an extent that points beyond its blob",
  "I8",
  /beyond the end of its blob/,
  ({ inner }) => `UPDATE extent SET blob_offset = 3 WHERE ino = ${inner}`,
);
planted(
  t,
  "an extent that points before its blob",
  "I8",
  /beyond the end of its blob/,
  ({ inner }) => `UPDATE extent SET blob_offset = -1 WHERE ino = ${inner}`,
);

planted(
  t,
  "a blob that is missing",
  "I10",
  /which is missing/,
  ({ inner }) => `DELETE FROM blob WHERE id = (SELECT blob FROM extent WHERE ino = ${inner})`,
);
planted(
  t,
  "a blob whose bytes changed",
  "I10",
  /is damaged: its bytes do not have the checksum/,
  () => "UPDATE blob SET data = zeroblob(length) WHERE id = 1",
);
planted(t, "a blob cut short", "I10", /has 1 bytes instead of/, () => "UPDATE blob SET data = x'00' WHERE id = 1");
planted(t, "a blob of an unknown codec", "I10", /codec 9, which there is not/, () => "UPDATE blob SET codec = 9 WHERE id = 1");

planted(
  t,
  "a blob left over",
  "I11",
  /no extent points to blob 1000/,
  () => "INSERT INTO blob (id, checksum, length, codec, data) SELECT 1000, checksum, length, codec, data FROM blob LIMIT 1",
);

planted(
  t,
  "a file that counts too much",
  "I13",
  /counts 6 bytes allocated, but has 5/,
  ({ inner }) => `UPDATE inode SET allocated = 6 WHERE ino = ${inner}`,
);
planted(
  t,
  "a directory that counts bytes",
  "I13",
  /counts 1 bytes allocated, but has 0/,
  ({ directory }) => `UPDATE inode SET allocated = 1 WHERE ino = ${directory}`,
);

planted(
  t,
  "a file that counts its allocated bytes wrong",
  "I13",
  /counts 6 bytes allocated, but has 5/,
  ({ inner }) => `UPDATE inode SET allocated = allocated + 1 WHERE ino = ${inner}`,
);
