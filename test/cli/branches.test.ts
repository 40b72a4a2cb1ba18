/** stone branch, switch and snapshot, on a mount. */
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { onMount } from "../support/mount.js";
import { accepts, list, refuses } from "./support.js";

interface BranchRow {
  readonly name: string;
  readonly kind: string;
  readonly from: string | null;
  readonly forkedAt: number | null;
  readonly changedFiles: number | null;
  readonly changedBytes: number | null;
  readonly changedAtMicros: number | null;
  readonly current: boolean;
  readonly directory: string | null;
}

function branches(t: Test, directory: string): Map<string, BranchRow> {
  return new Map(list<BranchRow>(t, ["branch", "--json"], directory).map((row) => [row.name, row]));
}

t.test("a branch is forked, changed on its own, listed, renamed and dropped", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    writeFileSync(join(directory, "note"), "one");
    t.match(accepts(t, ["branch", "idea"], directory), `${directory}/.branches/idea`);
    const inside = join(directory, ".branches", "idea");
    t.equal(readFileSync(join(inside, "note"), "utf8"), "one");
    writeFileSync(join(inside, "note"), "from idea");
    writeFileSync(join(directory, "note"), "from main");
    t.equal(readFileSync(join(inside, "note"), "utf8"), "from idea");
    t.equal(readFileSync(join(directory, "note"), "utf8"), "from main");

    const rows = branches(t, directory);
    t.match(rows.get("main"), { from: null, current: true, directory });
    t.match(rows.get("idea"), { kind: "branch", from: "main", current: false, directory: inside, changedFiles: 1, changedBytes: 9 });
    t.ok((rows.get("idea")?.changedAtMicros ?? 0) > 0, "last change");
    t.match(accepts(t, ["branch", "--list"], directory), /^ +BRANCH +KIND +FORKED FROM +AT +FILES +BYTES +LAST CHANGE\n\* +main/);
    t.ok(branches(t, inside).get("idea")?.current, "inside its directory it is the current one");

    accepts(t, ["branch", "-m", "idea", "thought"], directory);
    t.equal(readFileSync(join(directory, ".branches", "thought", "note"), "utf8"), "from idea");
    t.notOk(existsSync(inside), "the old name is gone");
    accepts(t, ["branch", "-d", "thought"], directory);
    t.notOk(existsSync(join(directory, ".branches", "thought")));
    t.same([...branches(t, directory).keys()], ["main"]);
  }),
);

t.test("a fork of the past, of another branch, and from inside one", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    writeFileSync(join(directory, "note"), "one");
    accepts(t, ["snapshot", "first"], directory);
    writeFileSync(join(directory, "note"), "two");
    accepts(t, ["branch", "old", "--at", "first"], directory);
    const old = join(directory, ".branches", "old");
    t.equal(readFileSync(join(old, "note"), "utf8"), "one");
    writeFileSync(join(old, "note"), "three");
    accepts(t, ["branch", "older", "--from", "old"], directory);
    t.equal(readFileSync(join(directory, ".branches", "older", "note"), "utf8"), "three");
    accepts(t, ["branch", "inner"], old);
    t.equal(branches(t, directory).get("inner")?.from, "old", "the branch one is in is the one that is forked");
    const [forkedAt] = [...branches(t, directory).values()].filter(({ name }) => name === "inner").map((row) => row.forkedAt);
    accepts(t, ["branch", "before", "--from", "inner", "--at", `@${(forkedAt ?? 0) - 1}`], directory);
    t.equal(readFileSync(join(directory, ".branches", "before", "note"), "utf8"), "three", "before its fork it was its parent");
    accepts(t, ["branch", "words", "--at", "1 second ago", "--db", mount.database]);
  }),
);

