/**
 * Applies the operations of a seed to a directory until the file system dies under it. Reports on standard output the number
 * of each operation before it begins, and of each fsync that came back. Arguments: the directory, the seed, and `quiet` to
 * leave every fsync out and to go slowly, so that batches end by their time alone.
 */
import fs from "node:fs";
import { apply, operations } from "../support/operations.js";

const [directory = ".", seed = "0", mode] = process.argv.slice(2);
const clock = new Int32Array(new SharedArrayBuffer(4));
try {
  let number = 0;
  for (const operation of operations(Number(seed))) {
    fs.writeSync(1, `begun ${number}\n`);
    if (mode === "quiet") Atomics.wait(clock, 0, 0, 1);
    if (mode === "quiet" && operation.what === "fsync") {
      number++;
      continue;
    }
    if (apply(directory, operation) && operation.what === "fsync") fs.writeSync(1, `synced ${number}\n`);
    number++;
  }
} catch (error) {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (!["ENOTCONN", "ECONNABORTED", "EIO"].includes(code)) throw error;
}
