/** Merging: what one side did is taken, what both did alike is nothing, and the rest is a conflict that applies nothing. */
import t from "tap";
import { conflicting, forked, merge, merged, told } from "./files.js";

t.test("what one side did is taken", (t) => {
  const { main, feat } = forked(t, (main) => main.write("kept", "k").write("old", "o").write("text", "one").mkdir("d").write("d/x", "x"));
  feat.write("new", "n").rm("old").write("text", "two").mv("d/x", "y").mkdir("e").write("e/z", "z").symlink("s", "kept");
  main.write("other", "m");
  merged(t, feat, main, { kept: "k", text: "two", d: "/", y: "x", new: "n", e: "/", "e/z": "z", s: "-> kept", other: "m" });
  t.equal(main.ino("e/z"), feat.ino("e/z"), "new files keep their numbers");
  t.end();
});

t.test("merging again takes only what is new", (t) => {
  const { store, main, feat } = forked(t, (main) => main.write("a", "1"));
  feat.write("a", "2").write("b", "b");
  merged(t, feat, main, { a: "2", b: "b" });
  main.write("a", "3");
  const nothing = merge(feat, main);
  t.equal(nothing.event, undefined, "nothing to merge");
  t.same(nothing.changes, []);
  feat.write("b", "c");
  const again = merged(t, feat, main, { a: "3", b: "c" });
  t.same(
    again.changes.map(({ kind, path }) => [kind, path]),
    [["modified", ["b"]]],
  );
  merged(t, main, feat, { a: "3", b: "c" });
  t.equal(merge(main, feat).event, undefined);
  feat.write("a", "4");
  merged(t, feat, main, { a: "4", b: "c" });
  t.equal(store.connection.prepare("SELECT count(*) FROM merge").get([])?.[0], 4 - 1 + 1);
  t.end();
});

t.test("a parent into its child, siblings, grandchildren", (t) => {
  const { main, feat, fork } = forked(t, (main) => main.write("a", "a"));
  const sibling = fork("sibling", main);
  const grandchild = fork("grandchild", feat);
  main.write("m", "m");
  feat.write("f", "f");
  sibling.write("s", "s");
  grandchild.write("g", "g");
  merged(t, main, feat, { a: "a", m: "m", f: "f" });
  merged(t, sibling, feat, { a: "a", m: "m", f: "f", s: "s" });
  merged(t, grandchild, sibling, { a: "a", s: "s", g: "g" });
  merged(t, feat, main, { a: "a", m: "m", f: "f", s: "s" });
  merged(t, sibling, main, { a: "a", m: "m", f: "f", s: "s", g: "g" });
  t.equal(merge(grandchild, main).event, undefined, "what came through another branch is known");
  t.end();
});

t.test("both changed the content", (t) => {
  const { main, feat } = forked(t, (main) => main.write("f", "base"));
  feat.write("f", "theirs");
  main.write("f", "ours");
  conflicting(t, feat, main, ["content f"]);
  merged(t, feat, main, { f: "ours" }, "ours");
  t.equal(merge(feat, main).event, undefined, "settled for good");
  feat.write("f", "theirs again");
  conflicting(t, feat, main, ["content f"]);
  merged(t, feat, main, { f: "theirs again" }, "theirs");
  t.end();
});

t.test("both changed it alike", (t) => {
  const { main, feat } = forked(t, (main) => main.write("f", "base").chmod("f", 0o600));
  feat.write("f", "same").chmod("f", 0o644).mkdir("d").write("d/x", "x");
  main.write("f", "same").chmod("f", 0o644).mkdir("d").write("d/x", "x");
  const result = merged(t, feat, main, { f: "same", d: "/", "d/x": "x" });
  t.same(result.changes, []);
  t.end();
});

t.test("text is merged by lines when asked", (t) => {
  const { main, feat } = forked(t, (main) => main.write("f", "1\n2\n3\n4\n5\n").write("g", "1\n2\n3\n").write("b", "\0a\n\n\n"));
  feat.write("f", "1\n2\n3\n4\nfive\n").write("g", "1\ntheirs\n3\n").write("b", "\0b\n\n\n");
  main.write("f", "one\n2\n3\n4\n5\n").write("g", "1\nours\n3\n").write("b", "\0a\n\n\nc\n");
  conflicting(t, feat, main, ["content b", "content f", "content g"]);
  conflicting(t, feat, main, ["content b", "content g"], "text");
  const result = merge(feat, main, ({ path }) => (path[0] === "b" ? "ours" : "text"), "markers");
  t.same(told(result), []);
  t.same(main.dump(), {
    f: "one\n2\n3\n4\nfive\n",
    g: "1\n<<<<<<< main\nours\n=======\ntheirs\n>>>>>>> feat\n3\n",
    b: "\0a\n\n\nc\n",
  });
  t.end();
});

