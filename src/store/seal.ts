import { createHash } from "node:crypto";
import type { Event } from "./events.js";

/** `previous` of the first batch. */
export const genesisDigest = Buffer.alloc(32);

const linesMaxChars = 65536;

/**
 * The digest that seals a batch, event after event: SHA-256 of the previous digest, then for each event by id one line of JSON, an array
 * in the order of the table's columns (names as latin1 text, one character a byte) and a newline.
 */
export class Seal {
  readonly #hash = createHash("sha256");
  #lines = "";

  constructor(previous: Uint8Array) {
    this.#hash.update(previous);
  }

  add({ id, at, branch, op, ino, parent, name, toParent, toName, bytes, process }: Event): void {
    this.#lines += `${JSON.stringify([id, at, branch, op, ino, parent, name, toParent, toName, bytes, process])}\n`;
    if (this.#lines.length <= linesMaxChars) return;
    this.#hash.update(this.#lines, "utf8");
    this.#lines = "";
  }

  /** Ends it. */
  digest(): Buffer {
    return this.#hash.update(this.#lines, "utf8").digest();
  }
}

/** The digest that seals a batch of these events, which must be in order. */
export function sealDigest(previous: Uint8Array, events: readonly Event[]): Buffer {
  const seal = new Seal(previous);
  for (const event of events) seal.add(event);
  return seal.digest();
}
