import { logLine } from "../base/log.js";
import { LibfuseSession } from "../libfuse/session.js";
import { FileSystem } from "./file-system.js";
import { kernelOptions } from "./kernel-options.js";
import type { LibfuseServing } from "./serving.js";

/**
 * Opens the database, mounts through libfuse, serves from the thread it is called on, which must be the process's main one, and resolves
 * when it was unmounted and the database closed. Rejects with a message for the user when it cannot begin.
 */
export async function serveLibfuse(serving: LibfuseServing): Promise<void> {
  const { config } = serving;
  const fileSystem = new FileSystem(serving, "off");
  try {
    const session = new LibfuseSession(fileSystem.bridge, { ...fileSystem.housekeeping, onMounted: serving.onMounted });
    // What is told of a change has no more to forget when it returns.
    const served = fileSystem.control({ cache: session.cache, whenNoticed: (then) => then(), counters: () => session.counters() });
    serving.onServed(served, () => session.attend());
    await session.run(config.mountPoint, kernelOptions(config));
  } finally {
    fileSystem.close();
    logLine("info", `${config.mountPoint} is unmounted, ${config.database} is closed`);
  }
}
