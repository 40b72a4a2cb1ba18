/** Many files of 1 KiB: making them, and looking at them again with everything warm. */
import fs from "node:fs";
import { timed, type Workload } from "./row.js";

const files = 2000;
const directories = 20;
/** Warm rows are so quick that one pass would measure the clock. */
const passes = 10;

const paths = (directory: string): string[] =>
  Array.from({ length: files }, (_, index) => `${directory}/d${index % directories}/file${index}`);

function createAll(names: readonly string[], bytes: Buffer): void {
  for (const name of names) {
    const fd = fs.openSync(name, "w");
    fs.writeSync(fd, bytes);
    fs.closeSync(fd);
  }
}

function statAll(names: readonly string[]): void {
  for (const name of names) fs.statSync(name);
}

function readAll(names: readonly string[], buffer: Buffer): void {
  for (const name of names) {
    const fd = fs.openSync(name, "r");
    fs.readSync(fd, buffer, 0, buffer.length, 0);
    fs.closeSync(fd);
  }
}

function listAll(directory: string): void {
  for (let index = 0; index < directories; index++) {
    const path = `${directory}/d${index}`;
    for (const name of fs.readdirSync(path)) fs.statSync(`${path}/${name}`);
  }
}

/** The mean of several passes, after one that warms. */
function warm(action: () => void): number {
  action();
  return (
    timed(() => {
      for (let pass = 0; pass < passes; pass++) action();
    }) / passes
  );
}

export const smallFiles: Workload = {
  name: "small files",
  rows: [
    { name: "create 1 KiB file", per: { operations: files } },
    { name: "stat, warm", per: { operations: files }, goal: { peer: "ext4", atMost: 1.3 } },
    { name: "open+read+close, warm", per: { operations: files } },
    { name: "readdir+stat, warm", per: { operations: files }, goal: { peer: "ext4", atMost: 1.3 } },
  ],
  run(directory) {
    const names = paths(directory);
    const bytes = Buffer.alloc(1024, "0123456789abcdef");
    for (let index = 0; index < directories; index++) fs.mkdirSync(`${directory}/d${index}`);
    return {
      "create 1 KiB file": timed(() => createAll(names, bytes)),
      "stat, warm": warm(() => statAll(names)),
      "open+read+close, warm": warm(() => readAll(names, bytes)),
      "readdir+stat, warm": warm(() => listAll(directory)),
    };
  },
};
