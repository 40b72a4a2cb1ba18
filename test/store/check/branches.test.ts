/** Damage in what a branch shows, over what it inherits, is found and named; and in the past. */
import t, { type Test } from "tap";
import { checkDatabase } from "../../../src/store/check/check.js";
import { collectGarbage } from "../../../src/store/gc.js";
import type { Store } from "../../../src/store/store.js";
import { type Files, forked } from "../../history/files.js";

interface Lineage {
  readonly store: Store;
  readonly main: Files;
  readonly feat: Files;
  /** A branch of `feat`. */
  readonly deep: Files;
}

/** A trunk, a branch and a branch of that, each with files and directories made, changed, moved, linked and removed over what it inherits. */
function lineage(t: Test): Lineage {
  const { store, main, feat, fork } = forked(t, (main) =>
    main
      .mkdir("d")
      .write("d/x", "x")
      .write("d/y", "y")
      .mkdir("d/sub")
      .mkdir("e")
      .write("e/z", "zzzz")
      .write("one", "1")
      .ln("one", "two")
      .mkdir("gone")
      .write("gone/w", "w"),
  );
  for (const [files, name] of [
    [main, "main"],
    [feat, "feat"],
  ] as const) {
    files.write("d/x", name).write(`d/${name}`, name).mkdir(`d/${name}-sub`).mv("d/sub", "e/sub").ln("one", "three").rm("two").rm("gone");
  }
  const deep = fork("deep", feat);
  deep.rm("one").writeAt(deep.ino("e/z"), 2, "deep");
  deep.mv("e/sub", "sub").mkdir("sub/inner").write("d/feat", "deep");
  store.commit("durable");
  return { store, main, feat, deep };
}

/** Asserts that the damage done by `sql` is found, and that something said of it is of invariant `number` and matches `words`. */
function planted(t: Test, what: string, number: string, words: RegExp, damage: (lineage: Lineage) => string): void {
  t.test(`${number}: ${what}`, (t) => {
    const damaged = lineage(t);
    const { connection } = damaged.store;
    t.same(checkDatabase(connection), [], "clean before");
    connection.exec(damage(damaged));
    const named = checkDatabase(connection).filter(({ invariant }) => invariant === number);
    t.ok(
      named.some(({ message }) => words.test(message)),
      `in words: ${named.map(({ message }) => message).join("; ")}`,
    );
    t.end();
  });
}

const inBranch = ({ branch }: Files): string => `branch = ${branch}`;
const named = (name: string): string => `name = x'${Buffer.from(name).toString("hex")}'`;

planted(
  t,
  "a file that counts too many links",
  "I4",
  /inode \d+ of branch 1 counts 5 links, but 2 names/,
  ({ feat }) => `UPDATE inode SET nlink = 5 WHERE ${inBranch(feat)} AND ino = ${feat.ino("one")}`,
);
planted(
  t,
  "an inherited name that is no longer hidden",
  "I4",
  /inode \d+ of branch 1 counts 2 links, but 3 names/,
  ({ feat }) => `DELETE FROM dirent WHERE ${inBranch(feat)} AND ${named("two")}`,
);
planted(
  t,
  "an inherited file that is hidden, though it counts the name",
  "I4",
  /inode \d+ of branch 1 counts 1 links, but 0 names/,
  ({ feat }) =>
    `INSERT INTO dirent SELECT 1, parent, name, ${feat.store.events.last}, NULL, 0, cookie FROM dirent WHERE branch = 0 AND ino = ${feat.ino("d/y")}`,
);
planted(
  t,
  "a directory that counts too few",
  "I4",
  /directory \d+ of branch 2 counts 2 links, but should 3/,
  ({ deep }) => `UPDATE inode SET nlink = 2 WHERE ${inBranch(deep)} AND ino = ${deep.ino("sub")}`,
);
planted(
  t,
  "a directory whose inherited count is no longer right",
  "I4",
  /directory \d+ of branch 1 counts 3 links, but should 2/,
  ({ feat }) => `DELETE FROM inode WHERE ${inBranch(feat)} AND ino = ${feat.ino("d/feat-sub")};
    DELETE FROM dirent WHERE ${inBranch(feat)} AND ${named("feat-sub")}`,
);
planted(
  t,
  "links that were counted wrong in the past of a branch",
  "I4",
  /inode \d+ of branch 1 counted its links wrong as of @/,
  ({ feat }) => `UPDATE inode_past SET nlink = 7 WHERE ${inBranch(feat)} AND ino = ${feat.ino("one")}`,
);
planted(
  t,
  "links that were counted wrong in the past of the trunk, which branches show",
  "I4",
  /inode \d+ of branch 0 counted its links wrong as of @/,
  ({ main }) => `UPDATE inode_past SET nlink = 7 WHERE branch = 0 AND ino = ${main.ino("one")} AND nlink = 2`,
);
planted(
  t,
  "a directory's past count",
  "I4",
  /inode \d+ of branch 0 counted its links wrong as of @/,
  ({ main }) => `UPDATE inode_past SET nlink = nlink + 1 WHERE branch = 0 AND ino = ${main.ino("d")} AND nlink = 3`,
);

