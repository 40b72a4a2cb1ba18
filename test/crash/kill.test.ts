/** kill -9 of the daemon in the middle of a loop of writes: what was synced is there, and the tree is one it passed through. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { failsWithOneOf } from "../support/fails.js";
import { type Mount, onMount } from "../support/mount.js";
import { Random, seedOf } from "../support/random.js";
import { stone } from "../support/stone.js";
import { content, record, recordBytes } from "./steps.js";

const writerFile = fileURLToPath(new URL("./writer.js", import.meta.url));
const rounds = 5;

/** The last number of each kind that the writer said was synced; -1 for none. */
interface Synced {
  file: number;
  log: number;
  moved: number;
}

/** What the writer reported until the crash. */
interface Report {
  readonly synced: Synced;
  count: number;
}

function listen(writer: ChildProcessByStdio<null, Readable, null>, report: Report, firstSync: () => void): void {
  let pending = "";
  writer.stdout.on("data", (chunk: Buffer) => {
    const lines = (pending + chunk.toString()).split("\n");
    pending = lines.pop() ?? "";
    for (const line of lines) {
      const [what = "", number] = line.split(" ");
      if (what === "started") continue;
      report.synced[what as keyof Synced] = Number(number);
      report.count++;
      firstSync();
    }
  });
}

