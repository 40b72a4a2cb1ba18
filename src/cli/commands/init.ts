import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { Command } from "commander";
import { createStore } from "../../store/create.js";
import { CliError, reasonOf, UsageError } from "../errors.js";
import { printLine } from "../output.js";
import { canonicalPath } from "../paths.js";

function parsePageSize(text: string): number {
  const size = Number(text);
  const isPower = Number.isInteger(size) && (size & (size - 1)) === 0;
  if (!/^[0-9]+$/.test(text) || !isPower || size < 512 || size > 65536) {
    throw new UsageError(`--page-size ${text}: must be a power of two from 512 to 65536`);
  }
  return size;
}

function checkNew(database: string): void {
  if (existsSync(database)) {
    const what = statSync(database).isFile()
      ? `it exists already; mount it with: stone mount ${database} DIR`
      : "it exists and is not a file";
    throw new CliError(`${database}: ${what}`);
  }
  const directory = dirname(database);
  if (!existsSync(directory)) throw new CliError(`${database}: no such directory ${directory}; create it with: mkdir -p ${directory}`);
  try {
    accessSync(directory, constants.W_OK);
  } catch (error) {
    throw new CliError(`${database}: ${directory} is not writable (${reasonOf(error)})`);
  }
}

export function initCommand(): Command {
  return new Command("init")
    .summary("create an empty file system in a new database")
    .description("Creates DB, one file that holds an empty file system. An existing file is never touched.")
    .argument("<DB>", "the file to create")
    .option("--page-size <BYTES>", "size of the database's pages, a power of two; cannot be changed later", parsePageSize)
    .addHelpText(
      "after",
      `
Examples:
  stone init notes.db                    a file system for documents and source code
  stone init --page-size 32768 media.db  one for large files`,
    )
    .action((path: string, options: { pageSize?: number }) => {
      const database = canonicalPath(path);
      checkNew(database);
      createStore(database, options.pageSize === undefined ? {} : { pageBytes: options.pageSize });
      printLine(`created ${database}; mount it with: stone mount ${path} DIR`);
    });
}
