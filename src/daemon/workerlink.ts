import { MessageChannel, type MessagePort } from "node:worker_threads";
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
import type { ServingThread } from "./serving-thread.js";

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
function inThread(thread: ServingThread, config: DaemonConfig, port: MessagePort): Server {
  const wakeDescriptor = openWake();
  thread.begin({ config, port, wakeDescriptor });
  return { ring: () => ringWake(wakeDescriptor), gone: thread.gone };
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

/** Has what mounts and serves begin: a thread, or this one. */
export function startWorker(config: DaemonConfig, thread: ServingThread | undefined): WorkerLink {
  const { port1, port2 } = new MessageChannel();
  const server = thread === undefined ? inThisThread(config, port2) : inThread(thread, config, port2);
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
