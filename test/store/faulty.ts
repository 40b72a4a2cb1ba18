/** A database whose disk is full from some statement on, until there is room again. */
import { join } from "node:path";
import type { Test } from "tap";
import { type Connection, DatabaseFullError, type Statement } from "../../src/db/connection.js";
import { openSqlite } from "../../src/db/sqlite.js";
import { createStore } from "../../src/store/create.js";
import { Store, type StoreOptions } from "../../src/store/store.js";
import { temporaryDirectory } from "../support/temporary.js";

/** Says when the disk is full. */
export interface Disk {
  /** How many more changing statements and commits go through; Infinity while there is room. */
  left: number;
  /** How many did. */
  done: number;
}

/** As SQLite does it: the transaction is rolled back whole, and what comes next meets the same. */
function spend(disk: Disk, connection: Connection): void {
  if (disk.left <= 0) {
    connection.rollback();
    throw new DatabaseFullError("the disk is full");
  }
  disk.left -= 1;
  disk.done += 1;
}

function faulty(connection: Connection, disk: Disk): Connection {
  const statements = new Map<string, Statement<readonly unknown[]>>();
  const prepare = <Row extends readonly unknown[]>(sql: string): Statement<Row> => {
    let statement = statements.get(sql);
    if (statement === undefined) {
      const inner = connection.prepare<readonly unknown[]>(sql);
      statement = {
        sql,
        run: (params) => {
          spend(disk, connection);
          return inner.run(params);
        },
        get: (params) => inner.get(params),
        all: (params) => inner.all(params),
      };
      statements.set(sql, statement);
    }
    return statement as Statement<Row>;
  };
  const commit = (): void => {
    spend(disk, connection);
    connection.commit();
  };
  return new Proxy(connection, {
    get(target, key) {
      if (key === "prepare") return prepare;
      if (key === "commit") return commit;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** A new store on a disk that has room. */
export function newFaultyStore(t: Test, options: StoreOptions = {}): { store: Store; disk: Disk } {
  const path = join(temporaryDirectory(t), "db");
  createStore(path, { uid: 0, gid: 0 });
  const disk: Disk = { left: Number.POSITIVE_INFINITY, done: 0 };
  const connection = openSqlite(path, { mode: "write" });
  t.teardown(() => connection.close());
  return { store: new Store(faulty(connection, disk), path, { batchMillis: 3600_000, ...options }), disk };
}
