/** Damage to branches, events, batches and intervals is found and named. */

import t from "tap";
import { planted } from "./healthy.js";

const branch = (id: number, parent: number | "NULL", at: number) =>
  `INSERT INTO branch (id, name, kind, made, parent, forked_at) VALUES (${id}, 'b${id}', 'branch', 1, ${parent}, ${at})`;

planted(t, "a branch without a parent", "I1", /b5\) should have a parent/, () => branch(5, "NULL", 1));
planted(t, "a branch forked in the future", "I1", /forked at event 999999/, () => branch(5, 0, 999_999));
planted(t, "branches that descend from each other", "I1", /does not descend from branch 0/, () => `${branch(5, 6, 1)}; ${branch(6, 5, 1)}`);

planted(t, "an event older than the one before it", "I2", /earlier than the event before it/, () => "UPDATE event SET at = 5 WHERE id = 3");
planted(
  t,
  "an event in no batch",
  "I2",
  /1 events lie in no batch/,
  () => "INSERT INTO event (id, at, branch, op, ino) SELECT 5000, max(at), 0, 'create', 2 FROM event",
);

planted(t, "an event changed afterwards", "I3", /does not have the digest/, () => "UPDATE event SET op = 'chmod' WHERE id = 2");
planted(
  t,
  "an event more than was sealed",
  "I3",
  /sealed \d+ events, but holds/,
  () => "UPDATE batch SET events = events - 1 WHERE id = 3",
);
planted(t, "batches that overlap", "I3", /overlaps batch/, () => 'UPDATE batch SET "first" = "first" - 1 WHERE id = 3');
planted(t, "a batch that follows from another one", "I3", /does not follow/, () => "UPDATE batch SET previous = zeroblob(32) WHERE id = 3");

planted(
  t,
  "a past row that never was true",
  "I12",
  /no interval of the past/,
  ({ file }) => `UPDATE inode_past SET until = since WHERE ino = ${file}`,
);
planted(t, "a past row that ends in the future", "I12", /no interval of the past/, () => "UPDATE dirent_past SET until = 999999");
planted(
  t,
  "two versions at once",
  "I12",
  /inode_past overlap/,
  ({ file }) =>
    `UPDATE inode_past SET until = until + 1 WHERE ino = ${file} AND since = (SELECT min(since) FROM inode_past WHERE ino = ${file})`,
);
planted(t, "a live row older than a past one", "I12", /a row of xattr is true since/, () => "UPDATE xattr SET since = 1");
planted(
  t,
  "a row from the future",
  "I12",
  /a row of extent is true since event 999999/,
  ({ inner }) => `UPDATE extent SET since = 999999 WHERE ino = ${inner}`,
);
planted(t, "an inode number never handed out", "I12", /was not handed out/, () => "UPDATE meta SET value = '3' WHERE key = 'next_ino'");
