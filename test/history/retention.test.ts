/** Merging and comparing after retention dropped the history in between: what they need is kept. */
import t from "tap";
import { diffTrees } from "../../src/history/diff.js";
import { collectGarbage } from "../../src/store/gc.js";
import { forked, merge, merged, sound, told } from "./files.js";

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
