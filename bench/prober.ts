/**
 * Asks for a file's attributes about once a millisecond, until SIGTERM, and writes how long that took. Arguments: the file, and where
 * the results go, a file that exists, empty, when it begins.
 */
import fs from "node:fs";
import koffi from "koffi";

export interface Waits {
  readonly asked: number;
  readonly p99Millis: number;
  readonly longestMillis: number;
}

const atFdcwd = -100;
/** AT_STATX_FORCE_SYNC of statx(2): a FUSE daemon is asked, whatever the kernel has cached. */
const forceSync = 0x2000;
const basicStats = 0x7ff;
const statxBytes = 256;
const everyMillis = 1;

const statx = koffi.load(null).func("int statx(int directory, const char *path, int flags, unsigned int mask, _Out_ uint8_t *result)");

/**
 * A wait longer than the interval stands for those who would have asked meanwhile and waited for the rest of it; else a pause of a
 * second would count no more than one of a millisecond.
 */
function record(waits: number[], millis: number): void {
  for (let rest = millis; rest > 0; rest -= everyMillis) {
    waits.push(rest);
    if (rest <= everyMillis) return;
  }
}

function summarize(waits: number[], asked: number): Waits {
  const sorted = waits.sort((a, b) => a - b);
  const p99Millis = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
  return { asked, p99Millis, longestMillis: sorted[sorted.length - 1] ?? Number.NaN };
}

function probe(target: string, results: string): void {
  const waits: number[] = [];
  const buffer = Buffer.alloc(statxBytes);
  let asked = 0;
  const ask = (): void => {
    const start = performance.now();
    if (statx(atFdcwd, target, forceSync, basicStats, buffer) !== 0) throw new Error(`statx of ${target} failed: ${koffi.errno()}`);
    record(waits, performance.now() - start);
    asked++;
    setTimeout(ask, everyMillis);
  };
  process.on("SIGTERM", () => {
    fs.writeFileSync(results, JSON.stringify(summarize(waits, asked)));
    process.exit(0);
  });
  ask();
  fs.writeFileSync(results, "");
}

const [target = "", results = ""] = process.argv.slice(2);
probe(target, results);
