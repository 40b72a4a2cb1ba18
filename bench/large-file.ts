/** One file of 256 MiB that no compression makes smaller. */
import { randomFillSync } from "node:crypto";
import fs from "node:fs";
import { MiB, timed, type Workload } from "./row.js";

const fileBytes = 256 * MiB;
const pieceBytes = MiB;
const blockBytes = 4096;
const overwrites = 4096;

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

function overwrite(path: string, bytes: Buffer): void {
  const fd = fs.openSync(path, "r+");
  let state = 12_345;
  for (let index = 0; index < overwrites; index++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    const block = (state >>> 8) % (fileBytes / blockBytes);
    fs.writeSync(fd, bytes, index * blockBytes, blockBytes, block * blockBytes);
  }
  fs.fsyncSync(fd);
  fs.closeSync(fd);
}

/** Empties the page cache, of the file and of whatever lies under it. Only root can; whether it was done. */
function dropCaches(): boolean {
  try {
    fs.writeFileSync("/proc/sys/vm/drop_caches", "1");
    return true;
  } catch {
    return false;
  }
}

export const largeFile: Workload = {
  name: "one large file",
  rows: [
    { name: "sequential write+fsync", per: { bytes: fileBytes }, goal: { atLeastMBps: 150 } },
    { name: "sequential read, cold", per: { bytes: fileBytes } },
    { name: "sequential read, warm", per: { bytes: fileBytes } },
    { name: "4-KiB random overwrite+fsync", per: { operations: overwrites } },
  ],
  run(directory) {
    const path = `${directory}/large`;
    // All of it random, so that neither compression nor recognising equal blocks makes less of it.
    const bytes = randomFillSync(Buffer.alloc(fileBytes));
    const seconds: Record<string, number> = { "sequential write+fsync": timed(() => write(path, bytes)) };
    const buffer = Buffer.alloc(pieceBytes);
    if (dropCaches()) seconds["sequential read, cold"] = timed(() => read(path, buffer));
    else read(path, buffer);
    seconds["sequential read, warm"] = timed(() => read(path, buffer));
    seconds["4-KiB random overwrite+fsync"] = timed(() => overwrite(path, bytes));
    return seconds;
  },
};
