import { must } from "../run.js";
import { makeDirectory, type Starter } from "./peer.js";

/** A plain directory. Named by what it is, because the scratch directory may lie on something else than ext4. */
export const startHost: Starter = (setup) => {
  const type = must("stat", ["-f", "-c", "%T", setup.scratch]).trim();
  return { name: type === "ext2/ext3" ? "ext4" : type, directory: makeDirectory(setup, "host"), stop: () => {} };
};
