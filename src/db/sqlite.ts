import { closeSync, constants, existsSync, fdatasyncSync, fstatSync, openSync, readSync, statSync, writeSync } from "node:fs";
import Database from "better-sqlite3";
import type { Steps } from "../base/steps.js";
import { zeros } from "../base/zeros.js";
import { type Connection, DatabaseFormatError, DatabaseFullError, type Statement, type Usage, type Value } from "./connection.js";
import { toPositional } from "./parameters.js";
import { SegmentFiles } from "./segments.js";

/** How to open a SQLite file. */
export interface SqliteOptions {
  readonly mode: "read" | "write" | "create";
  /** SQLite's page size in bytes, used by `create`. */
  readonly pageBytes?: number;
  /** SQLite's own page cache. */
  readonly cacheBytes?: number;
}

/** "ston" in the header's application id: tells a stonefs database from any other. */
const applicationId = 0x73746f6e;
/**
 * Measured with 128-KiB blobs, 256 MiB in batches of 32: 4K pages log 250 MB/s, 16K 405, 32K 400; random 4-KiB blobs keep 1.14, 1.35
 * and 1.16 bytes for each byte; a small commit logs whole pages, so larger ones make each fsync dearer.
 */
const defaultPageBytes = 16384;
const headerMagic = "SQLite format 3\0";

class SqliteStatement<Row extends readonly unknown[]> implements Statement<Row> {
  readonly sql: string;
  readonly #statement: Database.Statement<unknown[], Row>;
  readonly #order: readonly number[] | undefined;

  constructor(database: Database.Database, sql: string) {
    this.sql = sql;
    const { text, order } = toPositional(sql);
    this.#statement = database.prepare<unknown[], Row>(text);
    if (this.#statement.reader) this.#statement.raw(true);
    this.#order = order;
  }

  run(params: readonly Value[]): number {
    try {
      return this.#statement.run(this.#arrange(params)).changes;
    } catch (error) {
      throw translate(error);
    }
  }

  get(params: readonly Value[]): Row | undefined {
    return this.#statement.get(this.#arrange(params));
  }

  all(params: readonly Value[]): Row[] {
    return this.#statement.all(this.#arrange(params));
  }

  #arrange(params: readonly Value[]): readonly Value[] {
    return this.#order === undefined ? params : this.#order.map((index) => params[index] as Value);
  }
}

/** SQLite in WAL mode, one writer. */
class SqliteConnection implements Connection {
  readonly readOnly: boolean;
  readonly segments: SegmentFiles;
  readonly #database: Database.Database;
  readonly #path: string;
  readonly #statements = new Map<string, Statement<readonly unknown[]>>();
  readonly #pageBytes: number;
  #walFd = -1;
  /** Why a sync failed: the kernel says so once, and no later one would make durable what it lost. */
  #syncFailure: unknown;

