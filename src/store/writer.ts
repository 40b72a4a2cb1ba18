import { type Connection, DatabaseFullError, type Statement, type Value } from "../db/connection.js";

type AnyStatement = Statement<readonly unknown[]>;

/**
 * The one writer's transaction. It opens with the first change and ends with the batch.
 *
 * A full disk makes the engine roll back the whole transaction, so what was run since it began is kept (parameters only; blobs are
 * shared, not copied) and run again once there is room: `makeRoom` is asked first to free some, by giving up the reserve file.
 */
export class Writer {
  readonly #connection: Connection;
  readonly #makeRoom: () => void;
  #redo: { statement: AnyStatement; params: readonly Value[] }[] = [];
  #stalled = false;

  constructor(connection: Connection, makeRoom: () => void) {
    this.#connection = connection;
    this.#makeRoom = makeRoom;
  }

  /** Whether changes wait in memory because the disk was full. */
  get stalled(): boolean {
    return this.#stalled;
  }

  /** Whether anything was changed since the last commit. */
  get open(): boolean {
    return this.#redo.length > 0;
  }

  /**
   * Runs one changing statement in the batch's transaction. Never loses it: on a full disk it waits in memory.
   * Returns how many rows it changed, 0 while it waits.
   */
  run(statement: AnyStatement, params: readonly Value[]): number {
    this.#redo.push({ statement, params });
    if (this.#stalled) return 0;
    try {
      if (this.#redo.length === 1) this.#connection.begin();
      return statement.run(params);
    } catch (error) {
      this.#stall(error);
      return 0;
    }
  }

  /** Commits what was run. Returns false when the disk is full: everything is kept and `retry` may be called. */
  commit(): boolean {
    if (this.#stalled && !this.retry()) return false;
    if (this.#redo.length === 0) return true;
    try {
      this.#connection.commit();
    } catch (error) {
      this.#stall(error);
      if (this.#stalled) return false;
      this.#connection.commit();
    }
    this.#redo = [];
    return true;
  }

  /** Runs everything again after a full disk. Returns whether it went through. */
  retry(): boolean {
    this.#connection.rollback();
    try {
      this.#connection.begin();
      for (const { statement, params } of this.#redo) statement.run(params);
      this.#stalled = false;
    } catch (error) {
      if (!(error instanceof DatabaseFullError)) throw error;
      this.#connection.rollback();
      this.#stalled = true;
    }
    return !this.#stalled;
  }

  #stall(error: unknown): void {
    if (!(error instanceof DatabaseFullError)) throw error;
    this.#makeRoom();
    this.retry();
  }
}
