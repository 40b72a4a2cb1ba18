import { workerData } from "node:worker_threads";
import { logLine } from "../base/log.js";
import { openSqlite } from "../db/sqlite.js";
import { checkpointEnd, checkpointIdle, checkpointWanted } from "./checkpointer.js";

/** The thread behind `checkpointer`. It sleeps in shared memory until a checkpoint is wanted. */
const { database, state } = workerData as { database: string; state: Int32Array };
const connection = openSqlite(database, { mode: "write", cacheBytes: 1024 * 1024 });

for (;;) {
  Atomics.wait(state, 0, checkpointIdle);
  if (Atomics.load(state, 0) === checkpointEnd) break;
  try {
    connection.checkpoint();
  } catch (error) {
    // The writer does it itself when the log has grown too long.
    logLine("warning", `carrying the log over failed: ${String(error)}`);
  }
  if (Atomics.compareExchange(state, 0, checkpointWanted, checkpointIdle) === checkpointEnd) break;
  Atomics.notify(state, 0);
}
connection.close();
