/**
 * After kill -9 the tree is exactly one of the states it passed through, none older than the last fsync: random operations
 * are applied once to the mount until it dies, and once more to a host directory, where some state must be the same.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { type Mount, onMount } from "../support/mount.js";
import { apply, operations } from "../support/operations.js";
import { seedOf } from "../support/random.js";
import { temporaryDirectory } from "../support/temporary.js";
import { describeTree } from "../support/tree.js";

const operatorFile = fileURLToPath(new URL("./operator.js", import.meta.url));
const rounds = 6;

/** The tree without its times, which two runs do not share. */
function stateOf(directory: string): string {
  return JSON.stringify([...describeTree(directory, { ignore: ["mtime", "owner"] })]);
}

/** How far the operator came. */
interface Progress {
  /** The last operation it began. */
  begun: number;
  /** The last operation that must be there: it was synced, or it was begun long enough before the crash. -1 for none. */
  durable: number;
  syncs: number;
}

/** A batch is at most a second old; the rest is what a loaded machine may take to commit it. */
const batchMs = 2500;

async function operateUntilKilled(
  t: Test,
  mount: Mount,
  directory: string,
  roundSeed: number,
  mode: "syncing" | "quiet",
): Promise<Progress> {
  const progress: Progress = { begun: -1, durable: -1, syncs: 0 };
  const operator = spawn(process.execPath, [operatorFile, directory, String(roundSeed), mode], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(operator, "close");
  let pending = "";
  const firstSync = new Promise<void>((resolve) => {
    operator.stdout.on("data", (chunk: Buffer) => {
      const lines = (pending + chunk.toString()).split("\n");
      pending = lines.pop() ?? "";
      for (const line of lines) {
        const number = Number(line.split(" ")[1]);
        if (line.startsWith("begun")) progress.begun = number;
        else {
          progress.durable = number;
          progress.syncs++;
          resolve();
        }
      }
    });
  });
  if (mode === "syncing") {
    await Promise.race([firstSync, closed]);
    await pause(100 + (roundSeed % 1200));
  } else {
    await pause(1000 + (roundSeed % 500));
    progress.durable = progress.begun - 1;
    await pause(batchMs);
  }
  await mount.kill();
  const [status] = await closed;
  t.equal(status, 0, "the operator met nothing but the crash");
  return progress;
}

/** The number of the last operation after which the host directory is in this state, or undefined. */
function replay(directory: string, roundSeed: number, { begun, durable }: Progress, wanted: string): number | undefined {
  let number = 0;
  let found: number | undefined;
  let same: boolean | undefined;
  for (const operation of operations(roundSeed)) {
    if (number > begun) break;
    const changed = apply(directory, operation);
    if (number >= durable) {
      // What changed nothing need not be looked at again.
      if (changed || same === undefined) same = stateOf(directory) === wanted;
      if (same) found = number;
    }
    number++;
  }
  return found;
}

t.test("the tree after a crash is one it passed through", { timeout: 170_000 }, (t) =>
  onMount(t, async (mount) => {
    const seed = seedOf(t);
    const host = temporaryDirectory(t);
    let syncs = 0;
    for (let round = 0; round < rounds; round++) {
      const roundSeed = seed + round * 7919;
      const [there, here] = [join(mount.directory, String(round)), join(host, String(round))];
      fs.mkdirSync(there);
      fs.mkdirSync(here);
      const progress = await operateUntilKilled(t, mount, there, roundSeed, round % 2 === 0 ? "syncing" : "quiet");
      mount.check();
      mount.mount();
      const found = replay(here, roundSeed, progress, stateOf(there));
      t.ok(found !== undefined, `round ${round}: durable ${progress.durable}, begun ${progress.begun}, found as after ${found}`);
      syncs += progress.syncs;
    }
    t.ok(syncs > 0, `${syncs} syncs were put to the test; none would prove nothing`);
  }),
);
