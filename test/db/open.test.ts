/** Files that are not what they should be are refused before anything is written to them. */
import fs from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import t, { type Test } from "tap";
import { DatabaseFormatError } from "../../src/db/connection.js";
import { openSqlite } from "../../src/db/sqlite.js";
import { createStore } from "../../src/store/create.js";
import { openStore } from "../../src/store/store.js";
import { addFile, newDatabase, newStore, writeVersion } from "../store/database.js";
import { temporaryDirectory } from "../support/temporary.js";

/** Asserts that a file is refused both to read and to write, for a reason that names it, and left as it was. */
function refusedFile(t: Test, path: string, reason: RegExp): void {
  const before = fs.existsSync(path) ? fs.readFileSync(path) : undefined;
  for (const mode of ["read", "write"] as const) {
    try {
      openStore(path, { mode }).connection.close();
      t.fail(`${mode}: expected a refusal`);
    } catch (error) {
      t.ok(error instanceof DatabaseFormatError, `${mode}: a DatabaseFormatError, not ${error}`);
      t.match((error as Error).message, reason);
      t.ok((error as Error).message.startsWith(path), "the message names the file");
    }
  }
  t.same(fs.existsSync(path) ? fs.readFileSync(path) : undefined, before, "untouched");
}

t.test("a file that is missing", (t) => {
  const path = join(temporaryDirectory(t), "db");
  refusedFile(t, path, /no such database; create one with: stone init/);
  t.end();
});

t.test("a file that is no database", (t) => {
  const path = join(temporaryDirectory(t), "db");
  fs.writeFileSync(path, "dear diary\n".repeat(1000));
  refusedFile(t, path, /is not a stonefs database; create one with: stone init/);
  fs.writeFileSync(path, "");
  refusedFile(t, path, /is not a stonefs database/);
  t.end();
});

t.test("another program's SQLite database", (t) => {
  const path = join(temporaryDirectory(t), "db");
  const other = new Database(path);
  other.exec("CREATE TABLE meta (key TEXT, value TEXT)");
  other.close();
  refusedFile(t, path, /is a SQLite database, but not a stonefs one/);
  t.end();
});

t.test("a database cut short", (t) => {
  const whole = newStore(t);
  writeVersion(whole, addFile(whole, "file"), 0, Buffer.alloc(100_000, 1));
  whole.close();
  const bytes = fs.readFileSync(whole.path);
  for (const length of [100, 1000, 20_000]) {
    const path = join(temporaryDirectory(t), "db");
    fs.writeFileSync(path, bytes.subarray(0, length));
    refusedFile(t, path, /is damaged/);
  }
  t.end();
});

t.test("a database with a damaged first page", (t) => {
  const path = newDatabase(t);
  const fd = fs.openSync(path, "r+");
  fs.writeSync(fd, Buffer.alloc(900, 0x5a), 0, 900, 100);
  fs.closeSync(fd);
  refusedFile(t, path, /is damaged/);
  t.end();
});

t.test("a newer format, and none", (t) => {
  const path = newDatabase(t);
  const change = (sql: string) => {
    const connection = openSqlite(path, { mode: "write" });
    connection.exec(sql);
    connection.checkpoint();
    connection.close();
  };
  change("UPDATE meta SET value = '3' WHERE key = 'format'");
  refusedFile(t, path, /is of format 3, newer than the 2 this version reads; install a newer stonefs/);
  change("DELETE FROM meta WHERE key = 'format'");
  refusedFile(t, path, /has no format version/);
  change("INSERT INTO meta (key, value) VALUES ('format', 'banana')");
  refusedFile(t, path, /is of format banana/);
  t.end();
});

t.test("creating where there is something", (t) => {
  const path = newDatabase(t);
  const bytes = fs.readFileSync(path);
  t.throws(() => createStore(path), /exists already; choose another path/);
  t.throws(() => openSqlite(path, { mode: "create" }), /exists already/);
  t.same(fs.readFileSync(path), bytes);
  t.same(fs.readdirSync(join(path, "..")), ["db"], "nothing unfinished is left");
  t.end();
});
