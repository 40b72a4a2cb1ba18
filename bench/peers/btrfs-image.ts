import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { load } from "koffi";

/** A btrfs file system in a loop image. */
export interface Btrfs {
  /** A subvolume to write in. */
  readonly subvolume: string;
  /** Takes a writable snapshot of it. It is on the disk when this returns: the kernel commits the transaction. */
  snapshot(name: string): void;
  stop(): void;
}

/** BTRFS_IOC_SNAP_CREATE_V2 of linux/btrfs.h: struct btrfs_ioctl_vol_args_v2 is the descriptor, 40 bytes further on the name. */
const snapCreateV2 = 0x50009417;
const argsBytes = 4096;
const nameAt = 56;

function run(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: "ignore" }).status === 0;
}

/** Starts one, or says why there is none. Only root can. */
export function startBtrfs(scratch: string): Btrfs | string {
  const image = join(scratch, "btrfs.img");
  const directory = join(scratch, "btrfs");
  fs.writeFileSync(image, "");
  fs.truncateSync(image, 4 * 2 ** 30);
  fs.mkdirSync(directory);
  if (!run("mkfs.btrfs", "-q", image)) return "not measured: no mkfs.btrfs (Debian: btrfs-progs)";
  if (!run("mount", "-o", "loop", image, directory)) return "not measured: this machine cannot mount btrfs";
  const subvolume = join(directory, "tree");
  if (!run("btrfs", "subvolume", "create", subvolume)) return "not measured: no btrfs command";
  const ioctl = load("libc.so.6").func("int ioctl(int, unsigned long, void *)") as (fd: number, request: number, args: Buffer) => number;
  return {
    subvolume,
    snapshot(name) {
      const [into, from] = [fs.openSync(directory, "r"), fs.openSync(subvolume, "r")];
      const args = Buffer.alloc(argsBytes);
      args.writeBigInt64LE(BigInt(from), 0);
      args.write(name, nameAt, "latin1");
      const status = ioctl(into, snapCreateV2, args);
      fs.closeSync(from);
      fs.closeSync(into);
      if (status !== 0) throw new Error("BTRFS_IOC_SNAP_CREATE_V2 failed");
    },
    stop() {
      run("umount", directory);
    },
  };
}
