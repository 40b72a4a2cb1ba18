/** Bytes: reading, writing, truncating, holes, large offsets. */
import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { fails } from "../support/fails.js";
import type { Area } from "./case.js";

const GiB = 1024 ** 3;

/** The bytes at `position`. */
function at(path: string, position: number, length: number): Buffer {
  const fd = fs.openSync(path, "r");
  const buffer = Buffer.alloc(length);
  const read = fs.readSync(fd, buffer, 0, length, position);
  fs.closeSync(fd);
  return buffer.subarray(0, read);
}

export const data: Area = {
  name: "data",
  cases: [
    {
      name: "bytes come back, in sizes around every block boundary",
      run(directory, t) {
        for (const size of [0, 1, 511, 512, 4095, 4096, 4097, 65535, 65536, 131071, 131072, 131073, 262145, 1048577]) {
          const bytes = randomBytes(size);
          const path = join(directory, `file${size}`);
          fs.writeFileSync(path, bytes);
          t.equal(fs.statSync(path).size, size);
          t.ok(fs.readFileSync(path).equals(bytes), `${size} bytes`);
        }
      },
    },
    {
      name: "8 MiB in odd pieces, read back in other odd pieces",
      run(directory, t) {
        const bytes = randomBytes(8 << 20);
        const path = join(directory, "file");
        const out = fs.openSync(path, "w");
        for (let offset = 0; offset < bytes.length; offset += 77_777) {
          fs.writeSync(out, bytes, offset, Math.min(77_777, bytes.length - offset));
        }
        fs.closeSync(out);
        const hash = createHash("sha256");
        const input = fs.openSync(path, "r");
        const buffer = Buffer.alloc(131_313);
        for (let length = fs.readSync(input, buffer); length > 0; length = fs.readSync(input, buffer)) {
          hash.update(buffer.subarray(0, length));
        }
        fs.closeSync(input);
        t.equal(hash.digest("hex"), createHash("sha256").update(bytes).digest("hex"));
      },
    },
    {
      name: "overwriting in the middle changes just that",
      run(directory, t) {
        const path = join(directory, "file");
        const bytes = randomBytes(600_000);
        fs.writeFileSync(path, bytes);
        const fd = fs.openSync(path, "r+");
        for (const [offset, length] of [
          [0, 1],
          [4095, 2],
          [131_071, 3],
          [200_000, 100_000],
          [599_999, 1],
        ] as const) {
          const piece = randomBytes(length);
          piece.copy(bytes, offset);
          fs.writeSync(fd, piece, 0, length, offset);
        }
        fs.closeSync(fd);
        t.ok(fs.readFileSync(path).equals(bytes));
      },
    },
    {
      name: "what one descriptor writes another reads at once",
      run(directory, t) {
        const path = join(directory, "file");
        const writer = fs.openSync(path, "w");
        const reader = fs.openSync(path, "r");
        const buffer = Buffer.alloc(8);
        for (let turn = 0; turn < 100; turn++) {
          fs.writeSync(writer, `${turn}`.padStart(8), turn * 8);
          fs.readSync(reader, buffer, 0, 8, turn * 8);
          if (buffer.toString().trim() !== String(turn)) t.fail(`turn ${turn} read ${buffer}`);
        }
        t.equal(fs.fstatSync(reader).size, 800);
        fs.closeSync(writer);
        fs.closeSync(reader);
      },
    },
    {
      name: "reading at and past the end",
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "12345");
        t.equal(at(path, 5, 10).length, 0);
        t.equal(at(path, 1e12, 10).length, 0);
        t.equal(at(path, 3, 10).toString(), "45");
      },
    },
    {
      name: "truncate shortens, and what comes back when it grows again is zeros",
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, Buffer.alloc(300_000, 1));
        for (const size of [299_999, 131_073, 131_072, 5000, 4097, 4096, 100, 1]) {
          fs.truncateSync(path, size);
          t.equal(fs.statSync(path).size, size);
          fs.truncateSync(path, 300_000);
          const bytes = fs.readFileSync(path);
          const expected = Buffer.concat([Buffer.alloc(size, 1), Buffer.alloc(300_000 - size)]);
          t.ok(bytes.equals(expected), `to ${size} and back`);
        }
        fs.truncateSync(path, 0);
        t.equal(fs.readFileSync(path).length, 0);
      },
    },
    {
      name: "truncate moves mtime and ctime",
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "12345");
        fs.utimesSync(path, 1, 1);
        fs.truncateSync(path, 3);
        t.ok(fs.statSync(path).mtimeMs > 1000, "shorter");
        fs.utimesSync(path, 1, 1);
        const fd = fs.openSync(path, "r+");
        fs.ftruncateSync(fd, 10);
        fs.closeSync(fd);
        t.ok(fs.statSync(path).mtimeMs > 1000, "longer");
      },
    },
    {
      name: "truncate of the wrong things",
      run(directory, t) {
        fails(t, "EISDIR", () => fs.truncateSync(directory, 0), "a directory");
        fails(t, "ENOENT", () => fs.truncateSync(join(directory, "none"), 0), "nothing");
      },
    },
    {
      name: "truncating under an open writer leaves a hole where it goes on",
      run(directory, t) {
        const path = join(directory, "file");
        const fd = fs.openSync(path, "w");
        fs.writeSync(fd, "0123456789");
        fs.truncateSync(path, 0);
        fs.writeSync(fd, "x");
        fs.closeSync(fd);
        t.ok(fs.readFileSync(path).equals(Buffer.concat([Buffer.alloc(10), Buffer.from("x")])));
      },
    },
    {
      name: "a hole reads as zeros and takes no blocks",
      run(directory, t) {
        const path = join(directory, "sparse");
        const fd = fs.openSync(path, "w");
        fs.writeSync(fd, "start", 0);
        fs.writeSync(fd, "end", 10_000_000);
        fs.closeSync(fd);
        const stat = fs.statSync(path);
        t.equal(stat.size, 10_000_003);
        t.ok(stat.blocks * 512 < 1_000_000, `${stat.blocks} blocks`);
        const bytes = fs.readFileSync(path);
        t.equal(bytes.toString("utf8", 0, 5), "start");
        t.ok(bytes.subarray(5, 10_000_000).every((byte) => byte === 0));
        t.equal(bytes.toString("utf8", 10_000_000), "end");
      },
    },
    {
      name: "offsets of many GiB",
      run(directory, t) {
        const path = join(directory, "huge");
        const fd = fs.openSync(path, "w+");
        const offsets = [0, 2 * GiB - 3, 4 * GiB - 2, 37 * GiB + 12_345, 1000 * GiB];
        for (const offset of offsets) fs.writeSync(fd, `at ${offset}`, offset);
        fs.fsyncSync(fd);
        fs.closeSync(fd);
        for (const offset of offsets) {
          const text = `at ${offset}`;
          t.equal(at(path, offset, text.length).toString(), text);
        }
        t.ok(
          at(path, 500 * GiB, 4096).every((byte) => byte === 0),
          "a hole between",
        );
        const stat = fs.statSync(path);
        t.equal(stat.size, 1000 * GiB + `at ${1000 * GiB}`.length);
        t.ok(stat.blocks * 512 < 10_000_000, "blocks");
        fs.truncateSync(path, 4 * GiB + 2);
        t.equal(at(path, 4 * GiB - 2, 100).toString(), "at 4");
        fs.truncateSync(path, 5 * GiB);
        t.ok(
          at(path, 4 * GiB + 2, 1000).every((byte) => byte === 0),
          "cut bytes do not come back",
        );
      },
    },
    {
      name: "a file made of size alone",
      run(directory, t) {
        const path = join(directory, "hollow");
        fs.writeFileSync(path, "");
        fs.truncateSync(path, 3 * GiB);
        t.equal(fs.statSync(path).size, 3 * GiB);
        t.equal(fs.statSync(path).blocks, 0);
        t.ok(at(path, 2 * GiB, 65_536).every((byte) => byte === 0));
      },
    },
    {
      name: "random writes, truncates and reads against a model in memory",
      run(directory, t) {
        const seed = Number(process.env.POSIX_SEED ?? Date.now() % 1e9);
        t.comment(`POSIX_SEED=${seed}`);
        let state = seed;
        const random = (limit: number): number => {
          state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
          return state % limit;
        };
        const limit = 400_000;
        let model = Buffer.alloc(0);
        const path = join(directory, "file");
        const fd = fs.openSync(path, "w+");
        for (let step = 0; step < 400; step++) {
          const offset = random(limit);
          const length = random(4) === 0 ? random(limit - offset) : random(5000);
          if (random(8) === 0) {
            fs.ftruncateSync(fd, offset);
            const next = Buffer.alloc(offset);
            model.copy(next);
            model = next;
          } else if (random(3) > 0) {
            const piece = Buffer.alloc(length, step % 256);
            fs.writeSync(fd, piece, 0, length, offset);
            if (length > 0 && offset + length > model.length) model = Buffer.concat([model, Buffer.alloc(offset + length - model.length)]);
            piece.copy(model, offset);
          } else {
            const buffer = Buffer.alloc(length);
            const read = fs.readSync(fd, buffer, 0, length, offset);
            if (!buffer.subarray(0, read).equals(model.subarray(offset, offset + length))) {
              t.fail(`step ${step}: read ${offset}+${length} differs`);
              break;
            }
          }
        }
        fs.closeSync(fd);
        t.ok(fs.readFileSync(path).equals(model));
      },
    },
  ],
};
