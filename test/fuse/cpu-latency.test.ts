/** The wish for awake processors: made by a burst of requests, withdrawn when it is over. The device is a plain file here. */
import fs from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { CpuLatency } from "../../src/fuse/cpu-latency.js";
import { temporaryDirectory } from "../support/temporary.js";

function aDevice(t: Test): string {
  const path = join(temporaryDirectory(t), "cpu_dma_latency");
  fs.writeFileSync(path, "");
  return path;
}

/** What was wished for, in microseconds, one after the other. */
function wishes(device: string): number[] {
  const bytes = fs.readFileSync(device);
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readInt32LE(index * 4));
}

t.test("a burst makes the wish, and its end withdraws it", (t) => {
  const device = aDevice(t);
  const latency = new CpuLatency(true, device);
  latency.served(1000);
  t.same(wishes(device), [], "one look tells nothing about pace");
  latency.served(1019);
  t.ok(latency.held);
  latency.served(1025);
  t.equal(wishes(device).length, 1, "said once");
  t.ok((wishes(device)[0] as number) <= 2);
  latency.release();
  t.notOk(latency.held);
  t.equal(wishes(device)[1], 2_000_000_000, "no wish");
  latency.release();
  latency.served(5000);
  t.equal(wishes(device).length, 2, "a pause ends a burst");
  latency.served(5001);
  t.ok(latency.held, "another burst");
  latency.close();
  t.notOk(latency.held);
  t.end();
});

t.test("slow requests are no burst", (t) => {
  const device = aDevice(t);
  const latency = new CpuLatency(true, device);
  for (let now = 0; now < 1000; now += 20) latency.served(now);
  t.notOk(latency.held);
  latency.close();
  t.end();
});

t.test("not wanted, or not allowed: nothing happens", (t) => {
  const device = aDevice(t);
  for (const latency of [new CpuLatency(false, device), new CpuLatency(true, join(device, "missing"))]) {
    for (let now = 0; now < 50; now += 5) latency.served(now);
    t.notOk(latency.held);
    latency.release();
    latency.close();
  }
  t.same(wishes(device), []);
  t.end();
});
