import type { MessagePort } from "node:worker_threads";
import { Answering } from "./answering.js";
import type { DaemonConfig, WorkerRequest } from "./protocol.js";
import { serveLibfuse } from "./serve-libfuse.js";

/**
 * Serves a mount from the main thread, where fuse-native has its event loop, as worker.ts does from a thread of its own. The
 * conversation is the same. Resolves when the mount is gone; rejects when there will be none, or it cannot go on.
 */
export async function serveHere(config: DaemonConfig, port: MessagePort): Promise<void> {
  const answering = new Answering(port);
  try {
    await serveLibfuse({
      config,
      onNewProcess: (id, pid) => answering.post({ kind: "process", id, pid }),
      onMounted: () => answering.post({ kind: "mounted" }),
      onServed: (served, afterwards) =>
        port.on("message", (message: WorkerRequest) => {
          answering.answer(served, message);
          afterwards();
        }),
    });
  } finally {
    port.close();
  }
}
