/** Writes to a file at 50 MB/s until it is killed, from the beginning again after 64 MiB. Its argument is the path. */
import { randomFillSync } from "node:crypto";
import fs from "node:fs";
import { MiB } from "./row.js";
import { sleep } from "./run.js";

const fileBytes = 64 * MiB;
const everyMillis = 20;

const bytes = randomFillSync(Buffer.alloc(MiB));
const fd = fs.openSync(process.argv[2] ?? "", "w");
for (let written = 0, due = performance.now(); ; written += bytes.length, due += everyMillis) {
  fs.writeSync(fd, bytes, 0, bytes.length, written % fileBytes);
  sleep(Math.max(0, due + everyMillis - performance.now()));
}
