/** What differs between two trees: by inode, from events, whatever the trees' size. */
import t from "tap";
import type { Change } from "../../src/history/change.js";
import { diffTrees } from "../../src/history/diff.js";
import { Paths, resolvePath } from "../../src/history/paths.js";
import { type Ref, resolveRef, treeOf } from "../../src/history/refs.js";
import { takeSnapshot } from "../../src/store/snapshots.js";
import { type Files, forked, pathsIn } from "./files.js";

function shapes(changes: readonly Change[]): string[] {
  return changes.map(({ kind, path, oldPath }) => `${kind} ${oldPath === undefined ? "" : `${oldPath.join("/")} > `}${path.join("/")}`);
}

function diff(from: Files, to: Files, a: Partial<Ref> = {}, b: Partial<Ref> = {}, path: string[] = []): string[] {
  return shapes(diffTrees(from.store, { branch: from.branch, ...a }, { branch: to.branch, ...b }, path));
}

t.test("each kind of change", (t) => {
  const { main, feat } = forked(t, (main) => {
    main
      .mkdir("d")
      .write("d/kept", "k")
      .write("d/changed", "c")
      .write("gone", "g")
      .write("named", "n")
      .write("saved", "s")
      .mkdir("dir")
      .write("dir/in", "i");
    main.write("mode", "m").write("touched", "t").write("same", "s").write("tagged", "t").ln("d/kept", "link").symlink("s", "a");
  });
  main
    .write("d/changed", "C")
    .rm("gone")
    .mv("named", "renamed")
    .save("saved", "S")
    .mv("dir", "other")
    .write("other/in", "I")
    .write("other/new", "n");
  main
    .chmod("mode", 0o600)
    .touch("touched", 1000)
    .write("same", "s")
    .setXattr("tagged", "user.a", "1")
    .rm("link")
    .ln("d/kept", "d/link")
    .rm("s")
    .symlink("s", "b");
  t.same(diff(feat, main), [
    "modified d/changed",
    "renamed link > d/link",
    "removed gone",
    "attributes mode",
    "renamed dir > other",
    "modified other/in",
    "added other/new",
    "renamed named > renamed",
    "modified s",
    "modified saved",
    "attributes tagged",
  ]);
  const [mode] = diffTrees(main.store, { branch: feat.branch }, { branch: 0 }, ["mode"]);
  t.match(mode, { kind: "attributes", type: 8, oldMode: 0o100644, newMode: 0o100600, contentChanged: false, xattrs: [] });
  const [saved] = diffTrees(main.store, { branch: feat.branch }, { branch: 0 }, ["saved"]);
  t.equal(saved?.ino, main.ino("saved"));
  t.equal(saved?.oldIno, feat.ino("saved"), "another file took the name");
  t.same(diff(main, feat).length, 11, "the other way round");
  t.same(diff(feat, main, {}, {}, ["d"]), ["modified d/changed", "renamed link > d/link"], "below a path, then or now");
  t.end();
});

t.test("two moments of one branch, either way, and a branch with itself", (t) => {
  const { main } = forked(t, (main) => main.write("a", "1"));
  const first = main.now;
  main.write("a", "2").write("b", "b");
  const second = main.now;
  main.write("a", "1").rm("b");
  t.same(diff(main, main, { moment: first }, { moment: second }), ["modified a", "added b"]);
  t.same(diff(main, main, { moment: second }, { moment: first }), ["modified a", "removed b"]);
  t.same(diff(main, main, { moment: first }), [], "what came back to what it was is no change");
  t.same(diff(main, main), []);
  t.end();
});

t.test("siblings, and a branch against a time before its fork", (t) => {
  let early = 0;
  const { main, feat, fork } = forked(t, (main) => {
    early = main.write("a", "1").now;
    main.write("b", "1");
  });
  const sibling = fork("sibling", main);
  feat.write("a", "feat").write("same", "s");
  sibling.write("b", "sibling");
  main.write("main", "m");
  t.same(diff(feat, sibling), ["modified a", "modified b", "removed same"]);
  t.same(diff(main, feat), ["modified a", "removed main", "added same"]);
  t.same(diff(feat, feat, { moment: early }), ["modified a", "added b", "added same"]);
  t.end();
});

t.test("refs as a person writes them", (t) => {
  const { store, main, feat } = forked(t, (main) => main.write("a", "1"));
  takeSnapshot(store, 0, "before", null, null);
  const taken = store.events.last;
  main.write("a", "2");
  feat.write("a", "3");
  store.commit("ordered");
  t.same(resolveRef(store, "feat", 0), { branch: feat.branch });
  t.same(resolveRef(store, "before", feat.branch), { branch: 0, moment: taken }, "a snapshot is of its own branch");
  t.same(resolveRef(store, "@3", feat.branch), { branch: feat.branch, moment: 3 });
  t.same(resolveRef(store, "feat@@3", 0), { branch: feat.branch, moment: 3 });
  t.same(resolveRef(store, "feat@3", 0), { branch: feat.branch, moment: 3 });
  t.same(resolveRef(store, "main@before", feat.branch), { branch: 0, moment: taken });
  t.throws(() => resolveRef(store, "nothing", 0), /neither a branch/);
  t.throws(() => resolveRef(store, "@99999", 0), /in the future/);
  t.throws(() => resolveRef(store, "feat@yonder", 0), /no moment of branch "feat"/);
  t.equal(treeOf(store, { branch: 0 }), store.live(0));
  t.equal(treeOf(store, { branch: 0, moment: taken }).asOf, taken);
  t.end();
});

t.test("paths of inodes, also of hard links whose newest name is gone", (t) => {
  const { main, feat } = forked(t, (main) => main.mkdir("d").mkdir("e").write("d/a", "a").ln("d/a", "e/b").ln("d/a", "c"));
  const ino = main.ino("d/a");
  for (const tree of [main.tree, feat.tree, main.store.past(0, main.now)]) {
    t.same(pathsIn(tree, ino), ["c", "d/a", "e/b"]);
    t.same(new Paths(tree).of(tree.lookup(1, "d")?.ino ?? 0), ["d"]);
    t.equal(resolvePath(tree, ["e", "b"]), ino);
    t.equal(resolvePath(tree, ["e", "x", "y"]), undefined);
  }
  feat.rm("c").rm("e/b");
  t.same(pathsIn(feat.tree, ino), ["d/a"]);
  t.same(new Paths(feat.tree).of(ino), ["d", "a"]);
  t.equal(new Paths(feat.tree).of(9999), undefined);
  t.end();
});

t.test("ten changes among 100,000 files", { timeout: 120_000 }, (t) => {
  const { store, main, feat } = forked(t, (main) => {
    const { store } = main;
    for (let directory = 0; directory < 100; directory++) {
      main.mkdir(`d${directory}`);
      main.makeMany(`d${directory}`, 1000);
      store.pulse();
    }
    store.commit("ordered");
  });
  for (let i = 0; i < 10; i++) main.write(`d${i * 7}/f${i}`, `changed ${i}`);
  for (const what of ["first", "again"]) {
    const start = performance.now();
    const changes = diffTrees(store, { branch: feat.branch }, { branch: 0 });
    t.comment(`${what}: ${(performance.now() - start).toFixed(1)} ms`);
    t.equal(changes.length, 10);
  }
  t.end();
});
