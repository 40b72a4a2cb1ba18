/** Damage to what retention keeps of the time before its horizon (snapshots, fork points, bases of merges) is found and named. */
import t, { type Test } from "tap";
import { checkDatabase } from "../../../src/store/check/check.js";
import { collectGarbage } from "../../../src/store/gc.js";
import { takeSnapshot } from "../../../src/store/snapshots.js";
import type { Store } from "../../../src/store/store.js";
import { type Files, forked, merge } from "../../history/files.js";
import { numberOf } from "../database.js";

interface Kept {
  readonly store: Store;
  /** Inodes of the trunk that are gone since, or changed. */
  readonly gone: number;
  readonly moved: number;
  readonly text: number;
  /** A file of the branch, which changed after it was merged. */
  readonly merged: number;
  readonly feat: Files;
}

/** A trunk whose snapshot, and a branch of which what was merged, are all that is left of the time before the horizon. */
function kept(t: Test): Kept {
  const { store, main, feat } = forked(t, (main) =>
    main.write("gone", "g").mkdir("d").mkdir("d/moved").write("text", "one").write("x", "1").write("x", "2"),
  );
  const [gone, moved, text] = [main.ino("gone"), main.ino("d/moved"), main.ino("text")];
  main.mkdir("later");
  takeSnapshot(store, main.branch, "kept", null, null);
  main.rm("gone").mv("d/moved", "moved").write("text", "three").write("x", "3");
  feat.write("f", "f").write("x", "feat").mkdir("e");
  const merged = feat.ino("f");
  merge(feat, main, "theirs");
  feat.write("f", "longer").mkdir("e/inner");
  main.write("x", "4");
  collectGarbage(store, 0, []);
  return { store, gone, moved, text, merged, feat };
}

function planted(t: Test, what: string, number: string, words: RegExp, damage: (kept: Kept) => string): void {
  t.test(`${number}: ${what}`, (t) => {
    const damaged = kept(t);
    const { connection } = damaged.store;
    t.same(checkDatabase(connection), [], "clean before");
    const rows = "SELECT (SELECT count(*) FROM inode_past) + (SELECT count(*) FROM dirent_past) + (SELECT count(*) FROM extent_past)";
    const before = numberOf(damaged.store, rows);
    connection.exec(damage(damaged));
    t.ok(numberOf(damaged.store, rows) < before, "something is lost");
    const named = checkDatabase(connection).filter(({ invariant }) => invariant === number);
    t.ok(
      named.some(({ message }) => words.test(message)),
      `in words: ${named.map(({ message }) => message).join("; ")}`,
    );
    t.end();
  });
}

const nothing = /inode \d+ of branch 0 counted its links wrong as of @/;

planted(t, "a name that a snapshot shows", "I4", nothing, ({ gone }) => `DELETE FROM dirent_past WHERE branch = 0 AND ino = ${gone}`);
planted(t, "a file that a snapshot shows", "I4", nothing, ({ gone }) => `DELETE FROM inode_past WHERE branch = 0 AND ino = ${gone}`);
planted(
  t,
  "a changed file that a snapshot shows",
  "I4",
  nothing,
  ({ text }) => `DELETE FROM inode_past WHERE branch = 0 AND ino = ${text}`,
);
planted(
  t,
  "a version of a branch that was merged",
  "I4",
  /inode \d+ of branch 1 counted its links wrong as of @/,
  ({ merged }) => `DELETE FROM inode_past WHERE branch = 1 AND ino = ${merged}`,
);
planted(
  t,
  "where a directory was",
  "I5",
  /directory \d+ of branch 0 did not lie in \d+ as it said as of @/,
  ({ moved }) => `DELETE FROM dirent_past WHERE branch = 0 AND ino = ${moved}`,
);
planted(t, "everything a snapshot needs", "I5", /branch 0 had no root directory as of @/, () =>
  ["inode_past", "dirent_past", "extent_past", "xattr_past"].map((table) => `DELETE FROM ${table} WHERE branch = 0;`).join(" "),
);
planted(
  t,
  "bytes that a snapshot shows",
  "I13",
  /inode \d+ of branch 0 counted 3 bytes allocated as of @\d+, but has 0/,
  ({ text }) => `DELETE FROM extent_past WHERE branch = 0 AND ino = ${text}`,
);
planted(
  t,
  "bytes of a branch that was merged",
  "I13",
  /inode \d+ of branch 1 counted 1 bytes allocated as of @\d+, but has 0/,
  ({ merged }) => `DELETE FROM extent_past WHERE branch = 1 AND ino = ${merged}`,
);
