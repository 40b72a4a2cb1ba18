import { Command } from "commander";
import type { MountEntry } from "../../daemon/mountinfo.js";
import { RefusedError } from "../../daemon/protocol.js";
import { withDaemon } from "../daemon.js";
import { CliError } from "../errors.js";
import { findHolders } from "../holders.js";
import { takeAwayDead } from "../mountpoint.js";
import { printLine } from "../output.js";
import { findMount } from "../paths.js";

function explain(error: unknown, mount: MountEntry): Error {
  if (!(error instanceof RefusedError)) return error instanceof Error ? error : new Error(String(error));
  if (error.code !== "EBUSY") return new CliError(`cannot unmount ${mount.mountPoint}: ${error.message}`);
  const holders = findHolders(mount.mountPoint);
  const who = holders.length > 0 ? holders.join(", ") : "some process (see sudo fuser -vm)";
  return new CliError(
    `${mount.mountPoint} is in use by ${who}; leave the directory and close its files (fuser -vm ${mount.mountPoint} lists them), or say: stone umount --lazy ${mount.mountPoint}`,
  );
}

async function umount(path: string, flags: { readonly lazy?: true }): Promise<void> {
  const mount = findMount(path);
  // Our own working directory must not be what keeps it busy.
  process.chdir("/");
  const lazy = flags.lazy === true;
  await withDaemon(mount.source, async (daemon) => {
    if (daemon === undefined) {
      await takeAwayDead(mount.mountPoint);
      return;
    }
    await daemon.ask("unmount", { how: lazy ? "lazy" : "plain" }).catch((error: unknown) => {
      throw explain(error, mount);
    });
    if (lazy) {
      printLine(`detached ${mount.mountPoint}; its daemon (pid ${daemon.pid}) ends when the last file on it is closed`);
      return;
    }
    await daemon.ended();
    printLine(`unmounted ${mount.mountPoint}`);
  });
}

export function umountCommand(): Command {
  return new Command("umount")
    .alias("unmount")
    .summary("commit and unmount")
    .description(
      "Commits everything, unmounts DIR and returns when its daemon has ended: then the database can be copied, moved or mounted elsewhere.",
    )
    .argument("<DIR>", "the mounted directory, or its database")
    .option("--lazy", "detach DIR now even if it is in use; it ends when its last user does")
    .addHelpText(
      "after",
      `
Examples:
  stone umount ~/notes
  stone umount --lazy ~/notes            when something keeps it busy`,
    )
    .action(umount);
}
