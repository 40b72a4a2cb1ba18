import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The format's SQL: `schema/stonefs.sql`, which is also its specification. */
export function schemaSql(): string {
  return readFileSync(fileURLToPath(new URL("../../../schema/stonefs.sql", import.meta.url)), "utf8");
}
