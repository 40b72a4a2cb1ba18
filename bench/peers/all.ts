import { startAgentfs } from "./agentfs.js";
import { startBindfs, startBindfsOverTmpfs } from "./bindfs.js";
import { startBtrfs } from "./btrfs.js";
import { startGocryptfs } from "./gocryptfs.js";
import { startHost } from "./host.js";
import type { Absent, Peer, Setup, Starter } from "./peer.js";
import { startStonefs, stonefsVariants } from "./stonefs.js";
import { startTmpfs } from "./tmpfs.js";

/** What is measured: this file system. */
export const subject = "stonefs";
const variantPrefix = `${subject}+`;

/** By which option a peer is the same file system mounted otherwise; undefined where it is not. */
export function variantOf(peer: string): string | undefined {
  return peer.startsWith(variantPrefix) ? peer.slice(variantPrefix.length) : undefined;
}

const starters: Readonly<Record<string, Starter>> = {
  [subject]: startStonefs,
  ext4: startHost,
  btrfs: startBtrfs,
  "bindfs/ext4": startBindfs,
  "bindfs/tmpfs": startBindfsOverTmpfs,
  gocryptfs: startGocryptfs,
  ...stonefsVariants,
  "agentfs-sdk": startAgentfs,
  tmpfs: startTmpfs,
};

export const peerNames: readonly string[] = Object.keys(starters);

/** Those beside which every workload is measured that does not name its own. */
export const usualPeers: readonly string[] = [subject, "ext4", "btrfs", "bindfs/ext4", "bindfs/tmpfs", "gocryptfs"];

export function startPeer(name: string, setup: Setup): Peer | Absent {
  const start = starters[name];
  if (start === undefined) throw new Error(`no peer ${name}; there are ${peerNames.join(", ")}`);
  return start(setup);
}
