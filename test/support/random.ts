import type { Test } from "tap";

/** Repeatable random numbers (mulberry32), for tests that print their seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number, 0 <= x < 2^32. */
  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return (x ^ (x >>> 14)) >>> 0;
  }

  /** 0 <= x < 1 */
  fraction(): number {
    return this.uint32() / 2 ** 32;
  }

  /** A whole number, 0 <= x < limit. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  /** Whether something of this probability happens. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  /** No two blocks of them are alike, so that one in another's place is seen. */
  bytes(length: number): Buffer {
    const words = new Uint32Array(Math.ceil(length / 4));
    for (let i = 0; i < words.length; i++) words[i] = this.uint32();
    return Buffer.from(words.buffer, 0, length);
  }
}

/** STONE_TEST_SEED: a number, or `random` for a new one each time. Without it always the same: a change is judged by what it changes. */
const seed = process.env.STONE_TEST_SEED === "random" ? Math.floor(Math.random() * 2 ** 31) : Number(process.env.STONE_TEST_SEED ?? 1);

/** The seed of a random test. It is printed, so that a failure can be repeated. */
export function seedOf(t: Test): number {
  t.comment(`seed ${seed}: repeat with STONE_TEST_SEED=${seed}`);
  return seed;
}

/** How many steps a random test takes: STONE_TEST_STEPS, else `usual`. */
export function stepsOf(usual: number): number {
  return Number(process.env.STONE_TEST_STEPS ?? usual);
}
