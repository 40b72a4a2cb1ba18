import { Worker } from "node:worker_threads";
import type { Checkpointer } from "../store/store.js";

/** What the two threads say to each other, in one shared word. */
export const checkpointIdle = 0;
export const checkpointWanted = 1;
export const checkpointEnd = 2;

/** Longer than any checkpoint of a bounded log takes; a thread that died must not stop the file system. Milliseconds. */
const patienceMillis = 30_000;

/**
 * Carries the log over in a thread with a connection of its own, while the writer serves: half the time of a long write was spent
 * there. They talk through shared memory, since the worker that serves never returns to its event loop. The thread is started with
 * the first log that is long enough: most mounts never have one, and none waits for it when it starts.
 */
export function checkpointer(database: string): Checkpointer {
  const state = new Int32Array(new SharedArrayBuffer(4));
  let started = false;
  const start = (): void => {
    started = true;
    const worker = new Worker(new URL("../daemon/checkpoint-thread.js", import.meta.url), {
      workerData: { database, state },
      name: "checkpointer",
      resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 32 },
    });
    worker.unref();
  };
  const settle = (): void => {
    Atomics.wait(state, 0, checkpointWanted, patienceMillis);
  };
  return {
    request() {
      if (Atomics.compareExchange(state, 0, checkpointIdle, checkpointWanted) !== checkpointIdle) return;
      if (started) Atomics.notify(state, 0);
      else start();
    },
    settle,
    close() {
      settle();
      Atomics.store(state, 0, checkpointEnd);
      Atomics.notify(state, 0);
    },
  };
}
