/** The commands that only read: log, ps, sql, cat, and times in words. */
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { readFreeWords } from "../../src/cli/freewords.js";
import { onMount } from "../support/mount.js";
import { succeed } from "../support/run.js";
import { accepts, list, refuses } from "./support.js";

interface Entry {
  readonly event: number;
  readonly op: string;
  readonly branch: string;
  readonly path: string | null;
  readonly toPath: string | null;
  readonly pid: number | null;
  readonly bytes: number | null;
}

interface Process {
  readonly pid: number;
  readonly name: string;
  readonly user: string;
  readonly arguments: string[] | null;
  readonly events: number;
  readonly firstEvent: number;
  readonly lastEvent: number;
}

t.test("log lists what was done, newest first, by path, process and branch", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    mkdirSync(join(directory, "dir"));
    writeFileSync(join(directory, "dir", "note"), "one");
    renameSync(join(directory, "dir", "note"), join(directory, "moved"));
    rmSync(join(directory, "moved"));
    const all = list<Entry>(t, ["log", "--json"], directory);
    const told = all.map(({ op, path, toPath }) => [op, path, toPath]);
    t.same(told.slice(0, 5), [
      ["unlink", "/moved", null],
      ["rename", "/dir/note", "/moved"],
      ["write", "/dir/note", null],
      ["create", "/dir/note", null],
      ["mkdir", "/dir", null],
    ]);
    t.ok(
      all.slice(0, 5).every((entry) => entry.pid === process.pid),
      "who",
    );
    t.equal(all[2]?.bytes, 3);
    t.same(list<Entry>(t, ["log", "-n", "2", "--json"], directory), all.slice(0, 2));
    t.same(
      list<Entry>(t, ["log", "dir", "--json"], directory).map(({ op }) => op),
      ["rename", "write", "create", "mkdir"],
    );
    t.same(
      list<Entry>(t, ["log", "moved", "--json"], directory).map(({ op }) => op),
      ["unlink", "rename"],
      "of what is gone",
    );
    const table = accepts(t, ["log"], directory).split("\n");
    t.match(table[0], /^EVENT +TIME +OPERATION +BYTES +BY +PATH$/);
    t.match(table[2], /^@\d+ +\S+ +rename +\S+ \(\d+\) +\/dir\/note -> \/moved$/);

    succeed(t, "touch", [join(directory, "touched")]);
    const [touched] = list<Entry>(t, ["log", "touched", "--json"], directory);
    const byTouch = list<Entry>(t, ["log", "--by", String(touched?.pid), "--json"], directory);
    t.ok(byTouch.length > 0 && byTouch.every(({ path }) => path === "/touched"));
    t.equal(accepts(t, ["log", "--by", "999999999"], directory), "no changes\n");

    accepts(t, ["branch", "idea"], directory);
    writeFileSync(join(directory, ".branches", "idea", "fresh"), "");
    t.same(list<Entry>(t, ["log", "fresh", "--json"], directory), [], "main did not do it");
    const idea = list<Entry>(t, ["log", "--branch", "idea", "--json"], directory);
    t.match(idea[0], { op: "create", path: "/fresh", branch: "idea" });
    t.match(idea.at(-2), { op: "mkdir", path: "/dir", branch: "main" }, "what was before its fork is its own too");
    t.equal(list<Entry>(t, ["log", "--all", "-n", "1", "--json"], directory)[0]?.branch, "idea");
    refuses(t, 1, ["log", "--branch", "nowhere", "--db", mount.database], ["nowhere"]);
    refuses(t, 2, ["log", "-n", "0", "--db", mount.database], ["'0'"]);
    refuses(t, 2, ["log", "-n", "many", "--db", mount.database], ["'many'"]);
    refuses(t, 2, ["log", "--all", "--branch", "x", "--db", mount.database], ["exclude"]);
    refuses(t, 1, ["log", "/etc/passwd"], ["/etc/passwd", "--db"]);
    mount.unmount();
    t.ok(list<Entry>(t, ["log", "/dir", "--json", "--db", mount.database]).length === 4, "without a mount");
  }),
);

t.test("ps lists who acted", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    t.equal(accepts(t, ["ps"], directory), "no process has changed anything\n");
    // It stays until it is asked about, so that its arguments can be looked up.
    succeed(t, "sh", ["-c", `echo one > note; ${process.execPath} -e 0; echo two > other`], { cwd: directory });
    const [shell] = list<Process>(t, ["ps", "--json"], directory).filter(({ name }) => name === "sh");
    t.match(shell?.arguments?.slice(0, 2), ["sh", "-c"]);
    t.ok((shell?.events ?? 0) >= 4 && (shell?.lastEvent ?? 0) > (shell?.firstEvent ?? 0));
    t.ok(shell?.user !== undefined);
    t.match(accepts(t, ["ps"], directory), /^ *PID +USER +NAME +CHANGES +FIRST +LAST +COMMAND\n(.*\n)*.* sh +\d+ +@/);
    mount.unmount();
    t.ok(list<Process>(t, ["ps", "--json", "--db", mount.database]).some(({ name }) => name === "sh"));
    t.same(list<Process>(t, ["ps", "--branch", "main", "--json", "--db", mount.database]).length > 0, true);
    refuses(t, 1, ["ps", "--branch", "nowhere", "--db", mount.database], ["nowhere"]);
  }),
);

