import type { Connection, Value } from "../../db/connection.js";

/** A broken invariant. */
export interface Problem {
  /** As the schema numbers it, such as `I7`. */
  readonly invariant: string;
  /** What is broken, with the rows' keys. */
  readonly message: string;
}

/** Checks one invariant. Returns what breaks it, at most about `problemsPerInvariant` entries. */
export type Check = (connection: Connection) => Problem[];

/** Enough to see the pattern of a damage; a million lines help nobody. */
export const problemsPerInvariant = 20;

/** Runs a query whose every row is a broken case, and says so in words. */
export function broken<Row extends readonly unknown[]>(
  connection: Connection,
  invariant: string,
  sql: string,
  describe: (row: Row) => string,
  params: readonly Value[] = [],
): Problem[] {
  const rows = connection.prepare<Row>(`${sql} LIMIT ${problemsPerInvariant}`).all(params);
  return rows.map((row) => ({ invariant, message: describe(row) }));
}
