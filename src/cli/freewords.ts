import { createRequire } from "node:module";
import { nowMicros } from "../base/clock.js";
import { CliError } from "./errors.js";

/**
 * A time in English words ("last friday 5pm") in the grammar of paths; undefined when the text is not all of it a time. To be asked
 * only of what is no name and no moment of that grammar: `may` and `monday` are read as dates. Throws CliError for a future one.
 */
export function readFreeWords(text: string): string | undefined {
  const words = text.trim();
  // Loaded only here, since it takes longer than most commands; and at once, since a database is being read meanwhile.
  const { parse } = createRequire(import.meta.url)("chrono-node") as typeof import("chrono-node");
  const [result, ...others] = parse(words);
  // What it finds inside other words, such as `friday` in `friday-backup`, is not what was meant.
  if (result === undefined || others.length > 0 || result.text.length !== words.length) return undefined;
  const date = result.date();
  if (date.getTime() * 1000 > nowMicros()) {
    throw new CliError(
      `"${text}" is in the future: it means ${date.toString()}; say which past one, such as "last friday" or "2 days ago"`,
    );
  }
  return date.toISOString();
}