planted(
  t,
  "no root",
  "I5",
  /branch 1 has no root directory/,
  ({ feat }) => `UPDATE inode SET nlink = 0 WHERE ${inBranch(feat)} AND ino = 1`,
);
planted(
  t,
  "a directory that says it lies elsewhere",
  "I5",
  /directory \d+ of branch 2 says it lies in 77, which has 0 entries/,
  ({ deep }) => `UPDATE inode SET parent = 77 WHERE ${inBranch(deep)} AND ino = ${deep.ino("sub")}`,
);
planted(
  t,
  "a directory with two entries",
  "I5",
  /directory \d+ of branch 2 says it lies in \d+, which has 1 entries/,
  ({ deep }) => `DELETE FROM dirent WHERE ${inBranch(deep)} AND ino IS NULL AND ${named("sub")}`,
);
planted(
  t,
  "directories in each other",
  "I5",
  /directory \d+ of branch 2 is not reached from the root/,
  ({ deep }) => `UPDATE dirent SET parent = ${deep.ino("sub/inner")} WHERE ${inBranch(deep)} AND ino = ${deep.ino("sub")};
    UPDATE inode SET parent = ${deep.ino("sub/inner")} WHERE ${inBranch(deep)} AND ino = ${deep.ino("sub")}`,
);
planted(
  t,
  "a directory that lay elsewhere in the past",
  "I5",
  /directory \d+ of branch 0 did not lie in \d+ as it said as of @/,
  ({ main }) => `UPDATE inode_past SET parent = 77 WHERE branch = 0 AND ino = ${main.ino("e/sub")}`,
);
planted(
  t,
  "a directory that lay elsewhere in the past of a branch",
  "I5",
  /directory \d+ of branch 1 did not lie in \d+ as it said as of @/,
  ({ feat }) =>
    `INSERT INTO dirent_past SELECT branch, 1, name, since, ino, type, cookie, since + 1 FROM dirent WHERE ${inBranch(feat)} AND ${named("feat-sub")}`,
);

planted(
  t,
  "an entry in what is no directory",
  "I6",
  /"feat" of branch 1 lies in \d+, which is no directory/,
  ({ feat }) => `UPDATE dirent SET parent = ${feat.ino("one")} WHERE ${inBranch(feat)} AND ${named("feat")}`,
);
planted(
  t,
  "an entry that names nothing",
  "I6",
  /"feat" in directory \d+ of branch 1 names inode 777, which is not there/,
  ({ feat }) => `UPDATE dirent SET ino = 777 WHERE ${inBranch(feat)} AND ${named("feat")}`,
);
planted(
  t,
  "an entry of another type",
  "I6",
  /"feat" in directory \d+ of branch 1 .* of another type/,
  ({ feat }) => `UPDATE dirent SET type = 10 WHERE ${inBranch(feat)} AND ${named("feat")}`,
);
planted(
  t,
  "an inode that the branch made another thing of",
  "I6",
  /of branch 1 is of type 10, but of type 8 in its parent branch/,
  ({ feat }) => `UPDATE inode SET mode = 10 * 4096 WHERE ${inBranch(feat)} AND ino = ${feat.ino("d/x")}`,
);
planted(
  t,
  "an inherited entry in a directory that the branch removed",
  "I6",
  /"w" of branch 1 lies in \d+, which is no directory/,
  ({ feat }) => `DELETE FROM dirent WHERE ${inBranch(feat)} AND ${named("w")}`,
);

planted(
  t,
  "bytes of a branch over inherited ones",
  "I13",
  /inode \d+ of branch 2 counts 7 bytes allocated, but has 6/,
  ({ deep }) => `UPDATE inode SET allocated = 7 WHERE ${inBranch(deep)} AND ino = ${deep.ino("e/z")}`,
);
planted(
  t,
  "inherited bytes that no longer show",
  "I13",
  /inode \d+ of branch 2 counts 6 bytes allocated, but has 4/,
  ({ deep }) => `UPDATE inode SET inherited = 0 WHERE ${inBranch(deep)} AND ino = ${deep.ino("e/z")}`,
);

t.test("clean after retention, after drops, and of a branch below a dropped one", (t) => {
  const { store, main, feat, deep } = lineage(t);
  main.rm("d");
  deep.rm("d/feat-sub");
  collectGarbage(store, 0, []);
  t.same(checkDatabase(store.connection), []);
  store.branches.drop(store.branches.get(deep.branch), null);
  store.branches.drop(store.branches.get(feat.branch), null);
  t.same(checkDatabase(store.connection), []);
  collectGarbage(store, 0, []);
  t.same(checkDatabase(store.connection), []);
  t.end();
});
