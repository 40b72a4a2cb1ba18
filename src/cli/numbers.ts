import { UsageError } from "./errors.js";

/** A parser of a whole number of at least one, for an option or an argument called `what`. */
export function countOf(what: string): (text: string) => number {
  return (text) => {
    if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new UsageError(`${what} '${text}': must be a whole number, 1 or more`);
    return Number(text);
  };
}
