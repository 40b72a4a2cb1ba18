import type { Connection, Statement, Value } from "../db/connection.js";
import type { Writer } from "./writer.js";

/** One temporal table and its `_past` twin: live columns are branch, key, since, values; past ones the same and until. */
export interface TemporalSpec {
  readonly name: string;
  /** Key columns after `branch`. */
  readonly key: readonly string[];
  readonly values: readonly string[];
}

/**
 * One key of a temporal table in memory: its newest version, and what the database has of it.
 * INVARIANT: `dirty` exactly while the newest version or an end of the stored one is not yet in the database.
 */
export interface Cell {
  /** Branch and key columns. */
  readonly key: readonly Value[];
  /** The newest version's values; null when the key has no row (removed, or never was). In a branch a row may itself say "removed". */
  version: readonly Value[] | null;
  /** The event that made the newest version; 0 when there never was one in this branch. */
  since: number;
  /** `since` of the row in the live table; 0 when there is none. */
  stored: number;
  /** The event that ended the stored row; 0 while it is still true. */
  storedUntil: number;
  dirty: boolean;
}

/** What memory knows of a key as of `moment`, as [since, ...values]; undefined where only the database may know. */
export function versionAsOf(cell: Cell | undefined, moment: number): readonly Value[] | undefined {
  if (cell === undefined || cell.version === null || cell.since === 0 || cell.since > moment) return undefined;
  return [cell.since, ...cell.version];
}

/**
 * Reads and writes one temporal table. Writes are kept back as row versions and reach the database by `drain`: a key changed
 * many times before costs one live row and one past row a version, never a read.
 */
export class TemporalTable {
  readonly spec: TemporalSpec;
  readonly #writer: Writer;
  readonly #live: Statement<readonly Value[]>;
  readonly #liveAsOf: Statement<readonly Value[]>;
  readonly #pastAsOf: Statement<readonly Value[]>;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #delete: Statement;
  readonly #archive: Statement;
  readonly #insertPast: Statement;
  /** What waits, oldest first, and how many of each are written already. */
  #dirty: Cell[] = [];
  #dirtyDone = 0;
  #past: Value[][] = [];
  #pastDone = 0;

  constructor(connection: Connection, writer: Writer, spec: TemporalSpec) {
    this.spec = spec;
    this.#writer = writer;
    const key = ["branch", ...spec.key];
    const columns = [...key, "since", ...spec.values];
    const list = columns.join(", ");
    const where = key.map((column, index) => `${column} = $${index + 1}`).join(" AND ");
    const next = key.length + 1;
    const newest = ["since", ...spec.values].join(", ");
    const { name } = spec;
    this.#live = connection.prepare(`SELECT ${newest} FROM ${name} WHERE ${where}`);
    this.#liveAsOf = connection.prepare(`SELECT ${newest} FROM ${name} WHERE ${where} AND since <= $${next}`);
    this.#pastAsOf = connection.prepare(
      `SELECT ${newest}, until FROM ${name}_past WHERE ${where} AND since <= $${next} ORDER BY since DESC LIMIT 1`,
    );
    this.#insert = connection.prepare(`INSERT INTO ${name} (${list}) VALUES (${numbered(columns.length)})`);
    this.#update = connection.prepare(
      `UPDATE ${name} SET ${["since", ...spec.values].map((column, index) => `${column} = $${next + index}`).join(", ")} WHERE ${where}`,
    );
    this.#delete = connection.prepare(`DELETE FROM ${name} WHERE ${where}`);
    this.#archive = connection.prepare(`INSERT INTO ${name}_past (${list}, until) SELECT ${list}, $${next} FROM ${name} WHERE ${where}`);
    this.#insertPast = connection.prepare(`INSERT INTO ${name}_past (${list}, until) VALUES (${numbered(columns.length + 1)})`);
  }

  /** How many row versions wait to be written. */
  get pending(): number {
    return this.#dirty.length - this.#dirtyDone + this.#past.length - this.#pastDone;
  }

  /** A key's row in the database, as [since, ...values], or undefined. Cells in memory may be newer. */
  readLive(key: readonly Value[]): readonly Value[] | undefined {
    return this.#live.get(key);
  }

  /** A key's row as of `moment`, as [since, ...values], or undefined when this branch had none then. */
  readAsOf(key: readonly Value[], moment: number): readonly Value[] | undefined {
    const params = [...key, moment];
    const live = this.#liveAsOf.get(params);
    if (live !== undefined) return live;
    const past = this.#pastAsOf.get(params);
    return past !== undefined && (past[past.length - 1] as number) > moment ? past : undefined;
  }

  /**
   * Gives a cell a new newest version, true from `tick` on. The one before ends there and goes to the past, except when it was made
   * by the same event, which then never saw it.
   */
  record(cell: Cell, version: readonly Value[] | null, tick: number): void {
    if (cell.since !== tick) {
      if (cell.stored !== 0 && cell.since === cell.stored) {
        cell.storedUntil = tick;
      } else if (cell.since !== 0 && cell.version !== null) {
        this.#past.push(this.#row(cell, [tick]));
      }
      cell.since = tick;
    }
    this.amend(cell, version);
  }

  /** Changes a cell's newest version in place: it stays true from when it was made. */
  amend(cell: Cell, version: readonly Value[] | null): void {
    cell.version = version;
    if (!cell.dirty) {
      cell.dirty = true;
      this.#dirty.push(cell);
    }
  }

  /** Writes what waits, the oldest first, `most` row versions at most. */
  drain(most = Number.POSITIVE_INFINITY): void {
    for (let left = most; left > 0; left--) {
      if (this.#pastDone < this.#past.length) this.#writer.run(this.#insertPast, this.#past[this.#pastDone++] as Value[]);
      else if (this.#dirtyDone < this.#dirty.length) this.#store(this.#dirty[this.#dirtyDone++] as Cell);
      else break;
    }
    if (this.pending === 0) this.#nothingWaits();
  }

  /** Forgets all that waits. The cells it was of must not be used any more, or read again. */
  discard(): void {
    for (let i = this.#dirtyDone; i < this.#dirty.length; i++) (this.#dirty[i] as Cell).dirty = false;
    this.#nothingWaits();
  }

  #nothingWaits(): void {
    this.#dirty = [];
    this.#past = [];
    this.#dirtyDone = this.#pastDone = 0;
  }

  #store(cell: Cell): void {
    cell.dirty = false;
    if (cell.storedUntil !== 0) this.#writer.run(this.#archive, [...cell.key, cell.storedUntil]);
    cell.storedUntil = 0;
    if (cell.version === null) {
      if (cell.stored !== 0) this.#writer.run(this.#delete, cell.key);
      cell.stored = 0;
    } else if (cell.stored !== 0) {
      this.#writer.run(this.#update, this.#row(cell, []));
      cell.stored = cell.since;
    } else {
      this.#writer.run(this.#insert, this.#row(cell, []));
      cell.stored = cell.since;
    }
  }

  #row(cell: Cell, more: readonly Value[]): Value[] {
    const row: Value[] = [...cell.key, cell.since];
    const { version } = cell;
    if (version === null) for (let i = 0; i < this.spec.values.length; i++) row.push(null);
    else for (const value of version) row.push(value);
    for (const value of more) row.push(value);
    return row;
  }
}

/** `$1, $2, ... $n`. */
export function numbered(count: number): string {
  return Array.from({ length: count }, (_, index) => `$${index + 1}`).join(", ");
}
