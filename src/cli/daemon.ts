import { connectDaemon, type DaemonClient } from "../daemon/client.js";
import { type Engine, loadEngine, type OpenedStore } from "./engine.js";

/** Calls `use` with the daemon that has a database mounted, or with undefined when there is none. */
export async function withDaemon<Result>(database: string, use: (daemon: DaemonClient | undefined) => Promise<Result>): Promise<Result> {
  const daemon = await connectDaemon(database);
  try {
    return await use(daemon);
  } finally {
    daemon?.close();
  }
}

/** Calls `use` with a database opened for reading, in which everything is that was done before the call. */
export async function withReader<Result>(database: string, use: (store: OpenedStore) => Result): Promise<Result> {
  await withDaemon(database, async (daemon) => daemon?.ask("barrier", {}));
  const engine: Engine = await loadEngine();
  const store = engine.openStore(database, { readOnly: true });
  try {
    return use(store);
  } finally {
    store.close();
  }
}
