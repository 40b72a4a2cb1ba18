import { setFlagsFromString } from "node:v8";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { logLine } from "../base/log.js";
import { openWake, ringWake } from "../fuse/wake.js";
import { processDetails } from "./process-details.js";
import {
  type Counters,
  type DaemonConfig,
  type GcReport,
  type MountCall,
  type MountOperation,
  type MountOperations,
  type Peer,
  RefusedError,
  type WorkerMessage,
  type WorkerRequest,
} from "./protocol.js";

/**
 * V8 lets a heap grow to several times what lives in it before it collects. Most of what the worker allocates dies with its batch: with
 * this, 30,000 files made and removed peak at 200 MB instead of 280, for the same CPU time.
 */
const heapGrowth = "--heap-growing-percent=40";

/** What the worker thread is started with. */
export interface WorkerStart {
  readonly config: DaemonConfig;
  readonly port: MessagePort;
  readonly wakeDescriptor: number;
}

/** The main thread's end of the worker. */
export interface WorkerLink {
  /** Resolves when the mount answers; rejects, with a message for the user, when there will be none. */
  readonly mounted: Promise<void>;
  /** Resolves when the worker is gone: `clean` after an unmount, `failed` after anything else. */
  readonly ended: Promise<"clean" | "failed">;
  barrier(): Promise<void>;
  gc(keepMicros: number): Promise<GcReport>;
  counters(): Promise<Counters>;
  /** Carries out an operation on the store or the mount. */
  call<Op extends MountOperation>(call: MountCall<Op>, peer: Peer): Promise<MountOperations[Op]["result"]>;
}

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** What serves at the other end of a port. */
interface Server {
  /** To be called after a message was sent to it. */
  ring(): void;
  /** Resolves when it is gone, to what went wrong, if anything did that it did not say itself. */
  readonly gone: Promise<Error | undefined>;
}

/** Serves from a thread of its own. */
function inWorker(config: DaemonConfig, port: MessagePort): Server {
  const wakeDescriptor = openWake();
  const start: WorkerStart = { config, port, wakeDescriptor };
  const worker = new Worker(new URL("../daemon/worker.js", import.meta.url), {
    workerData: start,
    transferList: [port],
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
  return { ring: () => ringWake(wakeDescriptor), gone };
}

/** Serves from this thread, for the driver that can from no other. Only then are the layers below loaded here. */
function inThisThread(config: DaemonConfig, port: MessagePort): Server {
  const gone = import("./here.js")
    .then(({ serveHere }) => serveHere(config, port))
    .then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
  return { ring: () => {}, gone };
}

/** Starts what mounts and serves. */
export function startWorker(config: DaemonConfig): WorkerLink {
  const { port1, port2 } = new MessageChannel();
  setFlagsFromString(heapGrowth);
  const server = config.options.driver === "fuse-native" ? inThisThread(config, port2) : inWorker(config, port2);
  const waiting = new Map<number, Waiting>();
  let failure: Error | undefined;
  let nextId = 1;
  let wasMounted = false;

  let onMounted: () => void;
  let onNotMounted: (error: Error) => void;
  const mounted = new Promise<void>((resolve, reject) => {
    onMounted = resolve;
    onNotMounted = reject;
  });

  const describe = async (id: number, pid: number): Promise<void> => {
    const request: WorkerRequest = { id, op: "process", details: await processDetails(pid) };
    port1.postMessage(request);
    server.ring();
  };

  port1.on("message", (message: WorkerMessage) => {
    if (message.kind === "process") void describe(message.id, message.pid);
    else if (message.kind === "mounted") {
      wasMounted = true;
      onMounted();
    } else if (message.kind === "failed") fail(message.message, message.stack);
    else {
      const asked = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.kind === "refusal") asked?.reject(new RefusedError(message.error));
      else asked?.resolve(message.result as never);
    }
  });
  const fail = (message: string, stack: string): void => {
    failure = new Error(message);
    failure.stack = stack;
  };

  const ended = new Promise<"clean" | "failed">((resolve) => {
    void server.gone.then((uncaught) => {
      failure ??= uncaught;
      const error = failure ?? new Error("the file system has ended");
      for (const asked of waiting.values()) asked.reject(error);
      waiting.clear();
      onNotMounted(error);
      // A mount that could not begin is told to the command that wanted it.
      if (failure !== undefined && wasMounted) logLine("error", `the file system failed: ${failure.stack || failure.message}`);
      resolve(failure === undefined ? "clean" : "failed");
    });
  });
  // Whoever waits for `mounted` sees its rejection; nobody has to.
  mounted.catch(() => {});

  const ask = <Result>(request: (id: number) => WorkerRequest): Promise<Result> =>
    new Promise((resolve, reject) => {
      const id = nextId++;
      waiting.set(id, { resolve, reject });
      port1.postMessage(request(id));
      server.ring();
    });

  return {
    mounted,
    ended,
    barrier: () => ask((id) => ({ id, op: "barrier" })),
    gc: (keepMicros) => ask((id) => ({ id, op: "gc", keepMicros })),
    counters: () => ask((id) => ({ id, op: "status" })),
    call: (call, peer) => ask((id) => ({ id, op: "call", call: call as MountCall, peer })),
  };
}
