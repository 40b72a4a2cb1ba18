import Database from "better-sqlite3";

/** What a query gave: the names of its columns, and rows in their order. Integers beyond 2^53 come as bigint. */
export interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** A person's SQL was refused; `message` says why. */
export class QueryError extends Error {
  override readonly name = "QueryError";
}

/** What may begin a question: other statements change something, or a setting, even where the connection cannot write. */
const questions = /^(select|with|values|explain)\b/i;
const leading = /^(\s+|--[^\n]*(\n|$)|\/\*[\s\S]*?\*\/)+/;

/**
 * Answers a person's question in SQL from a database that is opened read-only, whoever writes it meanwhile. The engine's own SQL:
 * no parameters. Throws QueryError for what is no question, or that the engine does not understand.
 */
export function query(path: string, sql: string): Answer {
  const text = sql.replace(leading, "");
  if (text === "") throw new QueryError("there is no SQL in it");
  if (!questions.test(text)) {
    const [word = text] = /^[a-z]+/i.exec(text) ?? [];
    throw new QueryError(
      `${word.toUpperCase()} is refused: only SELECT, WITH, VALUES and EXPLAIN are allowed, the database is opened read-only`,
    );
  }
  const database = new Database(path, { readonly: true, fileMustExist: true, timeout: 2000 });
  try {
    const statement = database.prepare<unknown[], unknown[]>(text);
    if (!statement.reader || !statement.readonly) throw new QueryError("it would change the database, which is opened read-only");
    statement.safeIntegers(true).raw(true);
    const columns = statement.columns().map(({ name }) => name);
    return { columns, rows: statement.all().map((row) => row.map(plain)) };
  } catch (error) {
    if (error instanceof Database.SqliteError || error instanceof RangeError) throw new QueryError(error.message);
    throw error;
  } finally {
    database.close();
  }
}

function plain(value: unknown): unknown {
  const small = typeof value === "bigint" && value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER;
  return small ? Number(value) : value;
}