t.test("names and branches that are refused", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    const at = ["--db", mount.database];
    accepts(t, ["branch", "idea", ...at]);
    accepts(t, ["branch", "child", "--from", "idea", ...at]);
    refuses(t, 1, ["branch", "idea", ...at], ["idea", "already"]);
    refuses(t, 1, ["branch", "main", ...at], ["main", "already"]);
    for (const name of ["a/b", ".", "..", " x", "tab\there", ""]) refuses(t, 1, ["branch", name, ...at], [/name/]);
    refuses(t, 1, ["branch", "n".repeat(256), ...at], ["256 bytes"]);
    for (const name of [".history", ".branches"]) refuses(t, 1, ["branch", name, ...at], [name, "reserved"]);
    for (const name of ["today", "@5", "2026-11-22", "5m-ago"]) refuses(t, 1, ["branch", name, ...at], [name, "moment"]);
    refuses(t, 1, ["branch", "-m", "idea", "yesterday", ...at], ["yesterday", "moment"]);
    refuses(t, 1, ["begin", "yesterday", ...at], ["yesterday", "moment"]);
    refuses(t, 1, ["snapshot", ".branches", ...at], [".branches", "reserved"]);
    refuses(t, 2, ["branch", "-x", ...at], ["-x"]);
    refuses(t, 1, ["branch", "new", "--from", "nowhere", ...at], ["nowhere", /no (such )?branch/]);
    refuses(t, 1, ["branch", "new", "--at", "nonsense", ...at], ["nonsense", "moment"]);
    refuses(t, 1, ["branch", "new", "--at", "1999-01-01", ...at], ["1999-01-01", "history"]);
    refuses(t, 1, ["branch", "new", "--at", "2999-01-01", ...at], ["2999-01-01", "future"]);
    refuses(t, 1, ["branch", "-d", "nowhere", ...at], ["nowhere"]);
    refuses(t, 1, ["branch", "-d", "main", ...at], ["main"]);
    refuses(t, 1, ["branch", "-d", "idea", ...at], ["idea", "child"]);
    refuses(t, 1, ["branch", "-m", "nowhere", "x", ...at], ["nowhere"]);
    refuses(t, 1, ["branch", "-m", "idea", "child", ...at], ["child", "already"]);
    refuses(t, 2, ["branch", "-m", "idea", ...at], ["-m OLD NEW"]);
    refuses(t, 2, ["branch", "-d", ...at], ["-d NAME"]);
    refuses(t, 2, ["branch", "one", "two", ...at], ["'two'"]);
    refuses(t, 2, ["branch", "--list", "x", ...at], ["'x'"]);
    refuses(t, 2, ["branch", "-d", "--list", ...at], ["exclude"]);
    refuses(t, 2, ["branch", "--at", "1s-ago", ...at], ["--at"]);
    t.same([...branches(t, directory).keys()], ["main", "idea", "child"], "nothing was made or lost");
  }),
);

t.test("a branch with an open file, or that is mounted, is not dropped", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    accepts(t, ["branch", "idea"], directory);
    const fd = openSync(join(directory, ".branches", "idea", "open"), "w");
    refuses(t, 1, ["branch", "-d", "idea", "--db", mount.database], ["idea", "open", `(pid ${process.pid})`]);
    closeSync(fd);
    accepts(t, ["switch", "idea"], directory);
    refuses(t, 1, ["branch", "-d", "idea", "--db", mount.database], ["idea", /mount/]);
    accepts(t, ["switch", "main"], directory);
    accepts(t, ["branch", "-d", "idea"], directory);
  }),
);

t.test("a mount that is read-only refuses, and says that it is", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    const at = ["--db", mount.database];
    accepts(t, ["snapshot", "first", ...at]);
    accepts(t, ["branch", "idea", ...at]);
    mount.unmount();
    accepts(t, ["mount", "-o", "ro", mount.database, directory]);
    for (const change of [
      ["branch", "new"],
      ["branch", "-d", "idea"],
      ["snapshot"],
      ["merge", "idea"],
      ["restore", "first"],
      ["undo"],
      ["begin"],
    ]) {
      refuses(t, 1, [...change, ...at], ["read-only"]);
    }
    accepts(t, ["umount", directory]);
    accepts(t, ["mount", "--at", "first", mount.database, directory]);
    refuses(t, 1, ["switch", "idea", ...at], ["past moment"]);
    refuses(t, 1, ["branch", "new", ...at], ["read-only"]);
    t.equal(branches(t, directory).size, 2, "reading goes on");
  }),
);

