import { receiveMessageOnPort, workerData } from "node:worker_threads";
import { errnoName, FsError } from "../base/errno.js";
import { heardWake } from "../fuse/wake.js";
import { profiled } from "./profile.js";
import type { Refusal, WorkerMessage, WorkerRequest } from "./protocol.js";
import { serve } from "./serve.js";
import type { Served, Serving } from "./serving.js";
import type { WorkerStart } from "./workerlink.js";

/**
 * The thread that serves a mount. `serve` keeps it for good, so it never returns to its event loop: what the main thread
 * sends is read from the port when the wake descriptor says so, and what it sends itself leaves at once.
 */
const { config, port, wakeDescriptor } = workerData as WorkerStart;

function post(message: WorkerMessage): void {
  port.postMessage(message);
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof FsError) return { message: error.message, code: errnoName(error.errno) };
  return { message: error instanceof Error ? error.message : String(error) };
}

/** Begins what a request asks for; `answer` is called once when it is done, here or from a later turn of the loop. Throws to refuse. */
function perform(
  request: Exclude<WorkerRequest, { op: "process" }>,
  served: Served,
  answer: (result: unknown) => void,
  refuse: (error: unknown) => void,
): void {
  switch (request.op) {
    case "status":
      answer(served.counters());
      break;
    case "barrier":
      served.barrier();
      answer({});
      break;
    case "gc":
      served.gc(request.keepMicros, answer, refuse);
      break;
    case "call":
      served.perform(request.call, request.peer, answer);
      break;
  }
}

/** Resets before it reads the port, so that a message sent in between wakes the poll again. */
function onWake(served: Served): void {
  heardWake(wakeDescriptor);
  for (;;) {
    const received = receiveMessageOnPort(port) as { message: WorkerRequest } | undefined;
    if (received === undefined) return;
    const { message } = received;
    if (message.op === "process") {
      served.describeProcess(message.id, message.details);
      continue;
    }
    // Whoever asked may look at once: what the kernel still believes must be gone by then.
    const answer = (result: unknown): void => served.whenNoticed(() => post({ kind: "answer", id: message.id, result }));
    const refuse = (error: unknown): void => post({ kind: "refusal", id: message.id, error: refusalOf(error) });
    try {
      perform(message, served, answer, refuse);
    } catch (error) {
      refuse(error);
    }
  }
}

const serving: Serving = {
  config,
  wakeDescriptor,
  onWake,
  onNewProcess: (id, pid) => post({ kind: "process", id, pid }),
  onMounted: () => post({ kind: "mounted" }),
};

try {
  profiled(() => serve(serving));
} catch (error) {
  post({ kind: "failed", message: refusalOf(error).message, stack: error instanceof Error ? (error.stack ?? "") : "" });
}
// Else the open port would keep the thread.
port.close();
