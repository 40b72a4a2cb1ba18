/** Programs that people run, doing on the mount what they do elsewhere. */
import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { onMount } from "../support/mount.js";
import { copyProject } from "../support/project.js";
import { has, run, succeed, without } from "../support/run.js";
import { setxattr, utimensat } from "../support/sys.js";
import { temporaryDirectory } from "../support/temporary.js";
import { compareTrees } from "../support/tree.js";

/** The project's sources and one of everything else: links, modes, holes, attributes, times, names. */
function mixedTree(directory: string): void {
  copyProject(directory);
  const path = (name: string): string => join(directory, name);
  fs.writeFileSync(path("binary"), randomBytes(700_001), { mode: 0o600 });
  fs.writeFileSync(path("empty"), "");
  fs.linkSync(path("binary"), path("second name"));
  fs.symlinkSync("src/base", path("link"));
  fs.symlinkSync("/nowhere/at/all", path("dangling"));
  fs.mkdirSync(path("locked"), 0o500);
  fs.writeFileSync(Buffer.concat([Buffer.from(path("")), Buffer.from([0x6e, 0xff, 0x0a, 0xfe])]), "bytes for a name");
  fs.writeFileSync(path("run me"), "#!/bin/sh\nexit 7\n", { mode: 0o755 });
  fs.truncateSync(path("empty"), 3_000_000);
  setxattr(path("binary"), "user.origin", "test");
  utimensat(path("run me"), { sec: 1_000_000_000, nsec: 1 }, { sec: 1_234_567_890, nsec: 987_654_321 });
}

t.test("make builds a C project", { skip: without("make", "gcc") }, (t) =>
  onMount(t, ({ directory }) => {
    for (let index = 0; index < 20; index++) {
      fs.writeFileSync(join(directory, `part${index}.c`), `int part${index}(int x) { return x + ${index}; }\n`);
    }
    const calls = Array.from({ length: 20 }, (_, index) => `x = part${index}(x);`).join(" ");
    const prototypes = Array.from({ length: 20 }, (_, index) => `int part${index}(int);`).join("\n");
    fs.writeFileSync(join(directory, "parts.h"), `${prototypes}\n`);
    fs.writeFileSync(
      join(directory, "main.c"),
      `#include <stdio.h>\n#include "parts.h"\nint main(void) { int x = 0; ${calls} printf("%d\\n", x); return 0; }\n`,
    );
    fs.writeFileSync(
      join(directory, "Makefile"),
      "objects = $(patsubst %.c,%.o,$(wildcard *.c))\nsum: $(objects)\n\tgcc -o $@ $^\n%.o: %.c parts.h\n\tgcc -c -o $@ $<\nclean:\n\trm -f *.o sum\n",
    );
    succeed(t, "make", ["-j2", "-s"], { cwd: directory });
    t.equal(succeed(t, join(directory, "sum"), []), "190\n");
    t.match(succeed(t, "make", [], { cwd: directory }), /up to date/);
    const [later] = [new Date(Date.now() + 2000)];
    fs.utimesSync(join(directory, "part3.c"), later, later);
    const again = succeed(t, "make", [], { cwd: directory });
    t.equal(again.split("\n").filter((line) => line.includes("-c -o")).length, 1, "one object is made again");
    succeed(t, "make", ["clean"], { cwd: directory });
    t.notOk(fs.existsSync(join(directory, "sum")));
  }),
);

t.test("tar brings a tree in and out unchanged", { skip: without("tar") }, (t) =>
  onMount(t, ({ directory }) => {
    const outside = temporaryDirectory(t);
    const origin = join(outside, "origin");
    mixedTree(origin);
    const args = ["--format=posix", "--xattrs", "--sparse"];
    succeed(t, "tar", [...args, "-cf", join(outside, "in.tar"), "-C", origin, "."]);
    fs.mkdirSync(join(directory, "tree"));
    succeed(t, "tar", [...args, "-xpf", join(outside, "in.tar"), "-C", join(directory, "tree")]);
    t.same(compareTrees(origin, join(directory, "tree")), [], "in");
    succeed(t, "tar", [...args, "-cf", join(outside, "out.tar"), "-C", join(directory, "tree"), "."]);
    fs.mkdirSync(join(outside, "back"));
    succeed(t, "tar", [...args, "-xpf", join(outside, "out.tar"), "-C", join(outside, "back")]);
    t.same(compareTrees(origin, join(outside, "back")), [], "out");
  }),
);

t.test("cp -a copies a tree in, within and out", (t) =>
  onMount(t, ({ directory }) => {
    const outside = temporaryDirectory(t);
    mixedTree(join(outside, "origin"));
    succeed(t, "cp", ["-a", join(outside, "origin"), join(directory, "one")]);
    t.same(compareTrees(join(outside, "origin"), join(directory, "one")), [], "in");
    succeed(t, "cp", ["-a", "--reflink=auto", join(directory, "one"), join(directory, "two")]);
    t.same(compareTrees(join(directory, "one"), join(directory, "two")), [], "within");
    succeed(t, "cp", ["-a", join(directory, "two"), join(outside, "back")]);
    t.same(compareTrees(join(outside, "origin"), join(outside, "back")), [], "out");
    succeed(t, "diff", ["-r", "--no-dereference", join(directory, "one"), join(directory, "two")]);
  }),
);

