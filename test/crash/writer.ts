/**
 * The victim's client, a process of its own: changes a directory in an order that leaves no gap, and reports on standard
 * output what has been synced. It runs until the file system dies under it, which is its proper end.
 * Arguments: the directory, the number to begin with.
 *
 * Step n, in this order: record n is appended to `log`; `files/n` is made and written; `moved/n` is renamed from `staging/n`;
 * `files/(n-20)` is removed. So a state the tree passed through is one where each of these stops at n or n-1.
 */
import fs from "node:fs";
import { join } from "node:path";
import { content, record } from "./steps.js";

const [directory = ".", first = "0"] = process.argv.slice(2);
const path = (...parts: string[]): string => join(directory, ...parts);

function synced(what: string, number: number): void {
  fs.writeSync(1, `${what} ${number}\n`);
}

function step(log: number, number: number): void {
  fs.writeSync(log, record(number));
  const fd = fs.openSync(path("files", String(number)), "wx");
  fs.writeSync(fd, content(number));
  // Every seventh file and every tenth record: most changes are to be swept along by a neighbour's fsync, or lost.
  if (number % 7 === 0) {
    fs.fsyncSync(fd);
    synced("file", number);
  }
  fs.closeSync(fd);
  fs.writeFileSync(path("staging", String(number)), content(number));
  fs.renameSync(path("staging", String(number)), path("moved", String(number)));
  if (number % 10 === 0) {
    fs.fsyncSync(log);
    synced("log", number);
  }
  if (number >= 20) fs.unlinkSync(path("files", String(number - 20)));
  if (number % 33 === 0) {
    const moved = fs.openSync(path("moved"), "r");
    fs.fsyncSync(moved);
    fs.closeSync(moved);
    synced("moved", number);
  }
}

try {
  for (const name of ["files", "moved", "staging"]) fs.mkdirSync(path(name), { recursive: true });
  const log = fs.openSync(path("log"), "a");
  synced("started", Number(first));
  for (let number = Number(first); ; number++) step(log, number);
} catch (error) {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  // ENOTCONN: the mount is dead. ECONNABORTED, EIO: a request was under way when it died.
  if (!["ENOTCONN", "ECONNABORTED", "EIO"].includes(code)) throw error;
}
