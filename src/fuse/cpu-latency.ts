import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { availableParallelism } from "node:os";

const standardDevice = "/dev/cpu_dma_latency";
/** Beyond so many processors, keeping all of them awake for one mount is not for this program to decide. */
const mostProcessors = 16;
/** Requests that must come within `burstMillis` of each other to be a burst, of which more will follow. */
export const burstRequests = 16;
const burstMillis = 20;
/** How long after the last request of a burst processors are kept awake: a program's pause between two steps, not its user's. */
export const lingerMillis = 10;

function micros(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value, 0);
  return bytes;
}

/** As the kernel's PM_QOS_CPU_LATENCY_DEFAULT_VALUE: no wish at all. */
const anyLatency = micros(2_000_000_000);

/**
 * Keeps idle processors from sleeping while requests stream in. A caller and this worker take turns, so each request wakes two
 * threads. On another processor that costs 1 to 2 µs while that one polls for work, and 20 to 90 when it halted, which on a virtual machine
 * is an exit to the host. So during a burst the kernel is asked, by its power management's interface for that (PM QoS,
 * Documentation/power/pm_qos_interface.rst), to let idle processors poll. The wish ends with the burst, and with the process whatever becomes of it.
 * On a machine of its own a processor's first sleep is quick to leave, so there 2 µs are allowed.
 */
export class CpuLatency {
  readonly #wanted: boolean;
  readonly #device: string;
  /** Opened by the first burst; -1 where that is not allowed. */
  #fd: number | undefined;
  #wish: Buffer | undefined;
  #held = false;
  #lastServed = Number.NEGATIVE_INFINITY;

  /** `wanted` undefined: where the machine has few processors. Without the right to use the device (root's) it does nothing. */
  constructor(wanted: boolean | undefined, device = standardDevice) {
    this.#device = device;
    this.#wanted = wanted ?? availableParallelism() <= mostProcessors;
  }

  get held(): boolean {
    return this.#held;
  }

  /** To be told whenever another `burstRequests` requests were served. */
  served(nowMillis: number): void {
    const quick = nowMillis - this.#lastServed < burstMillis;
    this.#lastServed = nowMillis;
    if (quick && this.#wanted && !this.#held) this.#set(true);
  }

  /** No request came for `lingerMillis`. */
  release(): void {
    if (this.#held) this.#set(false);
  }

  /** Withdraws the wish for good. */
  close(): void {
    if (this.#fd !== undefined && this.#fd !== -1) closeSync(this.#fd);
    this.#fd = -1;
    this.#held = false;
  }

  #set(held: boolean): void {
    this.#fd ??= openDevice(this.#device);
    if (this.#fd === -1) return;
    this.#wish ??= micros(onlyHalts() ? 0 : 2);
    writeSync(this.#fd, held ? this.#wish : anyLatency);
    this.#held = held;
  }
}

function openDevice(device: string): number {
  try {
    return openSync(device, "w");
  } catch {
    return -1;
  }
}

/** Whether a processor's only sleep is the exit to the host: virtual machines have the driver `haltpoll`. */
function onlyHalts(): boolean {
  try {
    return readFileSync("/sys/devices/system/cpu/cpuidle/current_driver", "latin1").trim() === "haltpoll";
  } catch {
    return false;
  }
}
