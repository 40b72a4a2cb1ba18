import { createHash } from "node:crypto";
import type { Event } from "./events.js";

/** `previous` of the first batch. */
export const genesisDigest = Buffer.alloc(32);

/**
 * The digest that seals a batch: SHA-256 of the previous digest, then for each event by id one line of JSON, an array in the order of
 * the table's columns (names as latin1 text, one character a byte) and a newline.
 */
export function sealDigest(previous: Uint8Array, events: readonly Event[]): Buffer {
  const hash = createHash("sha256").update(previous);
  let lines = "";
  for (const event of events) {
    const { id, at, branch, op, ino, parent, name, toParent, toName, bytes, process } = event;
    lines += `${JSON.stringify([id, at, branch, op, ino, parent, name, toParent, toName, bytes, process])}\n`;
    if (lines.length > 65536) {
      hash.update(lines, "utf8");
      lines = "";
    }
  }
  return hash.update(lines, "utf8").digest();
}