t.test("switch shows another branch at once", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    mkdirSync(join(directory, "dir"));
    writeFileSync(join(directory, "note"), "main");
    accepts(t, ["branch", "idea"], directory);
    writeFileSync(join(directory, ".branches", "idea", "note"), "idea!");
    writeFileSync(join(directory, ".branches", "idea", "new"), "");
    t.same(readdirSync(directory), ["dir", "note"]);
    t.match(accepts(t, ["switch", "idea"], directory), `${directory} shows idea`);
    t.same(readdirSync(directory).sort(), ["dir", "new", "note"]);
    t.equal(readFileSync(join(directory, "note"), "utf8"), "idea!");
    t.match(accepts(t, ["status"]), /idea/);
    t.ok(branches(t, directory).get("idea")?.current);
    refuses(t, 1, ["switch", "nowhere", "--db", mount.database], ["nowhere"]);
    accepts(t, ["switch", "main"], directory);
    t.equal(readFileSync(join(directory, "note"), "utf8"), "main");
    mount.unmount();
    refuses(t, 1, ["switch", "idea", "--db", mount.database], ["not mounted", "stone mount"]);
    accepts(t, ["mount", mount.database, directory, "--branch", "idea"]);
    t.equal(readFileSync(join(directory, "note"), "utf8"), "idea!");
  }),
);

interface SnapshotRow {
  readonly name: string;
  readonly branch: string;
  readonly event: number;
  readonly message: string | null;
}

t.test("a snapshot is taken, seen, survives gc, and is dropped", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    const note = join(directory, "note");
    writeFileSync(note, "one");
    t.match(accepts(t, ["snapshot", "first", "-m", "all green"], directory), /^took first of main@\d+\n$/);
    writeFileSync(note, "two");
    const then = join(directory, ".history", "first", "note");
    t.equal(readFileSync(then, "utf8"), "one");
    rmSync(note);
    accepts(t, ["gc", "--keep", "0s"], directory);
    t.equal(readFileSync(then, "utf8"), "one", "gc leaves it");
    const unnamed = list<SnapshotRow>(t, ["snapshot", "--json"], directory) as unknown as SnapshotRow;
    t.match(unnamed.name, /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/, "without a name its time is it");
    const rows = list<SnapshotRow>(t, ["snapshot", "--list", "--json"], directory);
    t.same(
      rows.map(({ name, branch, message }) => [name, branch, message]),
      [
        ["first", "main", "all green"],
        [unnamed.name, "main", null],
      ],
    );
    t.match(accepts(t, ["snapshot", "--list"], directory), /^SNAPSHOT +BRANCH +EVENT +TIME +MESSAGE\nfirst +main +@\d+ .*all green$/m);
    refuses(t, 1, ["snapshot", "first", "--db", mount.database], ["first", "already"]);
    refuses(t, 1, ["snapshot", "a/b", "--db", mount.database], [/name/]);
    refuses(t, 1, ["snapshot", "yesterday", "--db", mount.database], ["yesterday"]);
    refuses(t, 1, ["snapshot", "new", "--branch", "nowhere", "--db", mount.database], ["nowhere"]);
    refuses(t, 1, ["snapshot", "-d", "nowhere", "--db", mount.database], ["nowhere"]);
    refuses(t, 2, ["snapshot", "-d", "--db", mount.database], ["-d NAME"]);
    accepts(t, ["snapshot", "-d", "first"], directory);
    t.notOk(existsSync(join(directory, ".history", "first")));
  }),
);
