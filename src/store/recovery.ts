import { rmSync } from "node:fs";
import type { Connection } from "../db/connection.js";
import { Batches, lastDigest } from "./batches.js";
import { Events } from "./events.js";
import { readMeta, writeMeta } from "./meta.js";
import { recordsOf, redoPath } from "./redo-log.js";
import { Writer } from "./writer.js";

/** The fact of `meta` that says which records of the redo log count. */
export const redoFact = "redo";

/** The generation that the database says. */
export function redoGeneration(connection: Connection): number {
  return Number(readMeta(connection, redoFact) ?? 0);
}

/**
 * Brings what was synced before a crash, but not committed, into the database: all of it in one batch, which is durable before the redo
 * log goes. A crash meanwhile begins it anew.
 */
export function recover(connection: Connection, path: string): void {
  const generation = redoGeneration(connection);
  const writer = new Writer(connection, () => {});
  let clock: { last: number; lastAt: number } | undefined;
  for (const { changes, last, lastAt } of recordsOf(path, generation, lastDigest(connection))) {
    for (const { sql, params } of changes) writer.run(connection.prepare(sql), params);
    clock = { last, lastAt };
  }
  if (clock !== undefined) {
    const events = new Events(connection, writer);
    const batches = new Batches(connection, writer, events);
    events.resume(connection, clock.last, clock.lastAt);
    batches.seal();
    writeMeta(connection, writer, redoFact, String(generation + 1));
    if (!writer.commit()) throw new Error(`${path}: there is no room for what was synced before the crash; make some and mount again`);
    connection.sync();
  }
  rmSync(redoPath(path), { force: true });
}
