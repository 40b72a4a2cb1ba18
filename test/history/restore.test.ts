/** Restoring: paths or a whole branch become what they were, as a new change; nothing else is touched. */
import t, { type Test } from "tap";
import { type RestoreResult, restore } from "../../src/history/restore.js";
import { dumpOf, type Files, forked, sound, split } from "./files.js";

function back(t: Test, files: Files, moment: number, ...paths: string[]): RestoreResult {
  const { store, branch } = files;
  const asked = paths.length === 0 ? {} : { paths: paths.map(split) };
  const before = files.dump();
  const dry = restore(store, { branch, moment, ...asked, dryRun: "dry-run", process: null });
  t.equal(dry.event, undefined);
  t.same(files.dump(), before, "a dry run changes nothing");
  const result = restore(store, { branch, moment, ...asked, dryRun: "apply", process: null });
  const shape = ({ kind, path, oldPath }: RestoreResult["changes"][number]) => [kind, path, oldPath];
  t.same(result.changes.map(shape), dry.changes.map(shape), "the dry run told what happened");
  sound(t, store);
  return result;
}

t.test("the whole branch as it was", (t) => {
  const { store, main } = forked(t, (main) => {
    main
      .write("a", "a")
      .mkdir("d")
      .write("d/x", "x")
      .write("d/y", "y")
      .ln("a", "b")
      .symlink("s", "a")
      .setXattr("a", "user.k", "v")
      .touch("d", 1000);
  });
  const then = main.now;
  const before = main.dump();
  main
    .write("a", "AA")
    .rm("b")
    .mv("d", "e")
    .rm("e/x")
    .write("e/new", "n")
    .mkdir("d")
    .write("d/x", "other")
    .rm("s")
    .mkdir("s")
    .removeXattr("a", "user.k");
  main.chmod("a", 0o600);
  const between = main.now;
  const now = main.dump();
  const result = back(t, main, then);
  t.same(main.dump(), before);
  t.same([main.tree.inode(main.ino("d"))?.mtimeSec, (main.tree.inode(main.ino("a"))?.mode ?? 0) & 0o777], [1000, 0o644]);
  t.same(main.tree.xattrNames(main.ino("a")), ["user.k"]);
  t.equal(main.ino("d/x"), store.past(0, then).lookup(main.ino("d"), "x")?.ino, "what was deleted comes back as the inode it was");
  t.same(dumpOf(store.past(0, between)), now, "the history in between stays");
  t.same(dumpOf(store.past(0, (result.event as number) - 1)), now);
  t.same(dumpOf(store.past(0, result.event as number)), before);
  back(t, main, between);
  t.same(main.dump(), now, "a restore can be restored away");
  t.equal(back(t, main, main.now).event, undefined, "nothing to restore");
  t.end();
});

t.test("a branch as it was before its fork, and the trunk from then", (t) => {
  const { main, feat } = forked(t, (main) => main.write("a", "1").write("a", "2"));
  const fork = main.now;
  feat.write("a", "3").rm("a").write("b", "b");
  main.write("c", "c");
  back(t, feat, fork);
  t.same(feat.dump(), { a: "2" });
  feat.write("b", "b");
  back(t, feat, fork - 3);
  t.equal(feat.dump().b, undefined);
  t.same(main.dump(), { a: "2", c: "c" });
  t.end();
});

t.test("one file: changed, deleted, replaced, renamed, and one that was not there", (t) => {
  const { main } = forked(t, (main) =>
    main.mkdir("d").write("d/a", "a").write("d/b", "b").write("d/c", "c").write("d/e", "e").write("other", "o"),
  );
  const then = main.now;
  main.write("d/a", "A").rm("d/b").save("d/c", "C").mv("d/e", "moved").write("d/new", "n").write("other", "O");
  back(t, main, then, "d/a");
  t.same(main.dump(), { d: "/", "d/a": "a", "d/c": "C", moved: "e", "d/new": "n", other: "O" });
  back(t, main, then, "d/b", "d/c", "d/e", "d/new");
  t.same(main.dump(), { d: "/", "d/a": "a", "d/b": "b", "d/c": "c", "d/e": "e", moved: "e", other: "O" });
  t.not(main.ino("d/e"), main.ino("moved"), "what was moved out comes back as a copy");
  main.write("moved", "M");
  t.equal(main.dump()["d/e"], "e");
  t.throws(() => back(t, main, then, "nowhere"), /was not there/);
  t.end();
});

