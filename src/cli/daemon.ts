import { connectDaemon, type DaemonClient } from "../daemon/client.js";
import { openStore, type Store } from "../store/store.js";

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
export async function withReader<Result>(database: string, use: (store: Store) => Result): Promise<Result> {
  await withDaemon(database, async (daemon) => daemon?.ask("barrier", {}));
  const store = openStore(database, { mode: "read" });
  try {
    return use(store);
  } finally {
    store.close();
  }
}
