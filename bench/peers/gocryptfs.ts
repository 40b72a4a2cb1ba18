import { installed, must } from "../run.js";
import { allowOther, makeDirectory, type Starter, startDaemon, unmount } from "./peer.js";

/** Encrypts names and bytes: a user-space file system in Go that does work of its own. */
export const startGocryptfs: Starter = (setup) => {
  const name = "gocryptfs";
  if (!installed(name)) return { name, absent: "not installed; Debian: sudo apt-get install gocryptfs" };
  const [under, directory] = [makeDirectory(setup, "under-gocryptfs"), makeDirectory(setup, name)];
  const password = ["-quiet", "-extpass", "echo bench"];
  // Its cheapest key derivation, which happens once at the mount.
  must(name, ["-init", "-scryptn", "10", ...password, under]);
  const others = allowOther.length === 0 ? [] : ["-allow_other"];
  const pid = startDaemon(name, ["-fg", ...others, ...password, under, directory], directory);
  return { name, directory, pid, stop: () => unmount(directory) };
};
