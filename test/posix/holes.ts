/** Where a file has bytes and where it has none: fallocate(2), holes, copies, in every alignment, against a model in memory. */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { fails } from "../support/fails.js";
import {
  copyFileRange,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  fallocate,
  ftruncate,
  lseek,
  SEEK_DATA,
  SEEK_HOLE,
} from "../support/sys.js";
import { asUser, bob } from "../support/users.js";
import type { Area } from "./case.js";

const KiB = 1024;
const MiB = 1024 * KiB;
const punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

function withFile(directory: string, action: (fd: number, path: string) => void): void {
  const path = join(directory, "file");
  const fd = fs.openSync(path, "w+");
  try {
    action(fd, path);
  } finally {
    fs.closeSync(fd);
  }
}

/** The ranges that lseek says have data. */
function dataRanges(fd: number): [number, number][] {
  const ranges: [number, number][] = [];
  const { size } = fs.fstatSync(fd);
  for (let at = 0; at < size; ) {
    let start: number;
    try {
      start = lseek(fd, at, SEEK_DATA);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENXIO") break;
      throw error;
    }
    at = lseek(fd, start, SEEK_HOLE);
    ranges.push([start, at]);
  }
  return ranges;
}

function bytesOf(path: string): Buffer {
  return fs.readFileSync(path);
}

/** The same changes to a file and to a buffer, then compared by descriptor and by a fresh reading. */
class Model {
  content = Buffer.alloc(0);

  resize(size: number): void {
    const resized = Buffer.alloc(size);
    this.content.copy(resized);
    this.content = resized;
  }

  put(offset: number, bytes: Buffer): void {
    if (offset + bytes.length > this.content.length) this.resize(offset + bytes.length);
    bytes.copy(this.content, offset);
  }

  zero(offset: number, length: number): void {
    this.content.fill(0, Math.min(offset, this.content.length), Math.min(offset + length, this.content.length));
  }
}

function compare(t: Test, path: string, model: Model, what: string): void {
  if (!bytesOf(path).equals(model.content)) t.fail(`${what}: the bytes differ`);
}

