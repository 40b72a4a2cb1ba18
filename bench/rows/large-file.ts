/** One file of 128 MiB that no compression makes smaller. */
import { randomFillSync } from "node:crypto";
import fs from "node:fs";
import { dropCaches } from "../caches.js";
import { readMapped } from "../memory-map.js";
import { Random } from "../random.js";
import { KiB, MiB, timed, type Workload, warm } from "../row.js";

const fileBytes = 128 * MiB;
const pieceBytes = MiB;
const passes = 3;

export const blockBytes = 4 * KiB;
const blocks = 2048;
/** A database syncs a transaction, not a page. */
const syncEvery = 64;

function write(path: string, bytes: Buffer): void {
  const fd = fs.openSync(path, "w");
  for (let offset = 0; offset < fileBytes; offset += pieceBytes) fs.writeSync(fd, bytes, offset, pieceBytes);
  fs.fsyncSync(fd);
  fs.closeSync(fd);
}

function read(path: string, buffer: Buffer): void {
  const fd = fs.openSync(path, "r");
  let total = 0;
  for (let length = fs.readSync(fd, buffer); length > 0; length = fs.readSync(fd, buffer)) total += length;
  fs.closeSync(fd);
  if (total !== fileBytes) throw new Error(`${path}: read ${total} bytes of ${fileBytes}`);
}

function map(path: string, buffer: Buffer): void {
  const fd = fs.openSync(path, "r");
  readMapped(fd, fileBytes, buffer);
  fs.closeSync(fd);
}

/** Overwrites `count` blocks of a file at random, with bytes never seen before, and syncs now and then. */
export function overwrite(path: string, count: number): void {
  const [sizeBytes, random] = [fs.statSync(path).size, new Random(12_345)];
  const bytes = randomFillSync(Buffer.alloc(count * blockBytes));
  const fd = fs.openSync(path, "r+");
  for (let index = 0; index < count; index++) {
    fs.writeSync(fd, bytes, index * blockBytes, blockBytes, random.below(sizeBytes / blockBytes) * blockBytes);
    if ((index + 1) % syncEvery === 0) fs.fsyncSync(fd);
  }
  fs.closeSync(fd);
}

function readBlocks(path: string, buffer: Buffer): void {
  const random = new Random(54_321);
  const fd = fs.openSync(path, "r");
  for (let index = 0; index < blocks; index++) fs.readSync(fd, buffer, 0, blockBytes, random.below(fileBytes / blockBytes) * blockBytes);
  fs.closeSync(fd);
}

const name = {
  write: "sequential write+fsync",
  readCold: "sequential read, cold",
  readWarm: "sequential read, warm",
  map: "mmap read, warm",
  blocksCold: "4-KiB random read, cold",
  overwrite: "4-KiB random overwrite, fsync every 64",
} as const;

const whole = { bytes: fileBytes };

export const largeFile: Workload = {
  name: "large file",
  rows: [
    { name: name.write, unit: whole, goals: [{ peer: "ext4", atMost: 1 / 0.5 }] },
    { name: name.readCold, unit: whole, goals: [{ peer: "ext4", atMost: 1 / 0.6 }] },
    { name: name.readWarm, unit: whole, goals: [{ peer: "ext4", atMost: 1.05 }] },
    { name: name.map, unit: whole, goals: [{ peer: "ext4", atMost: 1.05 }] },
    { name: name.blocksCold, unit: { operations: blocks } },
    { name: name.overwrite, unit: { operations: blocks }, goals: [{ peer: "bindfs/ext4", atMost: 1 }] },
  ],
  variants: ["stonefs+fuse-native", "agentfs-sdk"],
  run(directory) {
    const path = `${directory}/large`;
    // All of it random, so that neither compression nor recognising equal blocks makes less of it.
    const bytes = randomFillSync(Buffer.alloc(fileBytes));
    const buffer = Buffer.alloc(pieceBytes);
    const samples: Record<string, number> = { [name.write]: timed(() => write(path, bytes)) };
    if (dropCaches()) {
      samples[name.blocksCold] = timed(() => readBlocks(path, buffer));
      dropCaches();
      samples[name.readCold] = timed(() => read(path, buffer));
    }
    samples[name.readWarm] = warm(passes, () => read(path, buffer));
    samples[name.map] = warm(passes, () => map(path, buffer));
    samples[name.overwrite] = timed(() => overwrite(path, blocks));
    return samples;
  },
};
