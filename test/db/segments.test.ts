/** The files that have the bytes of long files, by themselves. */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { SegmentFiles, segmentsPath } from "../../src/db/segments.js";
import { openSqlite } from "../../src/db/sqlite.js";
import { newDatabase } from "../store/database.js";
import { temporaryDirectory } from "../support/temporary.js";

const mebibyte = 1024 * 1024;
const segmentBytes = 2 ** 30;

function emptyDatabase(t: Test): string {
  const path = join(temporaryDirectory(t), "db");
  fs.writeFileSync(path, "");
  return path;
}

function openFor(t: Test, path: string, end = 0): SegmentFiles {
  const segments = new SegmentFiles(path, true);
  t.teardown(() => segments.close());
  segments.resume(end);
  return segments;
}

function append(segments: SegmentFiles, data: Buffer): number {
  const position = segments.append(data);
  if (position === undefined) throw new Error("no room");
  return position;
}

function read(segments: SegmentFiles, position: number, length: number): Buffer {
  const into = Buffer.alloc(length);
  segments.read(position, into);
  return into;
}

t.test("what is appended is read, in any part", async (t) => {
  const path = emptyDatabase(t);
  const segments = openFor(t, path);
  const [first, second] = [randomBytes(100_001), randomBytes(5 * mebibyte)];
  const [one, two] = [append(segments, first), append(segments, second)];
  t.ok(read(segments, one, first.length).equals(first));
  t.ok(read(segments, two + 7, 1000).equals(second.subarray(7, 1007)));
  t.equal(two % 4096, 0, "no page has bytes of both");
  segments.sync();
  t.equal(segments.end, two + second.length);

  const reader = new SegmentFiles(path, false);
  t.teardown(() => reader.close());
  t.ok(read(reader, two, second.length).equals(second), "by who only reads, too");
});

t.test("what lies beyond the end that the database says is given up", async (t) => {
  const path = emptyDatabase(t);
  const segments = openFor(t, path);
  const kept = randomBytes(mebibyte);
  append(segments, kept);
  const { end } = segments;
  append(segments, randomBytes(mebibyte));
  segments.close();

  const again = openFor(t, path, end);
  t.ok(read(again, 0, kept.length).equals(kept));
  t.throws(() => read(again, end, 1), /0\.segment has 1 bytes less than the database says/);
  const next = randomBytes(1000);
  t.ok(read(again, append(again, next), next.length).equals(next));

  again.close();
  openFor(t, path, 0);
  t.equal(fs.statSync(join(segmentsPath(path), "0.segment")).size, 0);
});

t.test("from one file to the next", async (t) => {
  const path = emptyDatabase(t);
  fs.mkdirSync(segmentsPath(path));
  const first = join(segmentsPath(path), "0.segment");
  fs.writeFileSync(first, "");
  fs.truncateSync(first, segmentBytes - 10_000);
  const segments = openFor(t, path, segmentBytes - 10_000);
  const pieces = [randomBytes(4096), randomBytes(10_000), randomBytes(3000)];
  const positions = pieces.map((piece) => append(segments, piece));
  segments.sync();
  t.equal(positions[1], segmentBytes, "what does not fit begins the next file");
  for (const [index, piece] of pieces.entries()) t.ok(read(segments, positions[index] as number, piece.length).equals(piece));
  t.same(fs.readdirSync(segmentsPath(path)).sort(), ["0.segment", "1.segment"]);
  const { end } = segments;
  segments.free(0, segmentBytes);
  segments.settle();
  t.same(fs.readdirSync(segmentsPath(path)), ["1.segment"], "a file that nothing is in goes");
  segments.close();

  const again = openFor(t, path, end);
  t.ok(read(again, positions[2] as number, 3000).equals(pieces[2] as Buffer));
  t.throws(() => read(again, 0, 1), /0\.segment is missing/);
});

t.test("what is freed is the host's once it is settled", async (t) => {
  const path = emptyDatabase(t);
  const segments = openFor(t, path);
  const pieces = Array.from({ length: 16 }, () => randomBytes(mebibyte));
  const positions = pieces.map((piece) => append(segments, piece));
  segments.sync();
  const full = segments.usedBytes;
  t.ok(full >= 16 * mebibyte);
  for (const position of positions.slice(4, 12)) segments.free(position, mebibyte);
  t.equal(segments.usedBytes, full, "not before");
  t.ok(read(segments, positions[5] as number, mebibyte).equals(pieces[5] as Buffer));
  segments.settle();
  t.ok(segments.usedBytes <= full - 7 * mebibyte, "then it is");
  for (const index of [3, 12])
    t.ok(read(segments, positions[index] as number, mebibyte).equals(pieces[index] as Buffer), "its neighbours stay");
});

t.test("the directory is missing, or another file is there", async (t) => {
  const path = emptyDatabase(t);
  t.throws(() => new SegmentFiles(path, true).resume(5000), { name: "DatabaseFormatError", message: /db-segments is missing: it holds/ });
  fs.mkdirSync(segmentsPath(path));
  fs.writeFileSync(join(segmentsPath(path), "notes.txt"), "mine");
  const segments = openFor(t, path, 0);
  append(segments, randomBytes(10));
  segments.close();
  openFor(t, path, 0);
  t.equal(fs.readFileSync(join(segmentsPath(path), "notes.txt"), "utf8"), "mine", "what is not ours stays");
});

t.test("the file that has the last bytes is shorter than the database says, or missing", async (t) => {
  const path = emptyDatabase(t);
  const segments = openFor(t, path);
  append(segments, randomBytes(10_000));
  segments.close();
  const message = /0\.segment has 5000 bytes less than the database says/;
  t.throws(() => new SegmentFiles(path, true).resume(15_000), { name: "DatabaseFormatError", message });
  fs.rmSync(join(segmentsPath(path), "0.segment"));
  t.throws(() => new SegmentFiles(path, true).resume(10_000), { name: "DatabaseFormatError", message: /10000 bytes less/ });
  t.same(fs.readdirSync(segmentsPath(path)), [], "nothing is made in its place");
});

t.test("rows are not committed before what they point to is durable", async (t) => {
  const connection = openSqlite(newDatabase(t), { mode: "write" });
  t.teardown(() => connection.close());
  connection.begin();
  connection.prepare("INSERT INTO meta (key, value) VALUES ('a', 'b')").run([]);
  const { sync } = connection.segments;
  connection.segments.sync = () => {
    throw new Error("the disk is gone");
  };
  t.throws(() => connection.commit(), /the disk is gone/);
  t.ok(connection.inTransaction);
  connection.segments.sync = sync.bind(connection.segments);
  connection.commit();
  t.notOk(connection.inTransaction);
});
