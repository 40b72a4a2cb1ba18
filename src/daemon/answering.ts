import type { MessagePort } from "node:worker_threads";
import { errnoName, FsError } from "../base/errno.js";
import type { Refusal, WorkerMessage, WorkerRequest } from "./protocol.js";
import type { Served } from "./serving.js";

export function refusalOf(error: unknown): Refusal {
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

/** The serving end of the conversation with the main thread: answers what it asks, and tells it what happens. */
export class Answering {
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  post(message: WorkerMessage): void {
    this.#port.postMessage(message);
  }

  /** Answers one request, now or later. Never throws. */
  answer(served: Served, message: WorkerRequest): void {
    if (message.op === "process") {
      served.describeProcess(message.id, message.details);
      return;
    }
    // Whoever asked may look at once: what the kernel still believes must be gone by then.
    const answer = (result: unknown): void => served.whenNoticed(() => this.post({ kind: "answer", id: message.id, result }));
    const refuse = (error: unknown): void => this.post({ kind: "refusal", id: message.id, error: refusalOf(error) });
    try {
      perform(message, served, answer, refuse);
    } catch (error) {
      refuse(error);
    }
  }
}
