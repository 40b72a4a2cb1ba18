/** Taking changes back: the last ones, or those of one process; what others changed again since is a conflict. */
import t, { type Test } from "tap";
import { type UndoResult, undo } from "../../src/history/undo.js";
import { type Files, forked, merge, sound, told } from "./files.js";

function takeBack(t: Test, files: Files, what: { count?: number; byProcess?: { pid: number } }): UndoResult {
  const { store, branch } = files;
  const dry = undo(store, { branch, ...what, dryRun: "dry-run", process: null });
  const result = undo(store, { branch, ...what, dryRun: "apply", process: null });
  t.same(
    result.changes.map(({ kind, path }) => [kind, path]),
    dry.changes.map(({ kind, path }) => [kind, path]),
  );
  sound(t, store);
  return result;
}

/** Two processes, and the files as each sees them. */
function processes(main: Files): { as: (pid: number) => Files } {
  const { processes } = main.store;
  const rows = new Map<number, number>();
  return {
    as: (pid) => {
      const known = rows.get(pid) ?? processes.add({ pid, started: pid, parent: 1, uid: 0, gid: 0, name: `p${pid}` });
      rows.set(pid, known);
      main.process = known;
      return main;
    },
  };
}

t.test("the last changes, one or many, and the undo itself", (t) => {
  const steps: ((files: Files) => unknown)[] = [
    (files) => files.writeAt(files.ino("a"), 0, "2"),
    (files) => files.mkdir("d"),
    (files) => files.mv("a", "d/a"),
    (files) => files.ln("d/a", "b"),
    (files) => files.rm("b"),
    (files) => files.chmod("d/a", 0o600),
    (files) => files.rm("d/a"),
    (files) => files.symlink("s", "x"),
  ];
  for (let count = 1; count <= steps.length; count++) {
    const { main } = forked(t, (main) => main.write("a", "1"));
    const states = [main.dump()];
    for (const step of steps) {
      step(main);
      states.push(main.dump());
    }
    const result = takeBack(t, main, { count });
    t.same(main.dump(), states[steps.length - count], `${count} back`);
    t.equal(result.undone.length, count);
    const again = takeBack(t, main, {});
    t.same(main.dump(), states[steps.length], "and forth");
    t.same(again.undone, [result.event]);
    takeBack(t, main, {});
    t.same(main.dump(), states[steps.length - count], "and back");
  }
  t.end();
});

t.test("everything at once", (t) => {
  const { main } = forked(t, (main) => main.mkdir("d").write("d/f", "f").write("g", "g"));
  const before = main.dump();
  const from = main.now;
  main.rm("d").write("d", "file").save("g", "G").mkdir("e").write("e/x", "x").exchange("e", "d").setXattr("g", "user.a", "1");
  main.store.settle();
  const count = main.store.events.batch.filter(({ id }) => id > from).length;
  takeBack(t, main, { count });
  t.same(main.dump(), before);
  t.end();
});

t.test("what one process did", (t) => {
  const { main } = forked(t, (main) => main.write("a", "a").write("b", "b").write("c", "c").mkdir("d").write("d/x", "x"));
  const { as } = processes(main);
  as(10).write("a", "A").rm("c").write("new", "n");
  as(20).write("b", "B").write("other", "o");
  as(10).mv("d/x", "x").chmod("a", 0o600);
  takeBack(t, main, { byProcess: { pid: 10 } });
  t.same(main.dump(), { a: "a", b: "B", c: "c", d: "/", "d/x": "x", other: "o" });
  t.equal((main.tree.inode(main.ino("a"))?.mode ?? 0) & 0o777, 0o644);
  t.throws(() => takeBack(t, main, { byProcess: { pid: 77 } }), /no process 77/);
  t.end();
});

t.test("what was changed again since is a conflict", (t) => {
  const { main } = forked(t, (main) =>
    main.write("a", "a").write("b", "b").mkdir("d").write("d/x", "x").write("e", "e").write("free", "f"),
  );
  const { as } = processes(main);
  as(10).write("a", "A").write("new", "n").mkdir("dir").rm("d/x").mv("e", "e2").write("free", "F");
  as(20).write("a", "AA").write("new", "N").write("dir/in", "i").rm("d").mv("e2", "e3");
  const before = main.dump();
  const result = takeBack(t, main, { byProcess: { pid: 10 } });
  t.equal(result.event, undefined);
  t.same(told(result), ["content a", "delete/add d", "delete/add dir", "delete/modify new", "rename/rename e3"].sort());
  t.same(main.dump(), before, "nothing was applied");
  t.end();
});

