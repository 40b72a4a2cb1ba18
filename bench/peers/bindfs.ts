import fs from "node:fs";
import { installed } from "../run.js";
import { type Absent, allowOther, makeDirectory, type Peer, type Setup, type Starter, startDaemon, unmount } from "./peer.js";
import { makeTmpfsDirectory } from "./tmpfs.js";

function startOver(setup: Setup, name: string, makeUnder: () => string, removeUnder: (under: string) => void): Peer | Absent {
  if (!installed("bindfs")) return { name, absent: "not installed; Debian: sudo apt-get install bindfs" };
  const [under, directory] = [makeUnder(), makeDirectory(setup, name)];
  const pid = startDaemon("bindfs", ["-f", ...allowOther, under, directory], directory);
  return {
    name,
    directory,
    pid,
    stop: () => {
      unmount(directory);
      removeUnder(under);
    },
  };
}

/** libfuse's pass-through, over the disk: what another user-space file system that keeps nothing costs. */
export const startBindfs: Starter = (setup) =>
  startOver(
    setup,
    "bindfs/ext4",
    () => makeDirectory(setup, "under-bindfs"),
    () => {},
  );

/** Over memory: what libfuse itself costs. */
export const startBindfsOverTmpfs: Starter = (setup) =>
  startOver(setup, "bindfs/tmpfs", makeTmpfsDirectory, (under) => fs.rmSync(under, { recursive: true, force: true }));