t.test("deleted here, changed there", (t) => {
  const { main, feat, fork } = forked(t, (main) => main.write("a", "a").write("b", "b").write("c", "c").write("d", "d"));
  feat.rm("a").write("b", "B").rm("c").chmod("d", 0o600);
  main.write("a", "A").rm("b").mv("c", "c2").rm("d");
  const other = fork("other", main);
  conflicting(t, feat, main, ["delete/modify a", "delete/modify b", "delete/modify d", "rename/delete c2"]);
  merged(t, feat, main, { a: "A", c2: "c" }, "ours");
  merged(t, feat, other, { b: "B", d: "d" }, "theirs");
  t.equal(other.ino("b"), feat.ino("b"), "it came back as the inode it was");
  t.equal((other.tree.inode(other.ino("d"))?.mode ?? 0) & 0o777, 0o600);
  t.end();
});

t.test("renamed here, deleted there", (t) => {
  const { main, feat, fork } = forked(t, (main) => main.write("a", "a"));
  feat.mv("a", "b");
  main.rm("a");
  const other = fork("other", main);
  conflicting(t, feat, main, ["rename/delete b"]);
  merged(t, feat, main, {}, "ours");
  merged(t, feat, other, { b: "a" }, "theirs");
  t.end();
});

t.test("renamed here, changed there: both", (t) => {
  const { main, feat } = forked(t, (main) => main.write("a", "a").mkdir("d").write("d/x", "x"));
  feat.mv("a", "b").mv("d", "e");
  main.write("a", "A").write("d/x", "X").write("d/new", "n");
  merged(t, feat, main, { b: "A", e: "/", "e/x": "X", "e/new": "n" });
  t.end();
});

t.test("both renamed it", (t) => {
  const { main, feat, fork } = forked(t, (main) => main.write("a", "a").mkdir("d").write("d/x", "x").write("same", "s"));
  feat.mv("a", "b").mv("d", "e").mv("same", "alike");
  main.mv("a", "c").mv("d", "f").mv("same", "alike");
  const other = fork("other", main);
  conflicting(t, feat, main, ["rename/rename c", "rename/rename f"]);
  merged(t, feat, main, { c: "a", f: "/", "f/x": "x", alike: "s" }, "ours");
  merged(t, feat, other, { b: "a", e: "/", "e/x": "x", alike: "s" }, "theirs");
  t.end();
});

t.test("directories moved into each other", (t) => {
  const prepare = forked(t, (main) => main.mkdir("a").mkdir("b").write("a/x", "x").write("b/y", "y"));
  const { main, feat } = prepare;
  feat.mv("a", "b/a");
  main.mv("b", "a/b");
  const other = prepare.fork("other", main);
  conflicting(t, feat, main, ["cycle a"]);
  merged(t, feat, main, { a: "/", "a/x": "x", "a/b": "/", "a/b/y": "y" }, "ours");
  merged(t, feat, other, { b: "/", "b/y": "y", "b/a": "/", "b/a/x": "x" }, "theirs");
  t.end();
});

t.test("a cycle by way of a third directory", (t) => {
  const prepare = forked(t, (main) => main.mkdir("a").mkdir("b").mkdir("c").mkdir("a/in").mkdir("b/in").mkdir("c/in"));
  const { main, feat } = prepare;
  feat.mv("a", "b/in/a").mv("c", "b/c");
  main.mv("b", "c/in/b");
  const other = prepare.fork("other", main);
  conflicting(t, feat, main, ["cycle c"]);
  t.same(told(merge(feat, main, "ours")), []);
  merged(t, feat, other, { b: "/", "b/in": "/", "b/in/a": "/", "b/in/a/in": "/", "b/c": "/", "b/c/in": "/" }, "theirs");
  t.end();
});