t.test("files and names that others changed hundreds of times", (t) => {
  const { main } = forked(t, (main) => main.write("log", "").write("saved", "s").write("busy", ""));
  const { as } = processes(main);
  const others = (letter: string): void => {
    for (let i = 0; i < 150; i++) {
      as(20).save("saved", `${letter}${i}`);
      main.writeAt(main.ino("log"), i, letter);
      main.writeAt(main.ino("busy"), i, letter);
    }
  };
  as(10).write("mine", "");
  others("x");
  as(10).write("saved", "mine").write("log", "mine").save("mine", "MINE");
  takeBack(t, main, { byProcess: { pid: 10 } });
  t.same(main.dump(), { saved: "x149", log: "x".repeat(150), busy: "x".repeat(150) });
  as(10).write("saved", "mine").write("log", "mine");
  others("y");
  as(10).write("busy", "mine");
  const result = takeBack(t, main, { byProcess: { pid: 10 }, count: 6 });
  t.same(told(result), ["content log", "delete/modify saved"]);
  takeBack(t, main, { byProcess: { pid: 10 }, count: 2 });
  t.same(main.dump(), { saved: "y149", log: "y".repeat(150), busy: "y".repeat(150) });
  t.end();
});

t.test("what another wrote to a file before it had a name", (t) => {
  const { main } = forked(t, (main) => main.write("a", "a"));
  const { as } = processes(main);
  const ino = as(20).makeUnnamed();
  as(10).writeAt(ino, 0, "1");
  as(20).writeAt(ino, 1, "2");
  main.nameInode(ino, "t");
  as(10).write("a", "A");
  takeBack(t, main, { byProcess: { pid: 10 } });
  t.same(main.dump(), { a: "a", t: "12" }, "what a file was before its first name, no moment shows");
  t.end();
});

t.test("a file that another replaced or removed is told by its name", (t) => {
  const { main } = forked(t, (main) => main.mkdir("d").write("d/saved", "s").write("removed", "r").mkdir("e").write("e/f", "f"));
  const { as } = processes(main);
  as(10).write("d/saved", "S").write("removed", "R").write("e/f", "F");
  as(20).save("d/saved", "saved").rm("removed").rm("e");
  const result = takeBack(t, main, { byProcess: { pid: 10 } });
  t.same(told(result), ["delete/modify d/saved", "delete/modify e/f", "delete/modify removed"]);
  t.same(main.dump(), { d: "/", "d/saved": "saved" });
  t.end();
});

t.test("a file that was moved, and that another removed where it went", (t) => {
  for (const what of ["file", "directory"] as const) {
    const { main } = forked(t, (main) => (what === "file" ? main.write("a", "a") : main.mkdir("a").write("a/x", "x")));
    const { as } = processes(main);
    as(10).mv("a", "b");
    as(20).rm("b");
    const result = takeBack(t, main, { byProcess: { pid: 10 } });
    t.same(told(result), ["rename/delete a"]);
    t.same(main.dump(), {});
  }
  t.end();
});

t.test("a file that was made here, moved by another, and removed there", (t) => {
  const { main } = forked(t, (main) => main.write("a", "a"));
  const { as } = processes(main);
  as(10).write("new", "n");
  as(20).mv("new", "other");
  as(10).rm("other").write("a", "A");
  const result = takeBack(t, main, { byProcess: { pid: 10 } });
  t.same(told(result), []);
  t.same(main.dump(), { a: "a" });
  t.end();
});

t.test("a file that was made here keeps the name that another gave it", (t) => {
  const { main } = forked(t, (main) => main.write("a", "a"));
  const { as } = processes(main);
  as(10).write("new", "n");
  as(20).ln("new", "other");
  takeBack(t, main, { byProcess: { pid: 10 } });
  t.same(main.dump(), { a: "a", other: "n" });
  t.end();
});

t.test("what another did beside it stays", (t) => {
  const { main } = forked(t, (main) => main.write("a", "a"));
  const { as } = processes(main);
  as(10).write("a", "A");
  as(20).chmod("a", 0o600).setXattr("a", "user.k", "v").ln("a", "b");
  as(10).setXattr("a", "user.mine", "v");
  takeBack(t, main, { byProcess: { pid: 10 } });
  t.same(main.dump(), { a: "a (2 links)", b: "a (2 links)" });
  t.equal((main.tree.inode(main.ino("a"))?.mode ?? 0) & 0o777, 0o600);
  t.same(main.tree.xattrNames(main.ino("a")), ["user.k"]);
  t.end();
});

t.test("a merge, taken back and again", (t) => {
  const { main, feat } = forked(t, (main) => main.write("a", "a").mkdir("d").write("d/x", "x"));
  const before = main.dump();
  feat.write("a", "A").mv("d", "e").rm("e/x").write("e/y", "y").ln("a", "b");
  merge(feat, main);
  const after = main.dump();
  takeBack(t, main, {});
  t.same(main.dump(), before);
  takeBack(t, main, {});
  t.same(main.dump(), after);
  t.end();
});

t.test("in a branch only its own changes", (t) => {
  const { main, feat } = forked(t, (main) => main.write("a", "1"));
  t.throws(() => takeBack(t, feat, {}), /has no change to take back/);
  feat.writeAt(feat.ino("a"), 0, "2");
  main.write("b", "b");
  t.throws(() => takeBack(t, feat, { count: 5 }), /has only \d changes/);
  takeBack(t, feat, {});
  t.same(feat.dump(), { a: "1" });
  t.throws(() => takeBack(t, feat, { count: 0 }), /cannot be taken back/);
  t.end();
});