  constructor(database: Database.Database, path: string, readOnly: boolean) {
    this.#database = database;
    this.#path = path;
    this.readOnly = readOnly;
    this.segments = new SegmentFiles(path, !readOnly);
    this.segments.hold();
    this.#pageBytes = database.pragma("page_size", { simple: true }) as number;
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  prepare<Row extends readonly unknown[]>(sql: string): Statement<Row> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = new SqliteStatement<readonly unknown[]>(this.#database, sql);
      this.#statements.set(sql, statement);
    }
    return statement as Statement<Row>;
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  begin(): void {
    this.prepare("BEGIN IMMEDIATE").run([]);
  }

  commit(): void {
    this.segments.sync();
    this.prepare("COMMIT").run([]);
  }

  rollback(): void {
    if (this.#database.inTransaction) this.prepare("ROLLBACK").run([]);
  }

  reading<Result>(body: () => Result): Result {
    if (this.#database.inTransaction) return body();
    this.segments.hold();
    this.prepare("BEGIN").run([]);
    try {
      return body();
    } finally {
      this.rollback();
    }
  }

  /**
   * What `synchronous=FULL` does at the end of a commit in WAL mode (wal.c, sqlite3WalFrames), done apart: an fdatasync of the
   * log. A FULL transaction would need a row of its own and a pragma outside any transaction; an empty one syncs nothing.
   * The descriptor stays open until the end; only the database file itself carries locks that a close would drop.
   */
  sync(): void {
    if (this.#syncFailure !== undefined) throw this.#syncFailure;
    if (this.#walFd < 0) this.#walFd = openSync(`${this.#path}-wal`, "r");
    try {
      fdatasyncSync(this.#walFd);
    } catch (error) {
      this.#syncFailure = error;
      throw error;
    }
  }

  /**
   * Writes zeros behind the log, where SQLite looks for nothing and will write. Making bytes durable that overwrite others is one write
   * to the disk; bytes that extend a file also need the host's journal: 64 KiB 0.4 ms against 1.3, 1 MiB 1.0 against 2.3.
   * Between two steps the log may have grown: zeros only ever go behind its end, and nobody but this thread writes it.
   */
  *prepareLog(bytes: number): Steps<void> {
    let fd = -1;
    try {
      fd = openSync(`${this.#path}-wal`, constants.O_WRONLY | constants.O_DSYNC);
      for (let end = fstatSync(fd).size; end < bytes; end = fstatSync(fd).size) {
        writeSync(fd, zeros, 0, Math.min(zeros.length, bytes - end), end);
        yield;
      }
    } catch {
      // Without room for it the log grows as it must.
    } finally {
      if (fd !== -1) closeSync(fd);
    }
  }

  logBytes(): number {
    const { log, checkpointed } = this.#walCheckpoint("NOOP");
    return log === checkpointed ? 0 : log * this.#pageBytes;
  }

  /** PASSIVE never waits for readers; once it has carried everything over, the next write starts the log afresh. */
  checkpoint(): boolean {
    try {
      const { log, checkpointed } = this.#walCheckpoint("PASSIVE");
      return log === checkpointed;
    } catch (error) {
      // Where there is no room for it, what was committed stays in the log.
      if (translate(error) instanceof DatabaseFullError) return false;
      throw error;
    }
  }

  #walCheckpoint(mode: "NOOP" | "PASSIVE"): { log: number; checkpointed: number } {
    const [row] = this.#database.pragma(`wal_checkpoint(${mode})`) as { log: number; checkpointed: number }[];
    return row ?? { log: 0, checkpointed: 0 };
  }

  shrink(pages: number): void {
    this.#database.pragma(`incremental_vacuum(${pages})`);
  }

  usage(): Usage {
    const pages = this.#database.pragma("page_count", { simple: true }) as number;
    const free = this.#database.pragma("freelist_count", { simple: true }) as number;
    return { usedBytes: (pages - free) * this.#pageBytes + this.segments.usedBytes, reusableBytes: free * this.#pageBytes };
  }

  close(): void {
    this.#database.close();
    this.segments.close();
    if (this.#walFd >= 0) closeSync(this.#walFd);
    this.#walFd = -1;
  }
}

/** What passes by itself: a full disk, and another program that holds the lock for longer than we wait. */
const passing = new Set(["SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_BUSY", "SQLITE_BUSY_SNAPSHOT", "SQLITE_BUSY_TIMEOUT"]);

function translate(error: unknown): unknown {
  return error instanceof Database.SqliteError && passing.has(error.code) ? new DatabaseFullError(error.message) : error;
}

/**
 * Opens or creates a SQLite file. Throws DatabaseFormatError, its message written for a person, when the file is missing,
 * is something else, or is damaged so that it cannot be opened.
 */
export function openSqlite(path: string, options: SqliteOptions): Connection {
  if (options.mode === "create") {
    if (existsSync(path) && statSync(path).size > 0)
      throw new DatabaseFormatError(`${path} exists already; choose another path or remove it`);
  } else {
    checkHeader(path);
  }
  const readOnly = options.mode === "read";
  const database = new Database(path, { readonly: readOnly, fileMustExist: options.mode !== "create", timeout: 2000 });
  try {
    database.pragma("foreign_keys = OFF");
    if (options.mode === "create") {
      database.pragma(`page_size = ${options.pageBytes ?? defaultPageBytes}`);
      database.pragma("auto_vacuum = INCREMENTAL");
      database.pragma(`application_id = ${applicationId}`);
    }
    if (!readOnly) {
      database.pragma("journal_mode = WAL");
      database.pragma("synchronous = NORMAL");
      database.pragma("wal_autocheckpoint = 0");
      database.pragma("journal_size_limit = 67108864");
      database.pragma("temp_store = MEMORY");
    }
    database.pragma(`cache_size = ${-Math.ceil((options.cacheBytes ?? 32 * 1024 * 1024) / 1024)}`);
    return new SqliteConnection(database, path, readOnly);
  } catch (error) {
    database.close();
    if (error instanceof Database.SqliteError && (error.code === "SQLITE_NOTADB" || error.code.startsWith("SQLITE_CORRUPT"))) {
      throw new DatabaseFormatError(`${path} is damaged: ${error.message}; restore it from a backup`);
    }
    throw error;
  }
}

/** Reads the first 100 bytes (https://www.sqlite.org/fileformat.html#the_database_header) before SQLite touches the file. */
function checkHeader(path: string): void {
  if (!existsSync(path)) throw new DatabaseFormatError(`${path}: no such database; create one with: stone init ${path}`);
  const header = Buffer.alloc(100);
  const fd = openSync(path, "r");
  let length: number;
  try {
    length = readSync(fd, header, 0, 100, 0);
  } finally {
    closeSync(fd);
  }
  if (length < 100 || header.toString("latin1", 0, 16) !== headerMagic) {
    throw new DatabaseFormatError(`${path} is not a stonefs database; create one with: stone init PATH`);
  }
  if (header.readUInt32BE(68) !== applicationId) {
    throw new DatabaseFormatError(`${path} is a SQLite database, but not a stonefs one; create one with: stone init PATH`);
  }
}
