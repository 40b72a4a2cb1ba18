/** stone diff: on a mount, without one, and its text. */
import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { colored, countLines, plain, unifiedDiff } from "../../src/cli/textdiff.js";
import { onMount } from "../support/mount.js";
import { accepts, list, refuses } from "./support.js";

interface Change {
  readonly kind: string;
  readonly path: string;
  readonly oldPath?: string;
  readonly oldMode?: number;
  readonly newMode?: number;
  readonly newUid?: number;
  readonly contentChanged: boolean;
}

/** A tree with one of everything, a snapshot of it, and a change of each kind. */
function change(t: Test, directory: string): void {
  const at = (name: string): string => join(directory, name);
  mkdirSync(at("dir"));
  writeFileSync(at("text"), "a\nb\nc\n");
  writeFileSync(at("binary"), "x\0y");
  writeFileSync(at("gone"), "gone\n");
  writeFileSync(at("mode"), "");
  writeFileSync(at("dir/old"), "moved\n");
  writeFileSync(at("same"), "same");
  symlinkSync("text", at("link"));
  accepts(t, ["snapshot", "before"], directory);
  writeFileSync(at("text"), "a\nB\nc\nd\n");
  writeFileSync(at("binary"), "x\0zz");
  rmSync(at("gone"));
  writeFileSync(at("new"), "new\n");
  chmodSync(at("mode"), 0o600);
  renameSync(at("dir/old"), at("dir/new"));
  unlinkSync(at("link"));
  symlinkSync("same", at("link"));
  writeFileSync(at("same"), "same");
}

const nameStatus = "M\t/binary\nR\t/dir/old -> /dir/new\nD\t/gone\nM\t/link\nP\t/mode\nA\t/new\nM\t/text\n";

t.test("what was added, removed, modified, renamed, and whose attributes changed", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    change(t, directory);
    t.equal(accepts(t, ["diff", "before", "--name-status"], directory), nameStatus);
    t.equal(accepts(t, ["diff", "before", "dir", "--name-status"], directory), "R\t/dir/old -> /dir/new\n");
    t.equal(accepts(t, ["diff", "before", "main", "./text", "--name-status"], directory), "M\t/text\n");
    t.equal(accepts(t, ["diff", "before", "before"], directory), "", "nothing differs");
    const back = accepts(t, ["diff", "main", "before", "--name-status"], directory);
    t.match(back, "A\t/gone\n");
    t.match(back, "R\t/dir/new -> /dir/old\n");

    const changes = new Map(list<Change>(t, ["diff", "before", "--json"], directory).map((each) => [each.path, each]));
    t.equal(changes.size, 7);
    t.match(changes.get("/mode"), { kind: "attributes", contentChanged: false, newMode: 0o100600 });
    t.match(changes.get("/dir/new"), { kind: "renamed", oldPath: "/dir/old", contentChanged: false });

    const text = accepts(t, ["diff", "before"], directory);
    t.match(text, "modified /text\n--- a/text\n+++ b/text\n@@ -1,3 +1,4 @@\n a\n-b\n+B\n c\n+d\n");
    t.match(text, "Binary files a/binary and b/binary differ\n");
    t.match(text, "removed /gone\n--- a/gone\n+++ /dev/null\n");
    t.match(text, /mode 100644 -> 100600/);
    t.notMatch(text, "\x1b", "no colours where nobody looks");
    t.match(accepts(t, ["diff", "before", "--color", "always"], directory), "\x1b[32m+B\x1b[m\n");
    const stat = accepts(t, ["diff", "before", "--stat"], directory);
    t.match(stat, /^ +3 {2}\/text +\+\+-$/m);
    t.match(stat, /3 -> 4 {2}\/binary +binary$/m);
    t.match(stat, /^7 changed, \d+ lines added, \d+ removed\n$/m);

    mount.unmount();
    const at = ["--db", mount.database];
    t.equal(accepts(t, ["diff", "before", "--name-status", ...at]), nameStatus, "without a mount");
    t.equal(accepts(t, ["diff", "before", "/dir", "--name-status", ...at]), "R\t/dir/old -> /dir/new\n");
    refuses(t, 1, ["diff", "nowhere", ...at], ["nowhere", "branch", "moment"]);
    refuses(t, 1, ["diff", "before", "nowhere", ...at], ["nowhere"]);
    refuses(t, 1, ["diff", "before", "main", "/nowhere", ...at], ["/nowhere", "no such file"]);
    refuses(t, 1, ["diff", "main@1999-01-01", ...at], ["1999-01-01"]);
    refuses(t, 2, ["diff", ...at], ["'A'"]);
    refuses(t, 2, ["diff", "a", "b", "c", "d", ...at], ["stone help diff"]);
    refuses(t, 2, ["diff", "before", "--stat", "--json", ...at], ["exclude"]);
    refuses(t, 2, ["diff", "before", "--color", "blue", ...at], ["blue"]);
  }),
);

t.test("between branches, and in one", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    writeFileSync(join(directory, "note"), "one\n");
    accepts(t, ["branch", "idea"], directory);
    const idea = join(directory, ".branches", "idea");
    writeFileSync(join(idea, "note"), "two\n");
    writeFileSync(join(idea, "idea"), "");
    writeFileSync(join(directory, "main"), "");
    t.equal(accepts(t, ["diff", "main", "idea", "--name-status"], directory), "A\t/idea\nD\t/main\nM\t/note\n");
    t.equal(accepts(t, ["diff", "main", "--name-status"], idea), "A\t/idea\nD\t/main\nM\t/note\n", "where one is in is the new side");
    const [row] = list<{ forkedAt: number }>(t, ["branch", "--json"], directory).slice(1);
    t.equal(accepts(t, ["diff", `main@${row?.forkedAt}`, "idea", "--name-status"], directory), "A\t/idea\nM\t/note\n");
    if (process.geteuid?.() === 0) {
      chownSync(join(idea, "note"), 40001, 40002);
      t.match(accepts(t, ["diff", "main", "idea", "note"], directory), /owner \S+ -> 40001\ngroup 0 -> 40002\n/);
    }
  }),
);

const bytes = (text: string): Buffer => Buffer.from(text);

t.test("the text of a diff", async (t) => {
  const file = { oldName: "a/f", newName: "b/f", oldBytes: bytes("one\ntwo"), newBytes: bytes("one\nTWO\n") };
  const lines = ["--- a/f", "+++ b/f", "@@ -1,2 +1,2 @@", " one", "-two", "\\ No newline at end of file", "+TWO"];
  t.same(unifiedDiff(file, plain), lines);
  t.same(unifiedDiff(file, colored).slice(2, 5), ["\x1b[36m@@ -1,2 +1,2 @@\x1b[m", " one", "\x1b[31m-two\x1b[m"]);
  t.same(countLines(file), { added: 1, removed: 1 });
  t.same(unifiedDiff({ ...file, newBytes: file.oldBytes }, plain), [], "alike");
  const made = { ...file, oldName: null, oldBytes: bytes("") };
  t.same(unifiedDiff(made, plain), ["--- /dev/null", "+++ b/f", "@@ -0,0 +1,2 @@", "+one", "+TWO"]);
  t.same(unifiedDiff({ ...file, newBytes: bytes("\0") }, plain), ["Binary files a/f and b/f differ"]);
  t.equal(countLines({ ...file, newBytes: bytes("\0") }), null);
  t.match(unifiedDiff({ ...file, newBytes: Buffer.alloc(9 << 20, "x") }, plain), [/too large/]);
});