t.test("something put into a directory the other side removed", (t) => {
  const { main, feat, fork } = forked(t, (main) => main.mkdir("d").write("d/x", "x").mkdir("e").write("e/y", "y"));
  feat.rm("d").write("e/new", "n").mkdir("e/sub").write("e/sub/z", "z");
  main.write("d/new", "n").rm("e");
  const other = fork("other", main);
  conflicting(t, feat, main, ["delete/add d", "delete/add e"]);
  merged(t, feat, main, { d: "/", "d/new": "n" }, "ours");
  merged(t, feat, other, { e: "/", "e/new": "n", "e/sub": "/", "e/sub/z": "z" }, "theirs");
  t.end();
});

t.test("a file moved into a directory the other side removed stays where it was", (t) => {
  const { main, feat, fork } = forked(t, (main) => main.mkdir("d").write("x", "x"));
  feat.mv("x", "d/x");
  main.rm("d");
  const other = fork("other", main);
  conflicting(t, feat, main, ["delete/add d"]);
  merged(t, feat, main, { x: "x" }, "ours");
  merged(t, feat, other, { d: "/", "d/x": "x" }, "theirs");
  t.end();
});

t.test("a file changed in a directory tree the other side removed", (t) => {
  const { main, feat, fork } = forked(t, (main) => main.mkdir("d").mkdir("d/e").write("d/e/x", "x").write("d/y", "y"));
  feat.write("d/e/x", "X");
  main.rm("d");
  const back = fork("back", feat);
  const other = fork("other", main);
  conflicting(t, feat, main, ["delete/modify d/e/x"]);
  merged(t, feat, other, { d: "/", "d/e": "/", "d/e/x": "X" }, "theirs");
  conflicting(t, main, back, ["delete/modify d/e/x"]);
  merged(t, main, back, { d: "/", "d/e": "/", "d/e/x": "X" }, "ours");
  t.end();
});

t.test("a name both made", (t) => {
  const { main, feat, fork } = forked(t, () => undefined);
  feat.write("f", "theirs").mkdir("x").write("y", "y").symlink("s", "theirs");
  main.write("f", "ours").write("x", "x").mkdir("y").write("y/z", "z").symlink("s", "ours");
  const other = fork("other", main);
  conflicting(t, feat, main, ["add/add f", "add/add s", "directory/file x", "directory/file y"]);
  merged(t, feat, main, { f: "ours", x: "x", y: "/", "y/z": "z", s: "-> ours" }, "ours");
  merged(t, feat, other, { f: "theirs", x: "/", y: "y", s: "-> theirs" }, "theirs");
  t.end();
});

t.test("a directory both made is one from then on", (t) => {
  const { main, feat } = forked(t, () => undefined);
  feat.mkdir("d").write("d/f", "f").mkdir("d/in").write("d/in/f", "f").write("same", "s");
  main.mkdir("d").write("d/m", "m").mkdir("d/in").write("d/in/m", "m").write("same", "s");
  const ino = main.ino("d");
  merged(t, feat, main, { d: "/", "d/f": "f", "d/m": "m", "d/in": "/", "d/in/f": "f", "d/in/m": "m", same: "s" });
  t.equal(main.ino("d"), ino);
  feat.mv("d/in", "in").write("in/later", "l").write("same", "S").write("d/more", "m");
  merged(t, feat, main, { d: "/", "d/f": "f", "d/m": "m", "d/more": "m", in: "/", "in/f": "f", "in/m": "m", "in/later": "l", same: "S" });
  main.rm("d/f").write("in/back", "b");
  merged(t, main, feat, main.dump());
  t.end();
});

t.test("saved by a new file renamed over the old one", (t) => {
  const { main, feat, fork } = forked(t, (main) => main.write("f", "1\n2\n3\n").write("g", "g").write("h", "h").write("i", "1\n2\n3\n"));
  feat.save("f", "one\n2\n3\n").save("g", "G").write("h", "H").save("i", "one\n2\n3\n");
  main.write("f", "1\n2\nthree\n").mv("g", "g2").save("i", "1\n2\nthree\n");
  const inode = main.ino("h");
  conflicting(t, feat, main, ["content f", "content i"]);
  const other = fork("other", main);
  merged(t, feat, main, { f: "one\n2\nthree\n", g2: "G", h: "H", i: "one\n2\nthree\n" }, "text");
  merged(t, feat, other, { f: "one\n2\n3\n", g2: "G", h: "H", i: "one\n2\n3\n" }, "theirs");
  t.equal(main.ino("h"), inode);
  feat.write("f", "one\n2\n3\n4\n");
  conflicting(t, feat, main, ["content f"]);
  merged(t, feat, main, { ...main.dump(), f: "one\n2\nthree\n" }, "ours");
  t.end();
});

