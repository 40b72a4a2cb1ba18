/** stone merge, restore and undo, on a mount. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { type Mount, onMount } from "../support/mount.js";
import { succeed } from "../support/run.js";
import { stone } from "../support/stone.js";
import { accepts, conflicts, list, refuses } from "./support.js";

/** A mount with a branch `idea`, forked where `note` says "one" between two other lines. */
function forked(t: Test, { directory }: Mount): { main: (name: string) => string; idea: (name: string) => string } {
  writeFileSync(join(directory, "note"), "top\none\nbottom\n");
  writeFileSync(join(directory, "other"), "other\n");
  accepts(t, ["branch", "idea"], directory);
  return { main: (name) => join(directory, name), idea: (name) => join(directory, ".branches", "idea", name) };
}

const read = (path: string): string => readFileSync(path, "utf8");

t.test("merge takes what the other side changed, again only what is new", (t) =>
  onMount(t, (mount) => {
    const { main, idea } = forked(t, mount);
    const { directory } = mount;
    writeFileSync(idea("note"), "top\nidea\nbottom\n");
    writeFileSync(idea("new"), "new");
    rmSync(idea("other"));
    writeFileSync(main("own"), "own");
    t.match(accepts(t, ["merge", "idea", "--dry-run"], directory), /^A\t\/new\nM\t\/note\nD\t\/other\n3 changes; not applied/);
    t.equal(read(main("note")), "top\none\nbottom\n", "a dry run changes nothing");
    t.match(accepts(t, ["merge", "idea"], directory), /merging idea into main: 3 changes \(event @\d+\)\n$/);
    t.equal(read(main("note")), "top\nidea\nbottom\n");
    t.equal(read(main("new")), "new");
    t.notOk(existsSync(main("other")));
    t.ok(existsSync(main("own")));
    t.match(accepts(t, ["merge", "idea"], directory), /nothing to do/);
    writeFileSync(idea("later"), "");
    const again = JSON.parse(accepts(t, ["merge", "idea", "--json"], directory)) as { changes: { path: string }[]; event: number };
    t.same(
      again.changes.map(({ path }) => path),
      ["/later"],
    );
    t.match(accepts(t, ["merge", "main", "--into", "idea"], directory), "/own");
    t.ok(existsSync(idea("own")));
  }),
);

t.test("conflicts are listed, nothing is applied, and options settle them", (t) =>
  onMount(t, (mount) => {
    const { main, idea } = forked(t, mount);
    const { directory } = mount;
    writeFileSync(idea("note"), "top\nidea\nbottom\n");
    writeFileSync(main("note"), "top\nmain\nbottom\n");
    rmSync(idea("other"));
    writeFileSync(main("other"), "changed\n");
    writeFileSync(idea("quiet"), "");
    const found = conflicts(t, ["merge", "idea"], directory);
    t.same(found.map(({ kind, path }) => [kind, path]).sort(), [
      ["content", "/note"],
      ["delete/modify", "/other"],
    ]);
    t.notOk(existsSync(main("quiet")), "nothing was applied");
    t.equal(conflicts(t, ["merge", "idea", "--ours", "other"], directory).length, 1, "one is settled");
    t.equal(conflicts(t, ["merge", "idea", "--text", "--ours", "other"], directory).length, 1, "both changed one line");
    accepts(t, ["merge", "idea", "--theirs", "note", "--ours", "other", "--dry-run"], directory);
    t.notOk(existsSync(main("quiet")));
    accepts(t, ["merge", "idea", "--text", "--markers", "--ours", "other"], directory);
    t.match(read(main("note")), /^top\n<<<<<<<.*\nmain\n(\|\|\|\|\|\|\|.*\none\n)?=======\nidea\n>>>>>>>.*\nbottom\n$/);
    t.equal(read(main("other")), "changed\n");
    t.ok(existsSync(main("quiet")));
  }),
);

t.test("text that both sides changed in different places is merged by line", (t) =>
  onMount(t, (mount) => {
    const { main, idea } = forked(t, mount);
    writeFileSync(idea("note"), "TOP\none\nbottom\n");
    writeFileSync(main("note"), "top\none\nBOTTOM\n");
    t.same(conflicts(t, ["merge", "idea"], mount.directory).length, 1, "only when asked");
    accepts(t, ["merge", "idea", "--text"], mount.directory);
    t.equal(read(main("note")), "TOP\none\nBOTTOM\n");
  }),
);