/** Lets a writer run for a while and kills the daemon under it. */
async function crash(t: Test, mount: Mount, first: number, lifeMs: number): Promise<Report> {
  const report: Report = { synced: { file: -1, log: -1, moved: -1 }, count: 0 };
  const writer = spawn(process.execPath, [writerFile, mount.directory, String(first)], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(writer, "close");
  await Promise.race([new Promise<void>((resolve) => listen(writer, report, resolve)), closed]);
  await pause(lifeMs);
  await mount.kill();
  // statfs is never cached, as attributes are. ECONNABORTED: the kernel was not through with the dead daemon yet.
  failsWithOneOf(t, ["ENOTCONN", "ECONNABORTED"], () => fs.statfsSync(mount.directory), "callers learn of it at once");
  const [status] = await closed;
  t.equal(status, 0, "the writer met nothing but the crash");
  return report;
}

/** The numbers in the log, which must count up without a gap. */
function readLog(t: Test, directory: string): number {
  const bytes = fs.readFileSync(join(directory, "log"), "latin1");
  t.equal(bytes.length % recordBytes, 0, "no half record");
  const records = bytes.length / recordBytes;
  const expected = Array.from({ length: records }, (_, number) => record(number)).join("");
  t.ok(bytes === expected, `${records} records without a gap`);
  return records - 1;
}

const numbersIn = (directory: string): number[] =>
  fs
    .readdirSync(directory)
    .map(Number)
    .sort((a, b) => a - b);

/** Asserts that `numbers` is first, first+1 ... last without a gap. */
function gapless(t: Test, numbers: readonly number[], what: string): void {
  const first = numbers[0] ?? 0;
  t.same(
    numbers,
    Array.from({ length: numbers.length }, (_, index) => first + index),
    `${what}: no gap`,
  );
}

function whole(t: Test, directory: string, numbers: readonly number[], what: string): void {
  const damaged = numbers.filter((number) => !fs.readFileSync(join(directory, String(number))).equals(content(number)));
  t.same(damaged, [], `${what}: every file whole`);
}

/** Looks at the tree after a crash; the number to go on with. */
function inspect(t: Test, directory: string, synced: Synced): number {
  const last = readLog(t, directory);
  const files = numbersIn(join(directory, "files"));
  const moved = numbersIn(join(directory, "moved"));
  t.ok(last >= synced.log, `the log was synced to ${synced.log}, has ${last}`);
  t.ok((files.at(-1) ?? -1) >= synced.file, `files were synced to ${synced.file}, reach ${files.at(-1)}`);
  t.ok((moved.at(-1) ?? -1) >= synced.moved, `moves were synced to ${synced.moved}, reach ${moved.at(-1)}`);
  gapless(t, files, "files");
  gapless(t, moved, "moved");
  if (moved.length > 0) t.equal(moved[0], 0, "nothing that was moved is lost");
  // One moment of the writer's order: record n, file n, move n, removal of n-20.
  const [lastFile, lastMoved, firstFile] = [files.at(-1) ?? -1, moved.at(-1) ?? -1, files[0] ?? 0];
  t.ok(lastFile === last || lastFile === last - 1, `record ${last}, file ${lastFile}`);
  t.ok(lastMoved === lastFile || lastMoved === lastFile - 1, `file ${lastFile}, move ${lastMoved}`);
  const removed = firstFile - 1;
  t.ok(removed === Math.max(lastMoved - 20, -1) || removed === Math.max(lastMoved - 21, -1), `move ${lastMoved}, removal ${removed}`);
  // The newest of each may have been caught between its creation and its last byte; never one that was synced.
  const settled = files.filter((number) => number < lastFile || number === synced.file);
  whole(t, join(directory, "files"), settled, "files");
  whole(t, join(directory, "moved"), moved, "moved");
  const staging = numbersIn(join(directory, "staging"));
  t.ok(staging.length <= 1, `staging holds ${staging}`);
  return last;
}

/** Brings what the crash cut off in the middle of a step to the step's end, as a program does when it recovers. */
function finishStep(directory: string, number: number): void {
  if (number < 0) return;
  fs.rmSync(join(directory, "staging", String(number)), { force: true });
  fs.writeFileSync(join(directory, "files", String(number)), content(number));
  fs.writeFileSync(join(directory, "moved", String(number)), content(number));
  if (number >= 20) fs.rmSync(join(directory, "files", String(number - 20)), { force: true });
}

t.test("kill -9 under a writer, again and again on one database", { timeout: 170_000 }, (t) =>
  onMount(t, async (mount) => {
    const random = new Random(seedOf(t));
    let next = 0;
    let syncs = 0;
    for (let round = 0; round < rounds; round++) {
      const report = await crash(t, mount, next, 50 + random.below(1500));
      syncs += report.count;
      mount.check();
      mount.mount();
      const last = inspect(t, mount.directory, report.synced);
      t.comment(`round ${round}: ${report.count} syncs, synced ${JSON.stringify(report.synced)}, tree at ${last}`);
      finishStep(mount.directory, last);
      next = last + 1;
    }
    t.ok(syncs > 0, `${syncs} syncs were put to the test; none would prove nothing`);
  }),
);

t.test("kill -9 within one large file: a prefix of it is there", (t) =>
  onMount(t, async (mount) => {
    const block = 1 << 20;
    const bytes = randomBytes(block);
    const path = join(mount.directory, "large");
    const fd = fs.openSync(path, "w");
    // More than one batch holds, so that batches end by size in the middle.
    for (let index = 0; index < 96; index++) {
      bytes.writeUInt32LE(index);
      fs.writeSync(fd, bytes);
      if (index === 70) fs.fsyncSync(fd);
    }
    await mount.kill();
    try {
      fs.closeSync(fd);
    } catch {
      // The connection is gone; closing says so on some kernels.
    }
    mount.mount();
    const found = fs.readFileSync(path);
    t.ok(found.length >= 71 * block, `${found.length} bytes, of which ${71 * block} were synced`);
    for (let index = 0; index * block < found.length; index++) {
      bytes.writeUInt32LE(index);
      const piece = found.subarray(index * block, (index + 1) * block);
      if (!piece.equals(bytes.subarray(0, piece.length))) t.fail(`block ${index} is not what was written`);
    }
  }),
);

t.test("kill -9 while nothing happens loses nothing that is a second old", (t) =>
  onMount(t, async (mount) => {
    fs.writeFileSync(join(mount.directory, "file"), "not synced");
    // A batch is at most a second old, whether or not another request comes.
    await pause(2500);
    await mount.kill();
    mount.mount();
    t.equal(fs.readFileSync(join(mount.directory, "file"), "utf8"), "not synced");
  }),
);

t.test("a command that reads after a crash sees what was synced", (t) =>
  onMount(t, async (mount) => {
    const fd = fs.openSync(join(mount.directory, "file"), "w");
    for (const text of ["one ", "two ", "three"]) {
      fs.writeSync(fd, text);
      fs.fsyncSync(fd);
    }
    fs.closeSync(fd);
    t.ok(fs.statSync(`${mount.database}-redo`).size > 0, "it is in the log of syncs");
    await mount.kill();
    const found = stone(["sql", "--db", mount.database, "--json", "SELECT sum(length) AS bytes FROM extent"]);
    t.same(JSON.parse(found.stdout), [{ bytes: 13 }], found.stderr);
    t.notOk(fs.existsSync(`${mount.database}-redo`));
    mount.mount();
    t.equal(fs.readFileSync(join(mount.directory, "file"), "utf8"), "one two three");
  }),
);
