import { POLLIN, poll } from "./syscalls.js";

/**
 * How long to spin before sleeping. A sleeping worker costs its client 50 to 90 µs of wake-up on a virtual machine; a spinning one
 * costs a CPU that the client may need. So the spin's length follows what it would have gained, as KVM's halt polling does:
 * a sleep that a full spin would have saved makes it longer, a long sleep makes it shorter.
 */
export class SpinBudget {
  readonly #maxMicros: number;
  micros: number;

  constructor(maxMicros: number) {
    this.#maxMicros = maxMicros;
    this.micros = maxMicros;
  }

  /** Tells how long the wait was in all: the spin that failed, and the sleep. */
  waited(micros: number): void {
    if (micros <= this.#maxMicros * 2) this.micros = Math.min(this.#maxMicros, Math.max(shortestMicros, this.micros * 2));
    else if (micros > longMicros) this.micros = this.micros / 2 < shortestMicros ? 0 : this.micros / 2;
  }
}

/** A spin shorter than this finds next to nothing: one try takes about 0.5 µs. */
const shortestMicros = 6;
/** After a sleep this long the next request, too, will most likely be long in coming. */
const longMicros = 1000;

const pollfdBytes = 8;

/** poll(2) on the FUSE device and, if there is one (not -1), a wake descriptor. */
export class Waiter {
  readonly #fds = Buffer.alloc(2 * pollfdBytes);
  readonly #count: number;

  constructor(deviceFd: number, wakeFd: number) {
    this.#fds.writeInt32LE(deviceFd, 0);
    this.#fds.writeInt16LE(POLLIN, 4);
    this.#fds.writeInt32LE(wakeFd, pollfdBytes);
    this.#fds.writeInt16LE(POLLIN, pollfdBytes + 4);
    this.#count = wakeFd === -1 ? 1 : 2;
  }

  /** Sleeps until one of the descriptors has something to say, a signal comes, or the time is over (Infinity: never). */
  sleep(millis: number): void {
    const bounded = millis === Number.POSITIVE_INFINITY ? -1 : Math.max(0, Math.min(Math.ceil(millis), 0x7fffffff));
    poll(this.#fds, this.#count, bounded);
  }
}
