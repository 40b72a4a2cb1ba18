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

// A busy machine takes three times what an idle one does.
t.setTimeout(400_000);

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

/** Gives a file and a directory access control lists; false where the file system keeps none. */
function addAcls(directory: string): boolean {
  if (!has("setfacl")) return false;
  const set = (...args: string[]): boolean => run("setfacl", args, { cwd: directory }).status === 0;
  return set("-m", "u:40001:rw,g:40002:r", "binary") && set("-d", "-m", "u:40001:rwx", "src");
}

t.test("rsync copies once, then nothing", { skip: without("rsync") }, (t) =>
  onMount(t, ({ directory }) => {
    const outside = temporaryDirectory(t);
    mixedTree(join(outside, "origin"));
    fs.writeFileSync(join(directory, "binary"), "");
    fs.mkdirSync(join(directory, "src"));
    const acls = addAcls(directory) && addAcls(join(outside, "origin"));
    if (!acls) t.comment("without access control lists: setfacl fails on the mount or on the host");
    // By default it compares whole seconds, and would leave a directory's time alone.
    const args = [
      acls ? "-aHAX" : "-aHX",
      "--modify-window=-1",
      "--itemize-changes",
      `${join(outside, "origin")}/`,
      join(directory, "copy"),
    ];
    succeed(t, "rsync", args);
    t.same(compareTrees(join(outside, "origin"), join(directory, "copy")), []);
    t.equal(succeed(t, "rsync", args), "", "the second run finds nothing to do");
  }),
);

/** A writer that is killed in the middle leaves a database that its next reader repairs, with every transaction whole. */
const killedWriter = `
import os, signal, sqlite3, sys, time
path, journal = sys.argv[1:]

def connect():
    db = sqlite3.connect(path, isolation_level=None, timeout=20)
    db.execute("PRAGMA journal_mode=" + journal)
    return db

def write_on(parent, told):
    db = connect()
    db.execute("PRAGMA cache_size=20")
    while os.getppid() == parent:
        db.execute("BEGIN IMMEDIATE")
        for _ in range(20):
            db.execute("INSERT INTO pair (a, b) VALUES (randomblob(3000), NULL)")
            db.execute("UPDATE pair SET b = a WHERE id = last_insert_rowid()")
        db.execute("DELETE FROM pair WHERE id NOT IN (SELECT id FROM pair ORDER BY random() LIMIT 200)")
        db.execute("COMMIT")
        os.write(told, b".")

db = connect()
db.execute("CREATE TABLE pair (id INTEGER PRIMARY KEY, a BLOB, b BLOB)")
db.close()
commits = 0
for turn in range(4):
    parent, (told, tell) = os.getpid(), os.pipe()
    pid = os.fork()
    if pid == 0:
        write_on(parent, tell)
        os._exit(0)
    os.close(tell)
    commits += len(os.read(told, 1))
    time.sleep(0.3 + 0.037 * turn)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    commits += len(os.read(told, 100000))
    os.close(told)
    db = connect()
    assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    rows, torn = db.execute("SELECT count(*), sum(b IS NULL OR a != b) FROM pair").fetchone()
    assert rows >= 20 and not torn, "half a transaction is left: %s %s" % (rows, torn)
    db.close()
print(commits)`;

t.test("sqlite: a writer that is killed again and again", { skip: without("python3") }, (t) =>
  onMount(t, ({ directory }) => {
    for (const journal of ["DELETE", "WAL"]) {
      const commits = succeed(t, "python3", ["-c", killedWriter, join(directory, `${journal}.db`), journal]);
      t.ok(Number(commits) >= 4, `${commits.trim()} commits, ${journal}`);
    }
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
  }),
);

t.test("vim saves in each of its ways, as it does elsewhere", { skip: without("vim") }, (t) =>
  onMount(t, ({ directory }) => {
    const here = temporaryDirectory(t);
    for (const setting of ["backupcopy=yes", "backupcopy=auto", "nobackup nowritebackup", "backupcopy=no", "backupcopy=no backup"]) {
      for (const place of [here, directory]) {
        const path = join(place, setting);
        fs.writeFileSync(path, "one\n", { mode: 0o640 });
        fs.linkSync(path, `${path}, second name`);
        const args = ["-es", "-u", "NONE", "-i", "NONE", "-c", `set swapfile fsync ${setting}`, "-c", "s/one/two/", "-c", "wq", path];
        succeed(t, "vim", args, { env: { TERM: "dumb" } });
        t.equal(fs.readFileSync(path, "utf8"), "two\n", setting);
      }
    }
    t.same(
      compareTrees(here, directory, { ignore: ["mtime"] }).filter((line) => !line.startsWith(".:")),
      [],
      "links, backups, no swap files",
    );
  }),
);

t.test("npm ci, without a network: a package from a directory, one from an archive", { skip: without("npm") }, (t) =>
  onMount(t, ({ directory }) => {
    const path = (...parts: string[]): string => join(directory, ...parts);
    const json = (value: unknown, ...parts: string[]): void => fs.writeFileSync(path(...parts), JSON.stringify(value));
    for (const name of ["linked", "packed", "app"]) fs.mkdirSync(path(name));
    json({ name: "linked", version: "1.0.0", main: "index.js" }, "linked", "package.json");
    fs.writeFileSync(path("linked", "index.js"), "module.exports = 'linked';\n");
    json({ name: "packed", version: "2.0.0", main: "index.js", bin: { packed: "tool.js" } }, "packed", "package.json");
    fs.writeFileSync(path("packed", "index.js"), "module.exports = require('./many/99');\n");
    fs.writeFileSync(path("packed", "tool.js"), "#!/usr/bin/env node\nconsole.log(require('packed'), require('linked'));\n");
    fs.mkdirSync(path("packed", "many"));
    for (let index = 0; index < 100; index++)
      fs.writeFileSync(path("packed", "many", `${index}.js`), `module.exports = 'packed ${index}';\n`);
    json(
      { name: "app", version: "1.0.0", dependencies: { linked: "file:../linked", packed: "file:../packed-2.0.0.tgz" } },
      "app",
      "package.json",
    );
    const npm = (cwd: string, ...args: string[]): string =>
      succeed(t, "npm", [...args, "--offline", "--no-audit", "--no-fund", "--loglevel=error", "--cache", path("cache")], {
        cwd,
        env: { NODE_OPTIONS: "" },
      });
    npm(directory, "pack", path("packed"));
    npm(path("app"), "install", "--package-lock-only");
    for (let turn = 0; turn < 2; turn++) {
      npm(path("app"), "ci");
      t.equal(succeed(t, path("app", "node_modules", ".bin", "packed"), [], { env: { NODE_OPTIONS: "" } }), "packed 99 linked\n");
      t.equal(fs.readdirSync(path("app", "node_modules", "packed", "many")).length, 100);
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