t.test("mv within the mount keeps the inode, out of it copies", (t) =>
  onMount(t, ({ directory }) => {
    const outside = temporaryDirectory(t);
    fs.mkdirSync(join(directory, "a"));
    fs.writeFileSync(join(directory, "a", "file"), "moved");
    const ino = fs.statSync(join(directory, "a", "file")).ino;
    succeed(t, "mv", [join(directory, "a"), join(directory, "b")]);
    t.equal(fs.statSync(join(directory, "b", "file")).ino, ino);
    succeed(t, "mv", [join(directory, "b"), join(outside, "c")]);
    t.same(fs.readdirSync(directory), []);
    t.equal(fs.readFileSync(join(outside, "c", "file"), "utf8"), "moved");
  }),
);

t.test("rsync copies once, then nothing", { skip: without("rsync") }, (t) =>
  onMount(t, ({ directory }) => {
    const outside = temporaryDirectory(t);
    mixedTree(join(outside, "origin"));
    const args = ["-aHX", "--itemize-changes", `${join(outside, "origin")}/`, join(directory, "copy")];
    succeed(t, "rsync", args);
    t.same(compareTrees(join(outside, "origin"), join(directory, "copy")), []);
    t.equal(succeed(t, "rsync", args), "", "the second run finds nothing to do");
  }),
);

function database(t: Test, path: string, journal: string): void {
  const statements = [
    `PRAGMA journal_mode=${journal};`,
    "CREATE TABLE IF NOT EXISTS item (id INTEGER PRIMARY KEY, text TEXT);",
    ...Array.from({ length: 50 }, (_, index) => `INSERT INTO item (text) VALUES ('row ${index}');`),
    "BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO item (text) SELECT hex(randomblob(20)) FROM n; COMMIT;",
    "DELETE FROM item WHERE id % 3 = 0; VACUUM; PRAGMA integrity_check; SELECT count(*) FROM item;",
  ];
  const output = succeed(t, "sqlite3", ["-bail", path], { input: statements.join("\n") });
  t.equal(output, `${journal.toLowerCase()}\nok\n13367\n`, journal);
}

t.test("sqlite3 with each journal", { skip: without("sqlite3") }, (t) =>
  onMount(t, ({ directory }) => {
    for (const journal of ["DELETE", "TRUNCATE", "PERSIST", "WAL"]) {
      database(t, join(directory, `${journal}.db`), journal);
    }
    for (const journal of ["DELETE", "WAL"]) {
      t.equal(succeed(t, "sqlite3", [join(directory, `${journal}.db`), "PRAGMA integrity_check"]), "ok\n");
    }
  }),
);

t.test("how editors save", (t) =>
  onMount(t, ({ directory }) => {
    const path = join(directory, "text");
    fs.writeFileSync(path, "one\n", { mode: 0o640 });

    succeed(t, "sed", ["-i", "s/one/two/", path]);
    t.equal(fs.readFileSync(path, "utf8"), "two\n", "sed -i");
    t.equal(fs.statSync(path).mode & 0o777, 0o640);

    // Write beside, sync, rename over: most editors.
    const fd = fs.openSync(`${path}.tmp`, "wx", 0o640);
    fs.writeSync(fd, "three\n");
    fs.fsyncSync(fd);
    fs.closeSync(fd);
    fs.renameSync(`${path}.tmp`, path);
    t.equal(fs.readFileSync(path, "utf8"), "three\n", "rename over");

    // Move the old one away as a backup, write anew, remove the backup: vim with backupcopy=no.
    fs.renameSync(path, `${path}~`);
    fs.writeFileSync(path, "four\n", { flag: "wx" });
    t.equal(fs.readFileSync(`${path}~`, "utf8"), "three\n");
    fs.unlinkSync(`${path}~`);
    t.equal(fs.readFileSync(path, "utf8"), "four\n", "backup aside");

    // Truncate in place: vim with backupcopy=yes.
    fs.writeFileSync(path, "five\n");
    t.equal(fs.readFileSync(path, "utf8"), "five\n", "in place");
    t.same(fs.readdirSync(directory), ["text"]);
    if (has("vim")) {
      run("vim", ["-es", "-u", "NONE", "-c", "%s/five/six/", "-c", "wq", path]);
      t.equal(fs.readFileSync(path, "utf8"), "six\n", "vim itself");
      t.same(fs.readdirSync(directory), ["text"], "vim leaves no swap file");
    }
  }),
);

t.test("64 MiB written, read by cat, compared by cmp", (t) =>
  onMount(t, ({ directory }) => {
    const outside = temporaryDirectory(t);
    const bytes = randomBytes(64 << 20);
    fs.writeFileSync(join(outside, "big"), bytes);
    succeed(t, "cp", [join(outside, "big"), join(directory, "big")]);
    succeed(t, "cmp", [join(outside, "big"), join(directory, "big")]);
    const sum = succeed(t, "sha256sum", [join(directory, "big")]).split(" ")[0];
    t.equal(sum, createHash("sha256").update(bytes).digest("hex"));
    t.ok(Number(succeed(t, "du", ["-k", join(directory, "big")]).split("\t")[0]) >= 65_536, "du");
  }),
);
