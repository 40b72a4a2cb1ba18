/**
 * Measures the driver alone, with the tiny file system in a process of its own: `node measure.js [option…]`, the options being
 * tiny.js's. Prints microseconds for one operation, the median of several rounds. Not part of the tests.
 */
import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmdirSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "koffi";
import { unmount } from "../../src/fuse/mount.js";
import { startTiny } from "./harness.js";

const libc = load(null);
const fstat: (fd: number, out: Buffer) => number = libc.func("int fstat(int, void *)");
const rounds = 7;

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** Microseconds for one call of `operation`, called `times` times a round. */
function measure(name: string, times: number, operation: () => void): void {
  const micros: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    for (let index = 0; index < times; index++) operation();
    micros.push(((performance.now() - start) * 1000) / times);
  }
  process.stdout.write(`${name.padEnd(34)} ${median(micros).toFixed(2)} µs\n`);
}

const mountPoint = mkdtempSync(join(tmpdir(), "stonefs-measure-"));
const options = process.argv.slice(2);
const tiny = await startTiny(mountPoint, options);
try {
  const file = join(mountPoint, "file");
  const out = Buffer.alloc(256);
  const fd = openSync(file, "r+");
  measure("fstat, 1 request (GETATTR)", 20_000, () => fstat(fd, out));
  measure("open+close, lookup and refresh", 4_000, () => closeSync(openSync(file, "r")));
  const big = Buffer.alloc(1 << 20, 1);
  for (const bytes of [4096, 131072, 1048576]) {
    measure(`write ${bytes}`, Math.min(2000, (1 << 26) / bytes), () => writeSync(fd, big, 0, bytes, 0));
  }
  const direct = openSync(file, 0o40000);
  const page = Buffer.alloc(1 << 20);
  for (const bytes of [4096, 131072, 1048576]) {
    measure(`read ${bytes}, O_DIRECT`, Math.min(2000, (1 << 26) / bytes), () => readSync(direct, page, 0, bytes, 0));
  }
  closeSync(direct);
  ftruncateSync(fd, 0);
  closeSync(fd);
} finally {
  unmount(mountPoint, "lazy");
  await tiny.ended;
  rmdirSync(mountPoint);
}
