import type { Test } from "tap";

/** Repeatable random numbers (mulberry32), for tests that print their seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 <= x < 1 */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
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

  bytes(length: number): Buffer {
    const data = Buffer.alloc(length, this.below(256));
    for (let i = 0; i < Math.min(length, 64); i++) data[this.below(length)] = this.below(256);
    return data;
  }
}

/** The seed of a random test: STONE_TEST_SEED, else a new one. It is printed, so that a failure can be repeated. */
export function seedOf(t: Test): number {
  const seed = process.env.STONE_TEST_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(process.env.STONE_TEST_SEED);
  t.comment(`seed ${seed}: repeat with STONE_TEST_SEED=${seed}`);
  return seed;
}

/** How many steps a random test takes: STONE_TEST_STEPS, else `usual`. */
export function stepsOf(usual: number): number {
  return Number(process.env.STONE_TEST_STEPS ?? usual);
}
