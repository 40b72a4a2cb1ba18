import t from "tap";
import { toPositional } from "../../src/db/parameters.js";
import { openSqlite } from "../../src/db/sqlite.js";
import { newDatabase } from "../store/database.js";

t.test("numbered parameters become positional ones", (t) => {
  t.same(toPositional("SELECT 1"), { text: "SELECT 1", order: undefined });
  t.same(toPositional("a = $1 AND b = $2"), { text: "a = ? AND b = ?", order: undefined }, "in order, once each: as they are");
  t.same(toPositional("a = $2 AND b = $1"), { text: "a = ? AND b = ?", order: [1, 0] });
  t.same(toPositional("a = $1 OR b = $1"), { text: "a = ? OR b = ?", order: [0, 0] });
  t.same(toPositional("$10, $1").order, [9, 0], "two digits");
  t.end();
});

t.test("the engine gets each value where it belongs", (t) => {
  const connection = openSqlite(newDatabase(t), { mode: "write" });
  t.teardown(() => connection.close());
  t.same(connection.prepare("SELECT $2, $1, $2, $3").get(["one", 2, null]), [2, "one", 2, null]);
  t.same(connection.prepare("SELECT $1 UNION ALL SELECT $2").all(["a", "b"]), [["a"], ["b"]]);
  t.equal(connection.prepare("SELECT 1"), connection.prepare("SELECT 1"), "the same text is prepared once");
  connection.exec("CREATE TABLE thing (a BIGINT, b BLOB)");
  const insert = connection.prepare("INSERT INTO thing (b, a) VALUES ($2, $1)");
  t.equal(insert.run([2 ** 53 - 1, Buffer.from([0, 255])]), 1);
  t.same(connection.prepare("SELECT a, b FROM thing").all([]), [[2 ** 53 - 1, Buffer.from([0, 255])]]);
  t.equal(connection.prepare("UPDATE thing SET a = $1 WHERE a = $2").run([0, 5]), 0, "how many rows changed");
  t.end();
});
