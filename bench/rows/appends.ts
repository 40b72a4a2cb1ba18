/** A log that grows by 100 bytes at a time. */
import fs from "node:fs";
import { timed, type Workload } from "../row.js";

const appends = 10_000;
const reopened = 2000;
export const appendBytes = 100;

export function appendToOne(path: string, count: number): void {
  const bytes = Buffer.alloc(appendBytes, "line of a log\n");
  const fd = fs.openSync(path, "a");
  for (let index = 0; index < count; index++) fs.writeSync(fd, bytes);
  fs.closeSync(fd);
}

/** Each with an open and a close of its own, which makes each a version. */
export function appendReopening(path: string, count: number): void {
  for (let index = 0; index < count; index++) appendToOne(path, 1);
}

const name = { open: "append 100 bytes, one open", reopened: "append 100 bytes, opened and closed each" } as const;

export const appending: Workload = {
  name: "appends",
  rows: [
    {
      name: name.open,
      unit: { operations: appends },
      goals: [
        { peer: "bindfs/ext4", atMost: 1 },
        { subject: "stonefs+writeback", peer: "ext4", atMost: 1.5 },
      ],
    },
    { name: name.reopened, unit: { operations: reopened } },
  ],
  variants: ["stonefs+writeback", "stonefs+fuse-native", "agentfs-sdk"],
  run(directory) {
    return {
      [name.open]: timed(() => appendToOne(`${directory}/log`, appends)),
      [name.reopened]: timed(() => appendReopening(`${directory}/reopened`, reopened)),
    };
  },
};
