/** What `stone history` tells of a file that merges changed: the versions of the branches it came from, between its own. */
import t from "tap";
import { restore } from "../../src/history/restore.js";
import { fileHistory } from "../../src/store/history.js";
import { type Files, forked, merge } from "./files.js";

/** Each version as `BRANCH OPERATION SIZE`, without the emptying that comes before each write. */
function historyOf(files: Files, path: string): string[] {
  const { store } = files;
  store.commit("ordered");
  const versions = fileHistory(store.connection, files.branch, path.split("/")).filter(({ op }) => op !== "truncate");
  return versions.map(({ branch, op, sizeBytes }) => `${store.branches.get(branch).name} ${op} ${sizeBytes}`);
}

t.test("a merge brings the versions of the branch", (t) => {
  const { main, feat } = forked(t, (main) => main.write("f", "1"));
  feat.write("f", "22").write("f", "333");
  main.write("g", "g");
  merge(feat, main);
  main.write("f", "4444");
  const told = ["main create 0", "main write 1", "feat write 2", "feat write 3", "main merge 3", "main write 4"];
  t.same(historyOf(main, "f"), told);
  t.same(historyOf(feat, "f"), told.slice(0, 4), "the branch knows nothing of it");
  t.same(historyOf(main, "g"), ["main create 0", "main write 1"], "what it did not touch has none of it");
  t.end();
});

t.test("a file that was made on the branch", (t) => {
  const { main, feat } = forked(t, (main) => main.mkdir("d"));
  feat.write("d/new", "one");
  merge(feat, main);
  feat.write("d/new", "four");
  t.same(historyOf(main, "d/new"), ["feat create 0", "feat write 3", "main merge 3"], "what it did after the merge is not in it");
  merge(feat, main);
  t.same(historyOf(main, "d/new"), ["feat create 0", "feat write 3", "main merge 3", "feat write 4", "main merge 4"]);
  t.end();
});

t.test("merges of merges, and of branches of branches", (t) => {
  const { main, feat, fork } = forked(t, (main) => main.write("f", "1"));
  feat.write("f", "22");
  const deep = fork("deep", feat);
  deep.write("f", "333");
  const aside = fork("aside", main);
  merge(deep, aside);
  merge(aside, main);
  t.same(historyOf(main, "f"), ["main create 0", "main write 1", "feat write 2", "deep write 3", "aside merge 3", "main merge 3"]);
  t.end();
});

t.test("a file that was replaced on the branch, as editors save", (t) => {
  const { main, feat } = forked(t, (main) => main.write("f", "1").write("x", "x"));
  feat.write("f~", "22").mv("f~", "f");
  main.chmod("f", 0o600);
  merge(feat, main);
  const told = historyOf(main, "f");
  for (const version of ["main write 1", "feat write 2", "feat rename 2"]) t.ok(told.includes(version), `${version} in ${told.join(", ")}`);
  t.equal(told.at(-1), "main merge 2");
  t.end();
});

t.test("a name that a merge or a restore gave to a file keeps its past", (t) => {
  const { store, main, feat } = forked(t, (main) => main.write("old", "1"));
  const before = store.events.last;
  feat.mv("old", "new");
  merge(feat, main);
  t.same(historyOf(main, "new"), ["main create 0", "main write 1", "feat rename 1", "main merge 1"]);
  restore(store, { branch: main.branch, moment: before, dryRun: "apply", process: null });
  const told = ["main create 0", "main write 1", "feat rename 1", "main removed 0", "main restore 1"];
  t.same(historyOf(main, "old"), told, "the merge took the old name away, the restore gave it back");
  t.end();
});
