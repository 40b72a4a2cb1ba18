import { LRUCache } from "lru-cache";

/** What the cache needs to know of an object to let it go. */
interface Held {
  readonly dirty: boolean;
  readonly pins: number;
}

/**
 * Objects in memory that must stay the only ones of their key: a bounded cache, and beside it those that left the cache
 * while still dirty or pinned.
 */
export class Cells<Key extends string | number, Value extends Held> {
  readonly #cache: LRUCache<Key, Value>;
  readonly #held = new Map<Key, Value>();

  /** @param bytesOf what an object takes in memory, roughly */
  constructor(maxBytes: number, bytesOf: (value: Value, key: Key) => number) {
    this.#cache = new LRUCache<Key, Value>({
      maxSize: maxBytes,
      sizeCalculation: bytesOf,
      dispose: (value, key, reason) => {
        if (reason === "evict" && (value.dirty || value.pins > 0)) this.#held.set(key, value);
      },
    });
  }

  get(key: Key): Value | undefined {
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached;
    if (this.#held.size === 0) return undefined;
    return this.#held.get(key);
  }

  set(key: Key, value: Value): void {
    this.#cache.set(key, value);
  }

  delete(key: Key): void {
    this.#cache.delete(key);
    this.#held.delete(key);
  }

  /** Lets go what was held only because it was dirty. Call when nothing is. */
  release(): void {
    for (const [key, value] of this.#held) if (!value.dirty && value.pins === 0) this.#held.delete(key);
  }
}
