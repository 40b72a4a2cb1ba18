/** What `stone init` and `stone mount` refuse, and how they say it. */
import { chmodSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import t, { type Test } from "tap";
import { freshMount, isMounted } from "../support/mount.js";
import { stone } from "../support/stone.js";
import { temporaryDirectory } from "../support/temporary.js";
import { accepts, giveToBound, refuses, stoneBound } from "./support.js";

interface Scene {
  readonly base: string;
  readonly database: string;
  readonly directory: string;
}

/** A database and an empty directory, not mounted. */
function scene(t: Test): Scene {
  const base = temporaryDirectory(t);
  const [database, directory] = [join(base, "test.db"), join(base, "mnt")];
  accepts(t, ["init", database]);
  mkdirSync(directory);
  t.teardown(() => {
    if (isMounted(directory)) stone(["umount", "--lazy", directory]);
  });
  return { base, database, directory };
}

/** Refused, and nothing is mounted afterwards. */
function refusesMount(
  t: Test,
  { database, directory }: Pick<Scene, "database" | "directory">,
  words: (string | RegExp)[],
  flags: string[] = [],
  status: 1 | 2 = 1,
): void {
  refuses(t, status, ["mount", database, directory, ...flags], words);
  t.notOk(isMounted(directory), "nothing is mounted");
}

t.test("init", async (t) => {
  const { base, database } = scene(t);
  const before = readFileSync(database);
  refuses(t, 1, ["init", database], [database, "exists already", "stone mount"]);
  t.ok(before.equals(readFileSync(database)), "the existing one is untouched");
  refuses(t, 1, ["init", base], [base, "not a file"]);
  refuses(t, 1, ["init", join(base, "no/such/a.db")], ["no such directory", "mkdir -p"]);
  refuses(t, 1, ["init", join(database, "a.db")], [database]);
  const large = join(base, "large.db");
  accepts(t, ["init", "--page-size", "16384", large]);
  t.equal(readFileSync(large).readUInt16BE(16), 16384, "the page size is in the header");
});

t.test("init in a directory one may not write", async (t) => {
  const locked = join(temporaryDirectory(t), "locked");
  mkdirSync(locked);
  chmodSync(locked, 0o555);
  const database = join(locked, "a.db");
  refuses(t, 1, ["init", database], [database, "not writable", "permission denied"], stoneBound(["init", database]));
});

t.test("a mount point that is missing or not a directory", async (t) => {
  const { base, database } = scene(t);
  refusesMount(t, { database, directory: join(base, "missing") }, ["missing", "no such directory", "mkdir -p"]);
  const file = join(base, "file");
  writeFileSync(file, "");
  refusesMount(t, { database, directory: file }, [file, "not a directory"]);
  refusesMount(t, { database, directory: join(file, "below") }, [join(file, "below")]);
});

t.test("a mount point that is not empty: a warning, and what is in it comes back", async (t) => {
  const { database, directory } = scene(t);
  writeFileSync(join(directory, "hidden"), "here");
  const { status, stderr } = stone(["mount", database, directory]);
  t.equal(status, 0, stderr);
  t.match(stderr, /^stone: warning: \S+ is not empty[^\n]*\n$/);
  accepts(t, ["umount", directory]);
  t.equal(readFileSync(join(directory, "hidden"), "utf8"), "here");
});

t.test("a database that is missing, a directory, or inside its own mount point", async (t) => {
  const { base, directory } = scene(t);
  const missing = join(base, "missing.db");
  refusesMount(t, { database: missing, directory }, [missing, "no such database", "stone init"]);
  refusesMount(t, { database: base, directory }, [base, "not a file"]);
  const inside = join(directory, "inside.db");
  accepts(t, ["init", inside]);
  refusesMount(t, { database: inside, directory }, [inside, directory, "own mount"]);
  mkdirSync(join(directory, "deeper"));
  const deeper = join(directory, "deeper", "a.db");
  accepts(t, ["init", deeper]);
  refusesMount(t, { database: deeper, directory }, ["own mount"]);
});

t.test("a database one may not write", async (t) => {
  const { base, database, directory } = scene(t);
  giveToBound(directory);
  giveToBound(base);
  chmodSync(database, 0o444);
  refuses(t, 1, ["mount", database, directory], [database, "not writable"], stoneBound(["mount", database, directory]));
  giveToBound(database);
  chmodSync(database, 0o644);
  chmodSync(base, 0o555);
  refuses(t, 1, ["mount", database, directory], [base, "not writable"], stoneBound(["mount", database, directory]));
  chmodSync(base, 0o755);
});

t.test("a file that is not a database", async (t) => {
  const { base, directory } = scene(t);
  const other = join(base, "other");
  writeFileSync(other, "This is a letter, not a database. ".repeat(500));
  refusesMount(t, { database: other, directory }, [other, "not"]);
  const empty = join(base, "empty");
  writeFileSync(empty, "");
  refusesMount(t, { database: empty, directory }, [empty]);
  const foreign = join(base, "foreign.db");
  new Database(foreign).exec("CREATE TABLE t (x); INSERT INTO t VALUES (1)").close();
  refusesMount(t, { database: foreign, directory }, [foreign, "not"]);
  refuses(t, 1, ["check", "--db", foreign], [foreign]);
  refuses(t, 1, ["history", "--db", foreign, "/x"], [foreign]);
  refuses(t, 1, ["gc", "--keep", "1d", foreign], [foreign]);
});

t.test("a database of a newer format", async (t) => {
  const { database, directory } = scene(t);
  const connection = new Database(database);
  connection.exec("UPDATE meta SET value = '999' WHERE key = 'format'");
  connection.close();
  refusesMount(t, { database, directory }, [database, "999", /newer/]);
  refuses(t, 1, ["check", "--db", database], [database, "999"]);
});

t.test("a damaged database is refused, or named by the check", async (t) => {
  const { database, directory } = scene(t);
  truncateSync(database, Math.floor(statSync(database).size / 2 / 4096) * 4096);
  const check = stone(["check", "--db", database]);
  t.equal(check.status, 1, "the check fails");
  t.not(`${check.stdout}${check.stderr}`, "", "and says why");
  const header = join(directory, "..", "header.db");
  accepts(t, ["init", header]);
  const bytes = readFileSync(header);
  writeFileSync(header, bytes.fill(0xff, 0, 100));
  refusesMount(t, { database: header, directory }, [header]);
});

t.test("options, branches and moments that are not", async (t) => {
  const at = scene(t);
  refusesMount(t, at, ["-o frobnicate", "allow_other", "size=SIZE"], ["-o", "ro,frobnicate"], 2);
  refusesMount(t, at, ["size=lots", "10G"], ["-o", "size=lots"], 2);
  refusesMount(t, at, ["nowhere", at.database], ["--branch", "nowhere"]);
  refusesMount(t, at, ["nonsense", "ISO 8601", "5m-ago", "yesterday"], ["--at", "nonsense"]);
  refusesMount(t, at, ["1999-12-31"], ["--at", "1999-12-31"]);
  refusesMount(t, at, ["2999-01-01T00:00"], ["--at", "2999-01-01T00:00"]);
  refusesMount(t, at, ["@999999999"], ["--at", "@999999999"]);
});

t.test("mounted already, here or elsewhere", async (t) => {
  const mount = freshMount(t);
  const pid = `pid ${mount.daemonPid()}`;
  refuses(t, 1, ["mount", mount.database, mount.directory], ["already mounted", pid, "stone umount"]);
  t.match(accepts(t, ["mount", "--if-needed", mount.database, mount.directory]), /already mounted/);
  const elsewhere = join(temporaryDirectory(t), "elsewhere");
  mkdirSync(elsewhere);
  refusesMount(t, { database: mount.database, directory: elsewhere }, ["in use", pid, mount.directory]);
  refuses(t, 1, ["mount", "--if-needed", mount.database, elsewhere], ["in use", pid]);
  const other = scene(t);
  refuses(t, 1, ["mount", other.database, mount.directory], ["already mounted", mount.database]);
  refuses(t, 1, ["mount", "--if-needed", other.database, mount.directory], ["already mounted", mount.database]);
  mount.unmount();
  mount.check();
});
