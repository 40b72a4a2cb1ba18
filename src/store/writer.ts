import { ENOSPC, FsError } from "../base/errno.js";
import { type Connection, DatabaseFullError, type Statement, type Value } from "../db/connection.js";
import type { Change } from "./redo-log.js";

/**
 * Where a statement is to take effect: "run" in the database; "recover" only where a crash comes before the next commit, in what is
 * rebuilt from the redo log; "always" in both.
 */
type Effect = "always" | "run" | "recover";

interface Step {
  readonly statement: AnyStatement;
  readonly params: readonly Value[];
  readonly effect: Effect;
}

type AnyStatement = Statement<readonly unknown[]>;

/** A full database is tried again after this long: that runs the whole batch again. */
const retryMillis = 100;

/**
 * The one writer's transaction. It opens with the first change and ends with the batch.
 *
 * A full disk makes the engine roll back the whole transaction, so what was run since it began is kept (parameters only; blobs are
 * shared, not copied) and run again once there is room: `makeRoom` is asked first to free some, by giving up the reserve file.
 * Until then the database lacks what was acknowledged, so nothing may be read from it or built on it: see `ready`.
 *
 * Any other error ends all writing: a batch of which a part is missing must never be committed.
 */
export class Writer {
  readonly #connection: Connection;
  readonly #makeRoom: () => void;
  #redo: Step[] = [];
  #commits = 0;
  /** How many of those steps the redo log has. */
  #logged = 0;
  #stalled = false;
  /** When the database was last found full, by the monotonic clock. */
  #triedAt = 0;
  /** The error that ended all writing. */
  #broken: unknown;

  constructor(connection: Connection, makeRoom: () => void) {
    this.#connection = connection;
    this.#makeRoom = makeRoom;
  }

  /** Whether changes wait in memory because the disk was full. */
  get stalled(): boolean {
    return this.#stalled;
  }

  /** How many transactions were committed. */
  get commits(): number {
    return this.#commits;
  }

  /** Whether anything was changed since the last commit. */
  get open(): boolean {
    return this.#redo.length > 0;
  }

  /** Throws ENOSPC while the database is full, which it looks into now and then: what it has is not what was acknowledged. */
  ready(): void {
    if (!this.#stalled) return;
    if (performance.now() - this.#triedAt < retryMillis || !this.retry()) {
      throw new FsError(ENOSPC, "the database cannot be written now (a full disk, or another program locks it); changes wait in memory");
    }
  }

  /**
   * To be asked in the middle of a change, before that reads what it depends on. Throws ENOSPC where the database has not what was
   * acknowledged, and still no room for it.
   */
  readable(): void {
    if (this.#stalled && !this.retry()) throw new FsError(ENOSPC, "the disk became full in the middle of a change");
  }

  /** A change broke off in its middle, and nobody can undo its beginning: all writing ends. Returns what to throw. */
  brokenOff(error: unknown): Error {
    this.#break(new Error(`a change broke off in its middle, mount again: ${String(error)}`, { cause: error }));
    return this.#broken as Error;
  }

  /** What was run since the last call of `noteLogged`, or the last commit, as the redo log is to have it. */
  unlogged(): Change[] {
    const changes: Change[] = [];
    for (let index = this.#logged; index < this.#redo.length; index++) {
      const { statement, params, effect } = this.#redo[index] as Step;
      if (effect !== "run") changes.push({ sql: statement.sql, params });
    }
    return changes;
  }

  /** The redo log has all of it. */
  noteLogged(): void {
    this.#logged = this.#redo.length;
  }

  /** Has a statement take effect only in what is rebuilt after a crash: the database gets the same by another one, later in the batch. */
  onlyRecover(statement: AnyStatement, params: readonly Value[]): void {
    this.#redo.push({ statement, params, effect: "recover" });
  }

  /**
   * Runs one changing statement in the batch's transaction. Never loses it: on a full disk it waits in memory.
   * Returns how many rows it changed, 0 while it waits.
   */
  run(statement: AnyStatement, params: readonly Value[], effect: "always" | "run" = "always"): number {
    if (this.#broken !== undefined) throw this.#broken;
    const first = this.#redo.length === 0;
    this.#redo.push({ statement, params, effect });
    if (this.#stalled) return 0;
    try {
      if (first) this.#connection.begin();
      // A read that had to make room in the engine's cache may have found the disk full.
      else if (!this.#connection.inTransaction) throw new DatabaseFullError("the transaction was rolled back");
      return statement.run(params);
    } catch (error) {
      this.#stall(error);
      return 0;
    }
  }

  /** Commits what was run. Returns false when the disk is full: everything is kept and `retry` may be called. */
  commit(): boolean {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#stalled && !this.retry()) return false;
    if (this.#redo.length === 0) return true;
    for (let attempt = 1; ; attempt++) {
      try {
        if (!this.#connection.inTransaction) throw new DatabaseFullError("the transaction was rolled back");
        this.#connection.commit();
        this.#commits += 1;
        this.#redo = [];
        this.#logged = 0;
        return true;
      } catch (error) {
        this.#stall(error);
        if (attempt === 2) this.#rest();
        if (this.#stalled) return false;
      }
    }
  }

  /** Runs everything again after a full disk. Returns whether it went through. */
  retry(): boolean {
    this.#connection.rollback();
    try {
      this.#connection.begin();
      for (const { statement, params, effect } of this.#redo) if (effect !== "recover") statement.run(params);
      this.#stalled = false;
    } catch (error) {
      if (!(error instanceof DatabaseFullError)) throw this.#break(error);
      this.#rest();
    }
    return !this.#stalled;
  }

  /**
   * Returns what undoes all that is run from here on, as long as it was not committed: what was run before in the same batch is run
   * again then, or waits as on a full disk.
   */
  mark(): () => void {
    const kept = this.#redo.length;
    return () => {
      if (this.#redo.length === kept) return;
      this.#redo = this.#redo.slice(0, kept);
      this.#logged = Math.min(this.#logged, kept);
      this.#stalled = false;
      if (kept > 0) this.retry();
      else this.#connection.rollback();
    };
  }

  #rest(): void {
    this.#connection.rollback();
    this.#stalled = true;
    this.#triedAt = performance.now();
  }

  #break(error: unknown): unknown {
    this.#broken = error;
    this.#connection.rollback();
    return error;
  }

  #stall(error: unknown): void {
    if (!(error instanceof DatabaseFullError)) throw this.#break(error);
    this.#makeRoom();
    this.retry();
  }
}
