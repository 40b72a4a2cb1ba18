import { startBtrfs as startImage } from "./btrfs-image.js";
import type { Starter } from "./peer.js";

/** In a loop image on the same disk. */
export const startBtrfs: Starter = ({ scratch }) => {
  const btrfs = startImage(scratch);
  if (typeof btrfs === "string") return { name: "btrfs", absent: btrfs };
  return { name: "btrfs", directory: btrfs.subvolume, stop: () => btrfs.stop() };
};
