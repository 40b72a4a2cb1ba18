/**
 * Runs what agentfs-sdk can do of a workload through its calls and prints samples as JSON. It takes milliseconds where the others
 * take microseconds, so it is given fewer operations, and its seconds are scaled to as many as the row has. Arguments: those of worker.ts.
 */
import { randomFillSync } from "node:crypto";
import fs from "node:fs";
import { agentfsPackage } from "./peers/agentfs.js";
import { Random } from "./random.js";
import { KiB, MiB } from "./row.js";
import { rows } from "./workloads.js";

/** What is used of the package, as its interface.d.ts has it. */
interface AgentFS {
  readonly fs: {
    writeFile(path: string, data: Buffer): Promise<void>;
    readFile(path: string): Promise<Buffer>;
    stat(path: string): Promise<unknown>;
    readdirPlus(path: string): Promise<readonly unknown[]>;
    rename(from: string, to: string): Promise<void>;
    unlink(path: string): Promise<void>;
    open(path: string): Promise<FileHandle>;
  };
  close(): Promise<void>;
}

interface FileHandle {
  pread(offset: number, size: number): Promise<Buffer>;
  pwrite(offset: number, data: Buffer): Promise<void>;
  fsync(): Promise<void>;
}

interface Package {
  readonly AgentFS: { open(options: { path: string }): Promise<AgentFS> };
}

const [stage, workload = "", directory = ""] = process.argv.slice(2);
const samples: Record<string, number> = {};

/** Times `count` operations or bytes, and scales to what the row counts. */
async function sample(name: string, count: number, action: () => Promise<void>): Promise<void> {
  const unit = rows.find((row) => row.name === name)?.unit;
  if (typeof unit !== "object") throw new Error(`no row ${name} of operations or bytes`);
  const start = process.hrtime.bigint();
  await action();
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  samples[name] = seconds * (("bytes" in unit ? unit.bytes : unit.operations) / count);
}

async function each(names: readonly string[], action: (path: string) => Promise<unknown>): Promise<void> {
  for (const path of names) await action(path);
}

async function smallFiles({ fs: agent }: AgentFS): Promise<void> {
  const [files, directories] = [300, 5];
  const names = Array.from({ length: files }, (_, index) => `/d${index % directories}/file${index}`);
  const bytes = Buffer.alloc(KiB, "0123456789abcdef");
  await sample("create 1 KiB file", files, () => each(names, (path) => agent.writeFile(path, bytes)));
  await sample("stat, warm", files, () => each(names, (path) => agent.stat(path)));
  await sample("readdir+stat, warm", files, async () => {
    for (let index = 0; index < directories; index++) await agent.readdirPlus(`/d${index}`);
  });
  await sample("open+read+close, warm", files, () => each(names, (path) => agent.readFile(path)));
  await sample("rename", files, () => each(names, (path) => agent.rename(path, `${path}.renamed`)));
  await sample("unlink", files, () => each(names, (path) => agent.unlink(`${path}.renamed`)));
}

async function largeFile({ fs: agent }: AgentFS): Promise<void> {
  const [fileBytes, blockBytes, blocks, random] = [2 * MiB, 4 * KiB, 64, new Random(12_345)];
  const bytes = randomFillSync(Buffer.alloc(fileBytes));
  await agent.writeFile("/large", Buffer.alloc(0));
  const handle = await agent.open("/large");
  await sample("sequential write+fsync", fileBytes, async () => {
    for (let offset = 0; offset < fileBytes; offset += MiB) await handle.pwrite(offset, bytes.subarray(offset, offset + MiB));
    await handle.fsync();
  });
  await sample("sequential read, warm", fileBytes, async () => {
    for (let offset = 0; offset < fileBytes; offset += MiB) await handle.pread(offset, MiB);
  });
  await sample("4-KiB random overwrite, fsync every 64", blocks, async () => {
    for (let block = 0; block < blocks; block++) {
      await handle.pwrite(random.below(fileBytes / blockBytes) * blockBytes, bytes.subarray(block * blockBytes, (block + 1) * blockBytes));
    }
    await handle.fsync();
  });
}

async function appends({ fs: agent }: AgentFS): Promise<void> {
  const [count, bytes] = [200, Buffer.alloc(100, "line of a log\n")];
  await agent.writeFile("/log", Buffer.alloc(0));
  const handle = await agent.open("/log");
  await sample("append 100 bytes, one open", count, async () => {
    for (let index = 0; index < count; index++) await handle.pwrite(index * bytes.length, bytes);
  });
}

const workloads: Readonly<Record<string, (agent: AgentFS) => Promise<void>>> = {
  "small files": smallFiles,
  "large file": largeFile,
  appends,
};

const run = workloads[workload];
if (run === undefined) throw new Error(`no workload ${workload}`);
if (stage === "run") {
  const { AgentFS } = (await import(agentfsPackage)) as Package;
  const agent = await AgentFS.open({ path: `${directory}/agent.db` });
  await run(agent);
  await agent.close();
  fs.writeSync(1, JSON.stringify(samples));
}
