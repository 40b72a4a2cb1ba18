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
  /** Dirty when they left the cache: looked through when the batch is written. */
  readonly #dirty = new Map<Key, Value>();
  /** Pinned, and not dirty: there may be as many as open files, so nobody looks through them. */
  readonly #pinned = new Map<Key, Value>();

  /** @param bytesOf what an object takes in memory, roughly */
  constructor(maxBytes: number, bytesOf: (value: Value, key: Key) => number) {
    this.#cache = new LRUCache<Key, Value>({
      maxSize: maxBytes,
      sizeCalculation: bytesOf,
      dispose: (value, key, reason) => {
        if (reason !== "evict") return;
        if (value.dirty) this.#dirty.set(key, value);
        else if (value.pins > 0) this.#pinned.set(key, value);
      },
    });
  }

  get(key: Key): Value | undefined {
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached;
    return (this.#dirty.size === 0 ? undefined : this.#dirty.get(key)) ?? (this.#pinned.size === 0 ? undefined : this.#pinned.get(key));
  }

  set(key: Key, value: Value): void {
    this.#cache.set(key, value);
  }

  delete(key: Key): void {
    this.#cache.delete(key);
    this.#dirty.delete(key);
    this.#pinned.delete(key);
  }

  /** Lets go of all but the pinned ones, and returns those. Call when none is dirty. */
  keepPinned(): Value[] {
    const pinned = new Map<Key, Value>();
    for (const cells of [this.#cache.entries(), this.#dirty, this.#pinned]) {
      for (const [key, value] of cells) if (value.pins > 0) pinned.set(key, value);
    }
    this.#cache.clear();
    this.#dirty.clear();
    this.#pinned.clear();
    for (const [key, value] of pinned) this.#pinned.set(key, value);
    return [...pinned.values()];
  }

  /** Lets go what was held only because it was dirty. Call when nothing is. */
  release(): void {
    for (const [key, value] of this.#dirty) {
      if (value.dirty) continue;
      this.#dirty.delete(key);
      if (value.pins > 0) this.#pinned.set(key, value);
    }
  }

  /** An object's last pin was taken away. */
  unpinned(key: Key): void {
    const value = this.#pinned.get(key);
    if (value === undefined || value.pins > 0) return;
    this.#pinned.delete(key);
    if (value.dirty) this.#dirty.set(key, value);
  }
}
