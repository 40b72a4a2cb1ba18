import { connectDaemon, type DaemonClient } from "../../src/daemon/client.js";
import type { Mount } from "./mount.js";

/** A connection to the daemon of a mount. */
export async function daemonOf(mount: Mount): Promise<DaemonClient> {
  const daemon = await connectDaemon(mount.database);
  if (daemon === undefined) throw new Error("there is no daemon");
  return daemon;
}
