/** Databases that sync each transaction, with files of their own on the peer. */
import fs from "node:fs";
import Database from "better-sqlite3";
import { asPostgres, startServer, stopServer } from "../fixtures/postgres.js";
import { timed, type Workload } from "../row.js";
import { isRoot, must } from "../run.js";

const nearExt4 = [{ peer: "ext4", atMost: 1.3 }];

const inserts = 200;
const sqliteName = "sqlite3 insert, a transaction each";

export const sqlite: Workload = {
  name: "sqlite3",
  rows: [{ name: sqliteName, unit: { operations: inserts }, goals: nearExt4 }],
  variants: ["stonefs+writeback"],
  run(directory) {
    const database = new Database(`${directory}/bench.db`);
    // sqlite3(1)'s own defaults, said aloud: a journal file made, synced and deleted for every transaction.
    database.pragma("journal_mode = DELETE");
    database.pragma("synchronous = FULL");
    database.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)");
    const insert = database.prepare("INSERT INTO t (text) VALUES (?)");
    const seconds = timed(() => {
      for (let index = 0; index < inserts; index++) insert.run(`row ${index}`);
    });
    database.close();
    return { [sqliteName]: seconds };
  },
};

const transactions = 500;
const pgbenchName = "pgbench transaction";

export const pgbench: Workload = {
  name: "pgbench",
  rows: [{ name: pgbenchName, unit: { operations: transactions }, goals: nearExt4 }],
  fixtures: ["postgres"],
  run(directory, { postgres }) {
    if (postgres === undefined) return {};
    const [data, sockets, { programs }] = [`${directory}/data`, fs.mkdtempSync("/tmp/stonefs-bench-sockets-"), postgres];
    must("cp", ["-a", postgres.data, data]);
    if (isRoot()) must("chown", ["postgres:postgres", sockets]);
    startServer(programs, data, sockets);
    try {
      const args = ["-h", sockets, "-n", "-c", "1", "-t", String(transactions), "postgres"];
      const printed = asPostgres(`${programs}/pgbench`, args);
      const latencyMillis = /latency average = ([0-9.]+) ms/.exec(printed)?.[1];
      if (latencyMillis === undefined) throw new Error(`pgbench printed no latency: ${printed}`);
      return { [pgbenchName]: (Number(latencyMillis) * transactions) / 1000 };
    } finally {
      stopServer(programs, data);
      fs.rmSync(sockets, { recursive: true, force: true });
    }
  },
};
