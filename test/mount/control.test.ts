/** Commands beside one another on the control socket of a live mount. */
import t from "tap";
import type { DaemonClient } from "../../src/daemon/client.js";
import { daemonOf } from "../support/daemon.js";
import { onMount } from "../support/mount.js";

/** A fork waits until the kernel has heard of it, and is answered then. The two must not take each other's bell. */
async function forkAndDrop(daemon: DaemonClient, name: string): Promise<void> {
  await daemon.ask("fork", { name });
  await daemon.ask("dropBranch", { name });
}

t.test("answers that wait for the kernel come, however the commands meet", { timeout: 120_000 }, (t) =>
  onMount(t, async (mount) => {
    const daemon = await daemonOf(mount);
    for (let round = 0; round < 1000; round++) {
      await Promise.all(Array.from({ length: 1 + (round % 4) }, (_, index) => forkAndDrop(daemon, `b${index}`)));
    }
    t.pass("all were answered");
    daemon.close();
  }),
);
