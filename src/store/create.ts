import { existsSync, renameSync, rmSync } from "node:fs";
import { timespecOf } from "../base/clock.js";
import { DatabaseFormatError } from "../db/connection.js";
import { segmentsPath } from "../db/segments.js";
import { openSqlite } from "../db/sqlite.js";
import { mainBranch } from "./branches.js";
import { formatVersion } from "./meta.js";
import { schemaSql } from "./schema.js";
import { Store } from "./store.js";
import { rootIno } from "./tree.js";

/** What a new file system begins with. */
export interface CreateOptions {
  /** Page size of the database, bytes. */
  readonly pageBytes?: number;
  /** Owner and permission bits of the root directory. */
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
}

/**
 * Creates a database with one branch, `main`, and an empty root directory. It appears under its name only when it is complete.
 * Throws DatabaseFormatError when the path is taken.
 */
export function createStore(path: string, options: CreateOptions = {}): void {
  if (existsSync(path)) throw new DatabaseFormatError(`${path} exists already; choose another path, or remove it first`);
  if (existsSync(segmentsPath(path))) {
    throw new DatabaseFormatError(`${segmentsPath(path)} is left of another database; choose another path, or remove it first`);
  }
  const unfinished = `${path}.unfinished`;
  removeDatabase(unfinished);
  try {
    const connection = openSqlite(
      unfinished,
      options.pageBytes === undefined ? { mode: "create" } : { mode: "create", pageBytes: options.pageBytes },
    );
    connection.exec(schemaSql());
    const meta = connection.prepare("INSERT INTO meta (key, value) VALUES ($1, $2)");
    meta.run(["format", String(formatVersion)]);
    meta.run(["created", String(Date.now() * 1000)]);
    meta.run(["next_ino", String(rootIno + 1)]);
    connection.prepare("INSERT INTO branch (id, name, kind, made, forked_at) VALUES ($1, $2, 'branch', 1, 0)").run([mainBranch, "main"]);
    const store = new Store(connection, unfinished, {});
    makeRoot(store, options);
    store.close();
    renameSync(unfinished, path);
  } catch (error) {
    removeDatabase(unfinished);
    throw error;
  }
}

function makeRoot(store: Store, options: CreateOptions): void {
  const tree = store.live(mainBranch);
  const tick = tree.change("mkdir", rootIno, null, {});
  const { sec, nsec } = timespecOf(tree.changedAt);
  const root = tree.newInode(rootIno);
  root.mode = 0o040000 | (options.mode ?? 0o755);
  root.uid = options.uid ?? process.getuid?.() ?? 0;
  root.gid = options.gid ?? process.getgid?.() ?? 0;
  root.nlink = 2;
  root.parent = rootIno;
  root.atimeSec = root.mtimeSec = root.ctimeSec = root.btimeSec = sec;
  root.atimeNsec = root.mtimeNsec = root.ctimeNsec = root.btimeNsec = nsec;
  tree.record(root, tick);
}

function removeDatabase(path: string): void {
  for (const suffix of ["", "-wal", "-shm", "-reserve", "-redo"]) rmSync(path + suffix, { force: true });
}