t.test("a directory: what is below becomes as it was, what is outside stays", (t) => {
  const { main } = forked(t, (main) => {
    main
      .mkdir("d")
      .write("d/a", "a")
      .mkdir("d/in")
      .write("d/in/x", "x")
      .mkdir("d/gone")
      .write("d/gone/y", "y")
      .write("d/out", "o")
      .mkdir("d/dirout")
      .write("d/dirout/z", "z");
  });
  const then = main.now;
  main
    .write("d/a", "A")
    .mv("d/in/x", "d/x")
    .rm("d/gone")
    .mv("d/out", "out")
    .mv("d/dirout", "dirout")
    .write("dirout/w", "w")
    .write("outside", "o")
    .mkdir("d/new")
    .write("d/new/n", "n");
  back(t, main, then, "d");
  t.same(main.dump(), {
    d: "/",
    "d/a": "a",
    "d/in": "/",
    "d/in/x": "x",
    "d/gone": "/",
    "d/gone/y": "y",
    "d/out": "o",
    "d/dirout": "/",
    "d/dirout/z": "z",
    out: "o",
    dirout: "/",
    "dirout/z": "z",
    "dirout/w": "w",
    outside: "o",
  });
  main.rm("d");
  back(t, main, then, "d/in/x");
  t.same(
    Object.keys(main.dump()).filter((path) => path.startsWith("d/") || path === "d"),
    ["d", "d/in", "d/in/x"],
    "directories above come back without the rest",
  );
  main.rm("d").write("d", "a file");
  t.throws(() => back(t, main, then, "d/in/x"), /is no directory now/);
  back(t, main, then, "d");
  t.equal(main.dump()["d/gone/y"], "y");
  t.end();
});

t.test("a directory replaced by another of its name", (t) => {
  const { main } = forked(t, (main) => main.mkdir("d").write("d/a", "a").mkdir("d/in").write("d/in/x", "x"));
  const then = main.now;
  main.mv("d", "old").mkdir("d").write("d/b", "b").write("old/a", "A");
  back(t, main, then, "d");
  t.same(main.dump(), { d: "/", "d/a": "a", "d/in": "/", "d/in/x": "x", old: "/", "old/a": "A", "old/in": "/", "old/in/x": "x" });
  t.end();
});

t.test("hard links inside and outside", (t) => {
  const { main } = forked(t, (main) => main.mkdir("d").write("d/a", "1").ln("d/a", "d/b").ln("d/a", "out"));
  const then = main.now;
  main.rm("d/a");
  back(t, main, then, "d/a");
  t.same(main.dump(), { d: "/", "d/a": "1 (3 links)", "d/b": "1 (3 links)", out: "1 (3 links)" });
  main.write("out", "2");
  back(t, main, then, "d");
  t.same(main.dump(), { d: "/", "d/a": "1 (2 links)", "d/b": "1 (2 links)", out: "2" }, "what is outside keeps its bytes");
  t.end();
});

t.test("a file that is open though it was deleted", (t) => {
  const { store, main } = forked(t, (main) => main.write("f", "one"));
  const then = main.now;
  const tree = store.live(0);
  const inode = tree.inode(main.ino("f"));
  if (inode === undefined) throw new Error("no inode");
  tree.hold(inode);
  main.rm("f");
  tree.write(inode, 0, Buffer.from("written after"), null);
  back(t, main, then, "f");
  t.same(main.dump(), { f: "one" });
  t.equal(inode.size, 3, "the open file is the one that came back");
  tree.letGo(inode);
  t.same(main.dump(), { f: "one" });
  sound(t, store);
  t.end();
});