t.test("a directory removed and made again is the same", (t) => {
  const { main, feat } = forked(t, (main) => main.mkdir("build").write("build/old", "o").write("build/both", "b"));
  main.rm("build").mkdir("build").write("build/new", "n").write("build/both", "b");
  feat.write("build/theirs", "t");
  merged(t, feat, main, { build: "/", "build/new": "n", "build/both": "b", "build/theirs": "t" });
  feat.rm("build").mkdir("build").write("build/theirs", "T");
  merged(t, feat, main, { build: "/", "build/new": "n", "build/theirs": "T" });
  t.end();
});

t.test("hard links: counts follow from the names", (t) => {
  const { main, feat } = forked(t, (main) => main.write("a", "a").ln("a", "b"));
  feat.ln("a", "c").rm("b");
  main.ln("a", "d");
  merged(t, feat, main, { a: "a (3 links)", c: "a (3 links)", d: "a (3 links)" });
  feat.rm("a").rm("c");
  conflicting(t, feat, main, ["rename/delete a"]);
  merged(t, feat, main, { a: "a (3 links)", c: "a (3 links)", d: "a (3 links)" }, "ours");
  feat.write("x", "x").ln("x", "y");
  merged(t, feat, main, { ...main.dump(), x: "x (2 links)", y: "x (2 links)" });
  t.end();
});

t.test("attributes, each by itself", (t) => {
  const { main, feat } = forked(t, (main) => main.write("f", "f").setXattr("f", "user.a", "1").setXattr("f", "user.b", "1"));
  feat.chmod("f", 0o600).setXattr("f", "user.a", "2").removeXattr("f", "user.b");
  main.chown("f", 7).setXattr("f", "user.c", "3").write("f", "F");
  merged(t, feat, main, { f: "F" });
  const inode = main.tree.inode(main.ino("f"));
  t.same([(inode?.mode ?? 0) & 0o777, inode?.uid], [0o600, 7]);
  t.same(main.tree.xattrNames(main.ino("f")), ["user.a", "user.c"]);
  t.equal(Buffer.from(main.tree.xattr(main.ino("f"), "user.a") ?? []).toString(), "2");
  feat.chmod("f", 0o640).setXattr("f", "user.a", "4");
  main.chmod("f", 0o644).setXattr("f", "user.a", "5");
  conflicting(t, feat, main, ["attributes f", "xattr f"]);
  merged(t, feat, main, { f: "F" }, "theirs");
  t.equal((main.tree.inode(main.ino("f"))?.mode ?? 0) & 0o777, 0o640);
  t.end();
});

t.test("times are never a conflict", (t) => {
  const { main, feat } = forked(t, (main) => main.mkdir("d").write("d/f", "f").write("g", "g"));
  feat.touch("d", 1000).touch("d/f", 1000).touch("g", 1000);
  main.touch("d", 2000).touch("d/f", 2000);
  merged(t, feat, main, { d: "/", "d/f": "f", g: "g" });
  t.same(
    ["d", "d/f", "g"].map((path) => main.tree.inode(main.ino(path))?.mtimeSec),
    [2000, 2000, 1000],
  );
  t.end();
});

t.test("names exchanged", (t) => {
  const { main, feat, fork } = forked(t, (main) => main.mkdir("a").write("a/x", "x").mkdir("b").write("b/y", "y"));
  feat.exchange("a", "b");
  const other = fork("other", main);
  merged(t, feat, main, { a: "/", "a/y": "y", b: "/", "b/x": "x" });
  other.mv("a", "c");
  conflicting(t, feat, other, ["rename/rename c"]);
  merged(t, feat, other, { c: "/", "c/x": "x", a: "/", "a/y": "y" }, "ours");
  t.end();
});

t.test("what cannot be merged", (t) => {
  const { store, main, feat } = forked(t, (main) => main.write("a", "a"));
  t.throws(() => merge(feat, feat), /cannot be merged into itself/);
  t.equal(merge(main, feat).event, undefined, "an ancestor without anything new");
  store.branches.drop(store.branches.get(feat.branch), null);
  t.throws(() => merge(feat, main), /was dropped/);
  t.end();
});
