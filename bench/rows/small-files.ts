/** Many files of 1 KiB: making them, looking at them again with everything warm, and taking them away. */
import fs from "node:fs";
import { KiB, timed, type Workload, warm } from "../row.js";

const files = 2000;
const directories = 20;
const passes = 10;

export const smallFileBytes = KiB;

const pathOf = (directory: string, index: number): string => `${directory}/d${index % directories}/file${index}`;

function createAll(names: readonly string[], bytes: Buffer): void {
  for (const name of names) {
    const fd = fs.openSync(name, "w");
    fs.writeSync(fd, bytes);
    fs.closeSync(fd);
  }
}

export function statAll(names: readonly string[]): void {
  for (const name of names) fs.statSync(name);
}

export function readAll(names: readonly string[], buffer: Buffer): void {
  for (const name of names) {
    const fd = fs.openSync(name, "r");
    fs.readSync(fd, buffer, 0, buffer.length, 0);
    fs.closeSync(fd);
  }
}

export function listAll(directory: string): void {
  for (let index = 0; index < directories; index++) {
    const path = `${directory}/d${index}`;
    for (const name of fs.readdirSync(path)) fs.statSync(`${path}/${name}`);
  }
}

/** Makes the files, and returns their paths and the seconds that took. */
export function makeSmallFiles(directory: string): { names: string[]; seconds: number } {
  const names = Array.from({ length: files }, (_, index) => pathOf(directory, index));
  for (let index = 0; index < directories; index++) fs.mkdirSync(`${directory}/d${index}`);
  const bytes = Buffer.alloc(smallFileBytes, "0123456789abcdef");
  return { names, seconds: timed(() => createAll(names, bytes)) };
}

const name = {
  create: "create 1 KiB file",
  stat: "stat, warm",
  list: "readdir+stat, warm",
  read: "open+read+close, warm",
  rename: "rename",
  unlink: "unlink",
} as const;

const overBindfs = [
  { peer: "bindfs/ext4", atMost: 1 },
  { peer: "bindfs/tmpfs", atMost: 1.5 },
];

export const smallFiles: Workload = {
  name: "small files",
  rows: [
    { name: name.create, unit: { operations: files }, goals: [...overBindfs, { peer: "gocryptfs", atMost: 0.1 }] },
    { name: name.stat, unit: { operations: files }, goals: [{ peer: "ext4", atMost: 1.1 }] },
    { name: name.list, unit: { operations: files }, goals: [{ peer: "ext4", atMost: 1.1 }] },
    {
      name: name.read,
      unit: { operations: files },
      goals: [
        { peer: "bindfs/tmpfs", atMost: 1 },
        { subject: "stonefs+noopen", peer: "ext4", atMost: 1.3 },
      ],
    },
    { name: name.rename, unit: { operations: files }, goals: overBindfs },
    { name: name.unlink, unit: { operations: files }, goals: overBindfs },
  ],
  variants: ["stonefs+noopen", "stonefs+nofastwake", "stonefs+fuse-native", "agentfs-sdk"],
  run(directory) {
    const { names, seconds } = makeSmallFiles(directory);
    const buffer = Buffer.alloc(smallFileBytes);
    const samples: Record<string, number> = {
      [name.create]: seconds,
      [name.stat]: warm(passes, () => statAll(names)),
      [name.list]: warm(passes, () => listAll(directory)),
      [name.read]: warm(passes, () => readAll(names, buffer)),
    };
    samples[name.rename] = timed(() => {
      for (const path of names) fs.renameSync(path, `${path}.renamed`);
    });
    samples[name.unlink] = timed(() => {
      for (const path of names) fs.unlinkSync(`${path}.renamed`);
    });
    return samples;
  },
};
