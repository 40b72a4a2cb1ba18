import { type MessagePort, Worker } from "node:worker_threads";
import type { DaemonConfig } from "./protocol.js";

/** What the worker thread is told, once, for it to begin. */
export interface WorkerStart {
  readonly config: DaemonConfig;
  readonly port: MessagePort;
  readonly wakeDescriptor: number;
}

/** The thread that is to serve a mount. */
export interface ServingThread {
  begin(start: WorkerStart): void;
  /** Resolves when it is gone, to what went wrong, if anything did that it did not say itself. */
  readonly gone: Promise<Error | undefined>;
}

/**
 * Starts the thread that is to serve a mount; none for the driver that can only serve from the main one. It loads what it serves with
 * meanwhile, and touches nothing before it is told to begin.
 */
export function startServingThread({ options }: DaemonConfig): ServingThread | undefined {
  if (options.driver === "fuse-native") return undefined;
  const worker = new Worker(new URL("../daemon/worker.js", import.meta.url), {
    name: "stonefs",
    // Most objects live for one request; a larger nursery only costs memory.
    resourceLimits: { maxYoungGenerationSizeMb: 24 },
  });
  const gone = new Promise<Error | undefined>((resolve) => {
    let failure: Error | undefined;
    // An exception nobody caught, or out of memory.
    worker.on("error", (error) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    worker.once("exit", () => resolve(failure));
  });
  return { begin: (start) => worker.postMessage(start, [start.port]), gone };
}
