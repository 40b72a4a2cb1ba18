import { invariant } from "../base/assert.js";

/**
 * How often the kernel was told of each node: every entry answered adds one, FORGET takes away. A node at zero is unknown to the
 * kernel, and what was kept only for it may go.
 * INVARIANT: a count is positive, and a slot without counts has no map.
 */
export class Lookups {
  readonly #slots = new Map<number, Map<number, number>>();

  /** How many nodes the kernel knows. */
  get nodes(): number {
    let sum = 0;
    for (const counts of this.#slots.values()) sum += counts.size;
    return sum;
  }

  has(slot: number, ino: number): boolean {
    return this.#slots.get(slot)?.has(ino) === true;
  }

  add(slot: number, ino: number): void {
    let counts = this.#slots.get(slot);
    if (counts === undefined) {
      counts = new Map();
      this.#slots.set(slot, counts);
    }
    counts.set(ino, (counts.get(ino) ?? 0) + 1);
  }

  /** Takes `count` away. Says whether the node, and its whole slot, are unknown now. */
  remove(slot: number, ino: number, count: number): "known" | "forgotten" | "slot-forgotten" {
    const counts = this.#slots.get(slot);
    const left = (counts?.get(ino) ?? 0) - count;
    invariant(counts !== undefined && left >= 0, `the kernel forgets inode ${ino} of slot ${slot} more often than it was told of it`);
    if (left > 0) {
      counts.set(ino, left);
      return "known";
    }
    counts.delete(ino);
    if (counts.size > 0) return "forgotten";
    this.#slots.delete(slot);
    return "slot-forgotten";
  }
}