export const holes: Area = {
  name: "holes",
  cases: [
    {
      name: "st_blocks counts what is there: less after a punch, the same after a write over it",
      needs: ["fallocate"],
      run(directory, t) {
        withFile(directory, (fd) => {
          fs.writeSync(fd, randomBytes(MiB));
          fs.fsyncSync(fd);
          const full = fs.fstatSync(fd).blocks;
          t.ok(full >= 2048 && full <= 2100, `${full} blocks for 1 MiB`);
          fallocate(fd, punch, 256 * KiB, 512 * KiB);
          fs.fsyncSync(fd);
          const less = fs.fstatSync(fd).blocks;
          t.ok(less >= 1024 && less <= full - 1000, `${less} after half of it is gone`);
          fs.writeSync(fd, randomBytes(512 * KiB), 0, 512 * KiB, 256 * KiB);
          fs.fsyncSync(fd);
          t.ok(fs.fstatSync(fd).blocks <= full + 16 && fs.fstatSync(fd).blocks >= 2048);
          fs.ftruncateSync(fd, 0);
          fs.fsyncSync(fd);
          t.ok(fs.fstatSync(fd).blocks <= 8, "an empty file takes none");
        });
      },
    },
    {
      name: "blocks of what is written but not synced yet, over holes and over bytes",
      run(directory, t) {
        withFile(directory, (fd, path) => {
          ftruncate(fd, BigInt(64 * MiB));
          for (const at of [0, 10, 20, 30]) fs.writeSync(fd, randomBytes(64 * KiB), 0, 64 * KiB, at * MiB);
          fs.fsyncSync(fd);
          const four = fs.statSync(path).blocks;
          t.ok(four >= 512 && four < 600, `${four} blocks for 4 times 64 KiB`);
          fs.writeSync(fd, randomBytes(64 * KiB), 0, 64 * KiB, 10 * MiB);
          t.ok(Math.abs(fs.statSync(path).blocks - four) <= 16, "what is written over itself takes no more");
          fs.writeSync(fd, randomBytes(64 * KiB), 0, 64 * KiB, 40 * MiB);
          t.ok(Math.abs(fs.statSync(path).blocks - four - 128) <= 16, "what is written into a hole does");
        });
      },
    },
    {
      name: "a huge hole is cheap to make, to cross and to copy",
      needs: ["fallocate", "seek-hole"],
      run(directory, t) {
        withFile(directory, (fd, path) => {
          const far = 2 ** 42;
          ftruncate(fd, BigInt(far));
          fs.writeSync(fd, randomBytes(4096), 0, 4096, far - 4096);
          t.same(dataRanges(fd), [[far - 4096, far]]);
          fallocate(fd, punch, 0, far - 4096);
          t.same(dataRanges(fd), [[far - 4096, far]]);
          t.ok(fs.statSync(path).blocks <= 16);
        });
      },
    },
    {
      name: "SEEK_DATA and SEEK_HOLE at, in and behind the islands, before and after fsync",
      needs: ["seek-hole"],
      run(directory, t) {
        withFile(directory, (fd) => {
          ftruncate(fd, BigInt(4 * MiB));
          for (const at of [MiB, 3 * MiB]) fs.writeSync(fd, randomBytes(256 * KiB), 0, 256 * KiB, at);
          for (const turn of ["draft", "stored"]) {
            t.same(
              dataRanges(fd),
              [
                [MiB, MiB + 256 * KiB],
                [3 * MiB, 3 * MiB + 256 * KiB],
              ],
              turn,
            );
            t.equal(lseek(fd, MiB + 5, SEEK_DATA), MiB + 5);
            t.equal(lseek(fd, 5, SEEK_HOLE), 5);
            t.equal(lseek(fd, 2 * MiB, SEEK_HOLE), 2 * MiB);
            t.equal(lseek(fd, 4 * MiB - 1, SEEK_HOLE), 4 * MiB - 1);
            fails(t, "ENXIO", () => lseek(fd, 4 * MiB - 1, SEEK_DATA), "no data follow");
            fails(t, "ENXIO", () => lseek(fd, 4 * MiB, SEEK_HOLE), "at the end");
            fs.fsyncSync(fd);
          }
        });
      },
    },
    {
      name: "fallocate's modes: what each does to size and bytes, and which are refused",
      needs: ["fallocate"],
      run(directory, t) {
        withFile(directory, (fd, path) => {
          const bytes = randomBytes(10_000);
          fs.writeSync(fd, bytes);
          fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 50_000);
          t.equal(fs.fstatSync(fd).size, 10_000);
          fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 9000, 5000);
          t.equal(fs.fstatSync(fd).size, 10_000);
          bytes.fill(0, 9000);
          t.ok(bytesOf(path).equals(bytes), "zeroed within");
          fallocate(fd, FALLOC_FL_ZERO_RANGE, 8000, 12_000);
          t.equal(fs.fstatSync(fd).size, 20_000);
          t.ok(bytesOf(path).equals(Buffer.concat([bytes.subarray(0, 8000), Buffer.alloc(12_000)])), "zeroed and grown");
          fallocate(fd, punch, 15_000, 1_000_000);
          t.equal(fs.fstatSync(fd).size, 20_000);
          fallocate(fd, 0, 19_000, 5000);
          t.equal(fs.fstatSync(fd).size, 24_000);
          fails(t, "EOPNOTSUPP", () => fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10), "a punch that may change the size");
          fails(t, "EINVAL", () => fallocate(fd, 0, 0, 0), "no length");
          fails(t, "EINVAL", () => fallocate(fd, 0, -1, 10), "before the start");
          const readOnly = fs.openSync(path, "r");
          fails(t, "EBADF", () => fallocate(readOnly, 0, 0, 10), "a descriptor for reading");
          fs.closeSync(readOnly);
        });
      },
    },
    {
      name: "fallocate moves mtime and ctime",
      needs: ["fallocate"],
      async run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "bytes");
        const before = fs.statSync(path, { bigint: true });
        await new Promise((resolve) => setTimeout(resolve, 20));
        const fd = fs.openSync(path, "r+");
        fallocate(fd, punch, 0, 2);
        fs.closeSync(fd);
        const after = fs.statSync(path, { bigint: true });
        t.ok(after.mtimeNs > before.mtimeNs && after.ctimeNs > before.ctimeNs);
      },
    },
    {
      name: "writes, punches, zeroes, truncations and copies in any order and alignment",
      needs: ["fallocate", "copy-range"],
      run(directory, t) {
        const seed = Math.floor(Math.random() * 2 ** 31);
        t.comment(`seed ${seed}`);
        let state = seed;
        const random = (below: number): number => {
          state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
          return Math.floor((state / 0x8000_0000) * below);
        };
        const paths = [join(directory, "a"), join(directory, "b")];
        const fds = paths.map((path) => fs.openSync(path, "w+"));
        const models = paths.map(() => new Model());
        const span = 1_500_000;
        for (let turn = 0; turn < 300; turn++) {
          const which = random(2);
          const [fd, model] = [fds[which] as number, models[which] as Model];
          const offset = random(span);
          const length = 1 + random(random(4) === 0 ? 500_000 : 5000);
          switch (random(7)) {
            case 0:
            case 1: {
              const bytes = Buffer.alloc(length, 1 + random(255));
              fs.writeSync(fd, bytes, 0, length, offset);
              model.put(offset, bytes);
              break;
            }
            case 2:
              fallocate(fd, punch, offset, length);
              model.zero(offset, length);
              break;
            case 3:
              fallocate(fd, FALLOC_FL_ZERO_RANGE, offset, length);
              if (offset + length > model.content.length) model.resize(offset + length);
              model.zero(offset, length);
              break;
            case 4:
              fs.ftruncateSync(fd, offset);
              model.resize(offset);
              break;
            case 5: {
              const other = models[1 - which] as Model;
              const from = random(span);
              const copied = copyFileRange(fds[1 - which] as number, from, fd, offset, length);
              if (copied > 0) model.put(offset, Buffer.from(other.content.subarray(from, from + copied)));
              break;
            }
            default:
              if (random(2) === 0) fs.fsyncSync(fd);
              else compare(t, paths[which] as string, model, `turn ${turn}`);
          }
        }
        paths.forEach((path, which) => {
          compare(t, path, models[which] as Model, "at the end");
        });
        for (const fd of fds) fs.closeSync(fd);
        t.pass("300 changes");
      },
    },
    {
      name: "a copy within one file, apart and touching",
      needs: ["copy-range"],
      run(directory, t) {
        withFile(directory, (fd, path) => {
          const bytes = randomBytes(300_000);
          fs.writeSync(fd, bytes);
          t.equal(copyFileRange(fd, 1000, fd, 200_001, 99_999), 99_999);
          bytes.copyWithin(200_001, 1000, 1000 + 99_999);
          t.ok(bytesOf(path).equals(bytes));
          t.equal(copyFileRange(fd, 0, fd, 300_000, 100), 100);
          t.equal(fs.fstatSync(fd).size, 300_100);
          fails(t, "EINVAL", () => copyFileRange(fd, 0, fd, 50, 100), "ranges that overlap");
        });
      },
    },
    {
      name: "what was copied stays when the source changes, is truncated and removed",
      needs: ["copy-range"],
      run(directory, t) {
        const [source, target] = [join(directory, "source"), join(directory, "target")];
        const bytes = randomBytes(700_000);
        fs.writeFileSync(source, bytes);
        const [from, to] = [fs.openSync(source, "r+"), fs.openSync(target, "w+")];
        t.equal(copyFileRange(from, 0, to, 0, bytes.length), bytes.length);
        fs.writeSync(from, Buffer.alloc(100_000), 0, 100_000, 50_000);
        fs.ftruncateSync(from, 10);
        fs.unlinkSync(source);
        fs.closeSync(from);
        fs.closeSync(to);
        t.ok(bytesOf(target).equals(bytes));
      },
    },
    {
      name: "fallocate and copies by who is not root clear set-user-id and set-group-id",
      needs: ["root", "fallocate", "copy-range", "killpriv"],
      run(directory, t) {
        fs.chmodSync(directory, 0o777);
        const source = join(directory, "source");
        fs.writeFileSync(source, "bytes to copy");
        for (const change of [
          (fd: number) => fallocate(fd, 0, 0, 100),
          (fd: number) => fallocate(fd, punch, 0, 2),
          (fd: number) => {
            const from = fs.openSync(source, "r");
            copyFileRange(from, 0, fd, 0, 5);
            fs.closeSync(from);
          },
        ]) {
          const path = join(directory, "program");
          fs.writeFileSync(path, "program");
          fs.chownSync(path, bob.uid, bob.gid);
          fs.chmodSync(path, 0o6777);
          asUser(bob, () => {
            const fd = fs.openSync(path, "r+");
            change(fd);
            fs.closeSync(fd);
          });
          t.equal((fs.statSync(path).mode & 0o7777).toString(8), "777");
          fs.chmodSync(path, 0o6777);
          const fd = fs.openSync(path, "r+");
          change(fd);
          fs.closeSync(fd);
          t.equal((fs.statSync(path).mode & 0o7777).toString(8), "6777", "root keeps them");
          fs.unlinkSync(path);
        }
      },
    },
  ],
};
