import { closeSync, openSync, readSync } from "node:fs";
import { availableParallelism } from "node:os";
import { schedSetaffinity } from "./syscalls.js";

/** Requests between two looks at where the callers run. */
const lookEvery = 64;
/** One file's `stat` costs 6 µs to read: 0.1 µs a request. */
const buffer = Buffer.alloc(1024);
/** Of /proc/PID/stat, counted after the name: field 39, the CPU it ran on last. */
const processorField = 36;

/**
 * Keeps the worker on the CPU of its caller while there is only one. Two threads that take turns, as a caller and this worker do, lose
 * more by waking each other across CPUs (an interrupt, on a virtual machine an exit: 20 to 90 µs) than by sharing one (2 µs for
 * the switch). With several callers the worker runs wherever there is room.
 */
export class Affinity {
  readonly #mask = Buffer.alloc(128);
  readonly #cpus = availableParallelism();
  #cpu = -1;
  #caller = 0;
  #requests = 0;
  #fromCaller = 0;

  /** Whether the worker now shares its caller's CPU: then spinning would only keep the caller from running. */
  get shared(): boolean {
    return this.#cpu !== -1;
  }

  /** Takes note of a request of thread `pid`. */
  note(pid: number): void {
    if (pid === this.#caller) this.#fromCaller += 1;
    else if (pid !== 0) {
      if (this.#fromCaller < this.#requests / 2) this.#caller = pid;
    }
    if (++this.#requests < lookEvery) return;
    this.#look();
    this.#requests = 0;
    this.#fromCaller = 0;
  }

  #look(): void {
    const alone = this.#fromCaller >= lookEvery * 0.5;
    this.#moveTo(alone ? processorOf(this.#caller) : -1);
  }

  #moveTo(cpu: number): void {
    if (cpu === this.#cpu || this.#cpus < 2) return;
    this.#cpu = cpu;
    this.#mask.fill(cpu === -1 ? 0xff : 0);
    if (cpu !== -1) this.#mask[cpu >> 3] = 1 << (cpu & 7);
    schedSetaffinity(0, this.#mask.length, this.#mask);
  }
}

/** The CPU a thread ran on last, or -1 when it is gone. */
function processorOf(pid: number): number {
  try {
    const fd = openSync(`/proc/${pid}/stat`, "r");
    try {
      const stat = buffer.toString("latin1", 0, readSync(fd, buffer, 0, buffer.length, null));
      return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[processorField] ?? -1);
    } finally {
      closeSync(fd);
    }
  } catch {
    return -1;
  }
}