t.test("merges that are refused", (t) =>
  onMount(t, (mount) => {
    forked(t, mount);
    const at = ["--db", mount.database];
    refuses(t, 1, ["merge", "main", ...at], ["main", /itself/]);
    refuses(t, 1, ["merge", "idea", "--into", "idea", ...at], ["idea", /itself/]);
    refuses(t, 1, ["merge", "nowhere", ...at], ["nowhere"]);
    refuses(t, 1, ["merge", "idea", "--into", "nowhere", ...at], ["nowhere"]);
    refuses(t, 2, ["merge", ...at], ["'NAME'"]);
    refuses(t, 2, ["merge", "idea", "--markers", ...at], ["--text"]);
    const stray = ["merge", "idea", "--ours", "/etc/passwd"];
    refuses(t, 1, stray, ["/etc/passwd", "--db"], stone(stray, { cwd: mount.directory }));
  }),
);

t.test("restore makes a file, a directory and everything as it was; undo takes that back", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    const at = (name: string): string => join(directory, name);
    mkdirSync(at("dir"));
    writeFileSync(at("dir/a"), "a1");
    writeFileSync(at("dir/b"), "b1");
    writeFileSync(at("note"), "n1");
    accepts(t, ["snapshot", "first"], directory);
    writeFileSync(at("dir/a"), "a2");
    rmSync(at("dir/b"));
    writeFileSync(at("dir/c"), "c2");
    writeFileSync(at("note"), "n2");

    t.match(
      accepts(t, ["restore", "first", "dir", "--dry-run"], directory),
      /M\t\/dir\/a\nA\t\/dir\/b\nD\t\/dir\/c\n3 changes; not applied/,
    );
    t.equal(read(at("dir/a")), "a2");
    accepts(t, ["restore", "first", "dir/b"], directory);
    t.equal(read(at("dir/b")), "b1", "undelete");
    t.equal(read(at("dir/a")), "a2", "only what was named");
    accepts(t, ["restore", "first", "dir"], directory);
    t.same([read(at("dir/a")), existsSync(at("dir/c")), read(at("note"))], ["a1", false, "n2"]);
    accepts(t, ["undo"], directory);
    t.same([read(at("dir/a")), existsSync(at("dir/c"))], ["a2", true], "a restore can be undone");
    accepts(t, ["restore", "first"], directory);
    t.same([read(at("dir/a")), existsSync(at("dir/c")), read(at("note"))], ["a1", false, "n1"], "everything");
    t.match(accepts(t, ["restore", "first"], directory), /nothing to do/);
    t.equal(read(join(directory, ".history", "first", "note")), "n1", "the history in between stays");

    const database = ["--db", mount.database];
    refuses(t, 1, ["restore", "nonsense", ...database], ["nonsense"]);
    refuses(t, 1, ["restore", "1999-01-01", ...database], ["1999-01-01"]);
    refuses(t, 1, ["restore", "first", "/never", ...database], ["never"]);
    refuses(t, 1, ["restore", "main", ...database], ["main", "moment"]);
    refuses(t, 2, ["restore", ...database], ["'WHEN'"]);
  }),
);

t.test("undo takes back the last changes, or those of a process", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    const at = (name: string): string => join(directory, name);
    writeFileSync(at("note"), "one");
    succeed(t, "sh", ["-c", "echo wrecked > note; echo junk > junk"], { cwd: directory });
    writeFileSync(at("after"), "kept");
    const [wrecker] = list<{ pid: number; name: string }>(t, ["ps", "--json"], directory).filter(({ name }) => name === "sh");
    const pid = String(wrecker?.pid);
    t.match(accepts(t, ["undo", "--by", pid, "--dry-run"], directory), /D\t\/junk\nM\t\/note\n2 changes; not applied/);
    t.equal(read(at("note")), "wrecked\n");
    accepts(t, ["undo", "--by", "sh"], directory);
    t.same([read(at("note")), existsSync(at("junk")), read(at("after"))], ["one", false, "kept"]);
    mkdirSync(at("made"));
    accepts(t, ["undo", "1"], directory);
    t.notOk(existsSync(at("made")));

    succeed(t, "sh", ["-c", "echo wrecked > note"], { cwd: directory });
    appendFileSync(at("note"), "and more");
    const last = list<{ pid: number; name: string }>(t, ["ps", "--json"], directory).findLast(({ name }) => name === "sh");
    t.same(
      conflicts(t, ["undo", "--by", String(last?.pid)], directory).map(({ path }) => path),
      ["/note"],
      "what was changed again since",
    );
    t.equal(read(at("note")), "wrecked\nand more");
    const database = ["--db", mount.database];
    refuses(t, 1, ["undo", "--by", "nobody-did", ...database], ["nobody-did", "stone ps"]);
    refuses(t, 1, ["undo", "--by", "sh", ...database], ["sh", "2 processes"]);
    refuses(t, 2, ["undo", "0", ...database], ["'0'"]);
    refuses(t, 2, ["undo", "2", "--by", "sh", ...database], ["exclude"]);
  }),
);
