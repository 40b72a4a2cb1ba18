import { workerData } from "node:worker_threads";
import { logLine } from "../base/log.js";
import { openSqlite } from "../db/sqlite.js";
import { checkpointEnd, checkpointIdle, syncWanted } from "./checkpointer.js";

/** The thread behind `startCheckpointer`. It sleeps in shared memory until a checkpoint or a sync is wanted. */
const { database, state } = workerData as { database: string; state: Int32Array };
const connection = openSqlite(database, { mode: "write", cacheBytes: 1024 * 1024 });

for (;;) {
  Atomics.wait(state, 0, checkpointIdle);
  const wanted = Atomics.load(state, 0);
  if (wanted === checkpointEnd) break;
  try {
    if (wanted === syncWanted) connection.sync();
    else connection.checkpoint();
  } catch (error) {
    // The writer does it itself when it must be: when the log has grown too long, when somebody asks for a sync.
    logLine("warning", `${wanted === syncWanted ? "syncing the log" : "carrying the log over"} failed: ${String(error)}`);
  }
  if (Atomics.compareExchange(state, 0, wanted, checkpointIdle) === checkpointEnd) break;
  Atomics.notify(state, 0);
}
connection.close();