t.test("sql answers questions, and only those", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    writeFileSync(join(directory, "nöte"), "one");
    const at = ["--db", mount.database];
    const question = "SELECT op, name FROM event WHERE op = 'create'";
    t.same(JSON.parse(accepts(t, ["sql", "--json", question], directory)), [{ op: "create", name: "nöte" }]);
    t.equal(accepts(t, ["sql", question, ...at]), "op      name\ncreate  nöte\n");
    t.equal(
      accepts(t, ["sql", "/* why not */ -- at all\nVALUES (NULL, x'00ff', 9007199254740993)", ...at]).split("\n")[1],
      "NULL     X'00ff'  9007199254740993",
    );
    t.same(list(t, ["sql", "--json", "WITH t AS (SELECT 1 AS n) SELECT n FROM t WHERE n > 1", ...at]), []);
    t.match(accepts(t, ["sql", "EXPLAIN QUERY PLAN SELECT * FROM event", ...at]), /SCAN event/);
    for (const change of [
      "DELETE FROM event",
      "insert into meta values (1,2)",
      "PRAGMA journal_mode = DELETE",
      "ATTACH '/tmp/x' AS x",
      "VACUUM",
    ]) {
      refuses(t, 1, ["sql", change, ...at], [change.split(" ")[0]?.toUpperCase() ?? "", "read-only"]);
    }
    refuses(t, 1, ["sql", "WITH t AS (SELECT 1) DELETE FROM event", ...at], [/change|read/]);
    refuses(t, 1, ["sql", "SELECT * FROM nowhere", ...at], ["nowhere"]);
    refuses(t, 1, ["sql", "SELECT 1; SELECT 2", ...at], ["one statement"]);
    refuses(t, 1, ["sql", " -- nothing", ...at], ["no SQL"]);
    refuses(t, 1, ["sql", "tell me", ...at], ["TELL", "SELECT"]);
    t.equal(list(t, ["sql", "--json", "SELECT * FROM event WHERE op = 'create'", ...at]).length, 1, "everything is still there");
  }),
);

t.test("cat prints a file as it was", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    const large = "0123456789abcdef".repeat(200_000);
    const note = join(directory, "note");
    writeFileSync(note, "one\n");
    writeFileSync(join(directory, "large"), large);
    symlinkSync("./dir/../note", join(directory, "link"));
    symlinkSync("/etc/passwd", join(directory, "out"));
    mkdirSync(join(directory, "dir"));
    accepts(t, ["snapshot", "first"], directory);
    writeFileSync(note, "two\n");
    t.equal(accepts(t, ["cat", "note"], directory), "two\n", "now");
    t.equal(accepts(t, ["cat", note, "--at", "first"]), "one\n");
    t.equal(accepts(t, ["cat", "link", "--at", "first"], directory), "one\n", "through a link");
    t.ok(accepts(t, ["cat", "large", "--at", "first"], directory) === large, "three megabytes");
    renameSync(note, join(directory, "renamed"));
    t.equal(accepts(t, ["cat", "renamed", "--at", "first"], directory), "one\n", "by the name it has now");
    t.equal(accepts(t, ["cat", "note", "--at", "first"], directory), "one\n", "and by the one it had");
    refuses(t, 1, ["cat", note], ["note", "no such file", "stone history"]);
    refuses(t, 1, ["cat", join(directory, "never"), "--at", "first"], ["never", "first"]);
    refuses(t, 1, ["cat", join(directory, "dir"), "--at", "first"], ["directory"]);
    refuses(t, 1, ["cat", join(directory, "out"), "--at", "first"], ["no such file"]);
    refuses(t, 1, ["cat", join(directory, "renamed"), "--at", "nonsense"], ["nonsense"]);
    refuses(t, 1, ["cat", join(directory, "renamed"), "--at", "next friday"], ["next friday", "future"]);
    refuses(t, 1, ["cat", join(directory, "renamed"), "--at", "2 days ago"], ["2 days ago", "before"]);
    mount.unmount();
    t.equal(accepts(t, ["cat", "/renamed", "--db", mount.database]), "two\n");
    t.equal(accepts(t, ["cat", "/note", "--at", "first", "--db", mount.database]), "one\n");
  }),
);

t.test("times in words", async (t) => {
  const hours = (text: string): number => (Date.now() - Date.parse(readFreeWords(text) ?? "")) / 3_600_000;
  t.ok(Math.abs(hours("2 hours ago") - 2) < 0.01);
  t.ok(hours("last friday 5pm") > 0 && hours("last friday 5pm") <= 14 * 24);
  t.equal(new Date(readFreeWords("yesterday at noon") ?? "").getHours(), 12);
  for (const name of ["friday-backup", "v1.2", "before the storm", "nonsense", "", "note 5pm"])
    t.equal(readFreeWords(name), undefined, name);
  t.throws(() => readFreeWords("in two days"), { message: /future/ });
});
