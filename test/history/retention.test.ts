/** Merging and comparing after retention dropped the history in between: what they need is kept. */
import t from "tap";
import { diffTrees } from "../../src/history/diff.js";
import { collectGarbage } from "../../src/store/gc.js";
import { numberOf, rowsOf } from "../store/database.js";
import { type Files, forked, merge, merged, sound, told } from "./files.js";

t.test("a merge after retention finds what was removed, renamed and changed before the horizon", (t) => {
  const { store, main, feat } = forked(t, (main) =>
    main.write("gone", "g").write("old", "o").write("text", "1").mkdir("d").write("d/x", "x"),
  );
  feat.write("feat", "f");
  main.rm("gone").mv("old", "new").write("text", "2").write("text", "3").rm("d").write("made", "m").rm("made");
  collectGarbage(store, 0, []);
  sound(t, store);
  merged(t, main, feat, { feat: "f", new: "o", text: "3" });
  main.write("text", "4");
  feat.write("text", "five");
  collectGarbage(store, 0, []);
  t.same(told(merge(main, feat)), ["content text"], "the base of the next merge was kept");
  feat.write("text", "3");
  merged(t, main, feat, { feat: "f", new: "o", text: "4" });
  t.end();
});

t.test("a diff from a fork point that retention passed", (t) => {
  const { store, main, feat } = forked(t, (main) => main.write("gone", "g").write("a", "1"));
  main.rm("gone").write("a", "2").write("a", "3");
  collectGarbage(store, 0, []);
  const changes = diffTrees(store, { branch: feat.branch }, { branch: main.branch });
  t.same(
    changes.map(({ kind, path }) => [kind, path]),
    [
      ["modified", ["a"]],
      ["removed", ["gone"]],
    ],
  );
  t.end();
});

function drop({ store, branch }: Files): void {
  store.branches.drop(store.branches.get(branch), null);
}

t.test("a dropped branch that two others took over is kept: a merge of those starts from it", (t) => {
  const { store, main, feat, fork } = forked(t, (main) => main.write("a", "1\n"));
  const fix = fork("fix", main);
  fix.write("fixed", "f").write("a", "2\n");
  merge(fix, main);
  merge(fix, feat);
  fix.write("fixed", "later");
  drop(fix);
  main.rm("fixed");
  feat.write("a", "3\n");
  collectGarbage(store, 0, []);
  sound(t, store);
  // Seen from where `main` and `feat` parted, both would have changed `a`, and `feat` made `fixed`.
  merged(t, feat, main, { a: "3\n" });
  drop(feat);
  collectGarbage(store, 0, []);
  sound(t, store);
  t.equal(numberOf(store, "SELECT count(*) FROM inode WHERE branch <> 0"), 0, "with one of them gone nobody needs it");
  t.end();
});

t.test("merges nobody knows of go; those that say what branches know of each other stay", (t) => {
  const { store, main, feat, fork } = forked(t, (main) => main.write("a", "1"));
  const other = fork("other", main);
  const lost = fork("lost", main);
  feat.write("f", "f");
  merge(feat, lost);
  merge(feat, other);
  merge(other, main);
  drop(other);
  drop(lost);
  collectGarbage(store, 0, []);
  const left = rowsOf(store, "SELECT source, target FROM merge ORDER BY event");
  t.same(left, [
    [feat.branch, other.branch],
    [other.branch, main.branch],
  ]);
  t.same(merge(feat, main).changes, [], "by way of a branch that was dropped it is known to be there");
  sound(t, store);
  t.end();
});

t.test("twins of which nothing is left go, and what they tied together stays one", (t) => {
  const { store, main, feat, fork } = forked(t, (main) => main.write("a", "1"));
  const middle = fork("middle", main);
  const last = fork("last", main);
  for (const files of [feat, middle, last, main]) files.mkdir("d").write(`d/${files.branch}`, "");
  merge(middle, feat);
  merge(middle, last);
  merge(middle, main);
  const pairs = (): number => numberOf(store, "SELECT count(*) FROM twin");
  t.equal(pairs(), 3);
  drop(last);
  drop(middle);
  collectGarbage(store, 0, []);
  t.equal(pairs(), 2, "two branches know the middle one: it is kept");
  feat.mv("d", "e");
  merge(feat, main);
  t.ok("e" in main.dump() && !("d" in main.dump()), "the one directory, renamed");
  drop(feat);
  collectGarbage(store, 0, []);
  t.equal(pairs(), 0);
  sound(t, store);
  t.end();
});
