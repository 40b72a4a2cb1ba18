import { once } from "node:events";
import { setFlagsFromString } from "node:v8";
import { type MessagePort, parentPort, receiveMessageOnPort } from "node:worker_threads";
import { Answering, refusalOf } from "./answering.js";
import { profiled } from "./profile.js";
import type { WorkerRequest } from "./protocol.js";
import { serve } from "./serve.js";
import type { KernelServing, Served } from "./serving.js";
import type { WorkerStart } from "./serving-thread.js";

/**
 * V8 lets a heap grow to several times what lives in it before it collects. Most of what the worker allocates dies with its batch: with
 * this, 30,000 files made and removed peak at 200 MB instead of 280, for the same CPU time.
 * Set only now, because Node's own compiled code is refused under other flags than its own: before, a thread starts 30 ms later.
 */
const heapGrowth = "--heap-growing-percent=40";

/**
 * The thread that serves a mount. `serve` keeps it for good, so it never returns to its event loop: what the main thread
 * sends is read from the port when the wake descriptor says so, and what it sends itself leaves at once.
 */
const [{ config, port, wakeDescriptor }] = (await once(parentPort as MessagePort, "message")) as [WorkerStart];
setFlagsFromString(heapGrowth);
const answering = new Answering(port);

/**
 * Empties the port. The session has reset the wake descriptor before, so a message sent in between wakes the poll again. To reset it here
 * as well would lose the notifier's ring, for what it delivered since it was last asked.
 */
function onWake(served: Served): void {
  for (;;) {
    const received = receiveMessageOnPort(port) as { message: WorkerRequest } | undefined;
    if (received === undefined) return;
    answering.answer(served, received.message);
  }
}

const serving: KernelServing = {
  config,
  wakeDescriptor,
  onWake,
  onNewProcess: (id, pid) => answering.post({ kind: "process", id, pid }),
  onMounted: () => answering.post({ kind: "mounted" }),
};

try {
  profiled(() => serve(serving));
} catch (error) {
  answering.post({ kind: "failed", message: refusalOf(error).message, stack: error instanceof Error ? (error.stack ?? "") : "" });
}
// Else the open port would keep the thread.
port.close();
