import t from "tap";
import { DatabaseFullError } from "../../src/db/connection.js";
import { openSqlite } from "../../src/db/sqlite.js";
import { newDatabase } from "../store/database.js";

t.test("a database that cannot grow says so, and its transaction is gone", (t) => {
  const connection = openSqlite(newDatabase(t), { mode: "write" });
  t.teardown(() => connection.close());
  const [pages] = connection.prepare<readonly [number]>("PRAGMA page_count").get([]) ?? [0];
  connection.exec(`PRAGMA max_page_count = ${pages + 5}`);
  const insert = connection.prepare("INSERT INTO meta (key, value) VALUES ($1, $2)");
  connection.begin();
  t.throws(() => {
    for (let i = 0; i < 100; i++) insert.run([`key ${i}`, "x".repeat(10_000)]);
  }, DatabaseFullError);
  connection.rollback();
  t.same(connection.prepare("SELECT count(*) FROM meta").get([]), [3]);
  connection.exec("PRAGMA max_page_count = 1000000");
  connection.begin();
  insert.run(["key", "value"]);
  connection.commit();
  t.same(connection.prepare("SELECT count(*) FROM meta").get([]), [4], "and it goes on when there is room");
  t.throws(() => insert.run(["key", "again"]), /UNIQUE/, "another error stays what it is");
  t.end();
});

t.test("how much is used, and giving back what is free", (t) => {
  const connection = openSqlite(newDatabase(t), { mode: "write" });
  t.teardown(() => connection.close());
  const before = connection.usage();
  connection.prepare("INSERT INTO meta (key, value) VALUES ('big', $1)").run(["x".repeat(3_000_000)]);
  const full = connection.usage();
  t.ok(full.usedBytes - before.usedBytes >= 2_900_000);
  connection.exec("DELETE FROM meta WHERE key = 'big'");
  const freed = connection.usage();
  t.ok(freed.reusableBytes >= 2_900_000, "free inside");
  t.ok(freed.usedBytes <= before.usedBytes + 100_000);
  connection.shrink(1_000_000);
  t.ok(connection.usage().reusableBytes < 100_000, "given back");
  t.end();
});
