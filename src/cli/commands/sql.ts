import { Command } from "commander";
import { type Answer, QueryError, query } from "../../db/query.js";
import { CliError } from "../errors.js";
import { printJson } from "../output.js";
import { here } from "../session.js";
import { printTable } from "../table.js";

/** Bytes as text where they are some (a file's name), else as SQL writes them. */
function textOf(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!/\p{Cc}/u.test(text)) return text;
  } catch {
    // Not text.
  }
  return `X'${Buffer.from(bytes).toString("hex")}'`;
}

function jsonOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return textOf(value);
  return typeof value === "bigint" ? String(value) : value;
}

function cellOf(value: unknown): string {
  if (value === null) return "NULL";
  const text = value instanceof Uint8Array ? textOf(value) : String(value);
  const line = text.replace(/\p{Cc}/gu, " ");
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}

function ask(database: string, sql: string): Answer {
  try {
    return query(database, sql);
  } catch (error) {
    if (error instanceof QueryError) throw new CliError(`sql: ${error.message}`);
    throw error;
  }
}

async function sql(text: string, flags: { readonly db?: string; readonly json?: true }): Promise<void> {
  await here(flags, async (session) => {
    await session.read(() => {});
    const { columns, rows } = ask(session.database, text);
    if (flags.json === true) printJson(rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, jsonOf(row[index])]))));
    else {
      const isNumber = (index: number): boolean => rows.length > 0 && rows.every((row) => ["number", "bigint"].includes(typeof row[index]));
      printTable(
        columns.map((title, index) => ({ title, align: isNumber(index) ? "right" : "left" })),
        rows.map((row) => row.map(cellOf)),
      );
    }
  });
}

export function sqlCommand(): Command {
  return new Command("sql")
    .summary("ask the database in SQL")
    .description(
      "Answers a SELECT from the tables that schema/ specifies. The database is opened read-only, so nothing can be changed; what was done before\n" +
        "the command is in it. File names are bytes; where they are text they are shown as such.",
    )
    .argument("<SQL>", "a SELECT, WITH, VALUES or EXPLAIN")
    .option("--db <FILE>", "the database")
    .option("--json", "print JSON, one object for each row")
    .addHelpText(
      "after",
      `
Examples:
  stone sql 'SELECT op, count(*) FROM event GROUP BY op'
  stone sql 'SELECT name, sum(e.bytes) FROM event e JOIN process p ON p.id = e.process GROUP BY p.id ORDER BY 2 DESC LIMIT 5'
  stone sql --json "SELECT * FROM branch"`,
    )
    .action(sql);
}
