/** How long fsync(2) takes: of a small write alone, and while another file is being streamed to. */
import { spawn } from "node:child_process";
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import { timed, type Workload } from "../row.js";
import { waitUntil } from "../run.js";

const syncs = { alone: 200, beside: 50 };

function writeAndSync(path: string, count: number): void {
  const bytes = Buffer.alloc(100, "x");
  const fd = fs.openSync(path, "w");
  for (let index = 0; index < count; index++) {
    fs.writeSync(fd, bytes);
    fs.fsyncSync(fd);
  }
  fs.closeSync(fd);
}

/** Streams while `action` runs: at the same pace on every peer, or the slowest would have the least beside it. */
function besideStream(path: string, action: () => void): void {
  const streamer = spawn(process.execPath, [fileURLToPath(new URL("../streamer.js", import.meta.url)), path], { stdio: "inherit" });
  try {
    waitUntil("the streaming writer", 1, () => (fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0);
    action();
  } finally {
    streamer.kill("SIGKILL");
  }
}

const name = { alone: "write 100 bytes+fsync", beside: "write 100 bytes+fsync beside a stream of 50 MB/s" } as const;

export const syncing: Workload = {
  name: "syncs",
  rows: [
    { name: name.alone, unit: { operations: syncs.alone }, goals: [{ peer: "ext4", atMost: 1.5 }] },
    { name: name.beside, unit: { operations: syncs.beside }, goals: [{ peer: "ext4", atMost: 1.5 }] },
  ],
  run(directory) {
    const samples: Record<string, number> = { [name.alone]: timed(() => writeAndSync(`${directory}/small`, syncs.alone)) };
    besideStream(`${directory}/stream`, () => {
      samples[name.beside] = timed(() => writeAndSync(`${directory}/beside`, syncs.beside));
    });
    return samples;
  },
};
