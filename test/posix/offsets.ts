/** Offsets and sizes at the edges of 63 bits: an errno or nothing, and the file as it was. */
import fs from "node:fs";
import { join } from "node:path";
import { fails, failsWithOneOf } from "../support/fails.js";
import { copyFileRange, fallocate, ftruncate, getdents, lseek, pread, pwrite, SEEK_DATA, SEEK_END, SEEK_SET } from "../support/sys.js";
import type { Area } from "./case.js";

const end = 2n ** 63n - 1n;
/** No file system of Linux but those in memory has files so large. */
const absurd = [end, end - 1n, end - 4095n, 2n ** 62n, 2n ** 60n + 1n];

function withFile(directory: string, action: (fd: number, path: string) => void): void {
  const path = join(directory, "file");
  const fd = fs.openSync(path, "w+");
  fs.writeSync(fd, "as it was");
  action(fd, path);
  fs.closeSync(fd);
}

/** The largest size that a file may be given, by halving. */
function largestSize(fd: number): bigint {
  let [fits, not] = [0n, end];
  try {
    ftruncate(fd, end);
    return end;
  } catch {
    while (not - fits > 1n) {
      const middle = (fits + not) / 2n;
      try {
        ftruncate(fd, middle);
        fits = middle;
      } catch {
        not = middle;
      }
    }
  }
  return fits;
}

export const offsets: Area = {
  name: "the edges of 63 bits",
  cases: [
    {
      name: "reading there finds nothing",
      run(directory, t) {
        withFile(directory, (fd) => {
          for (const offset of absurd) {
            try {
              t.equal(pread(fd, Buffer.alloc(1), offset), 0, `at ${offset}`);
            } catch (error) {
              t.match((error as NodeJS.ErrnoException).code, /^(EINVAL|EOVERFLOW)$/, `at ${offset}`);
            }
            failsWithOneOf(t, ["ENXIO", "EINVAL"], () => lseek(fd, offset, SEEK_DATA), `data behind ${offset}`);
          }
          for (const offset of [-1n, -(2n ** 63n)]) {
            fails(t, "EINVAL", () => pread(fd, Buffer.alloc(1), offset), `read at ${offset}`);
            fails(t, "EINVAL", () => pwrite(fd, Buffer.alloc(1), offset), `write at ${offset}`);
            fails(t, "EINVAL", () => ftruncate(fd, offset), `truncate to ${offset}`);
            fails(t, "EINVAL", () => lseek(fd, offset, SEEK_SET), `seek to ${offset}`);
          }
          fails(t, "EINVAL", () => lseek(fd, end - 3n, SEEK_END) && lseek(fd, end, SEEK_END), "behind the end by all there is");
        });
      },
    },
    {
      name: "writing, growing and copying there is refused, and leaves the file alone",
      needs: ["fallocate", "copy-range"],
      run(directory, t) {
        withFile(directory, (fd, path) => {
          for (const offset of absurd) {
            failsWithOneOf(t, ["EFBIG", "EINVAL"], () => pwrite(fd, Buffer.from("xx"), offset), `write at ${offset}`);
            failsWithOneOf(t, ["EFBIG", "EINVAL"], () => ftruncate(fd, offset), `truncate to ${offset}`);
            failsWithOneOf(t, ["EFBIG", "EINVAL"], () => fallocate(fd, 0, offset, 2), `fallocate at ${offset}`);
            failsWithOneOf(t, ["EFBIG", "EINVAL"], () => fallocate(fd, 0, 2, offset), `fallocate of ${offset}`);
            failsWithOneOf(t, ["EFBIG", "EINVAL", "EOVERFLOW"], () => copyFileRange(fd, 0, fd, offset, 4), `copy to ${offset}`);
          }
          failsWithOneOf(t, ["EINVAL", "EFBIG"], () => fallocate(fd, 0, end, end), "fallocate of more than there is");
          fails(t, "EINVAL", () => fallocate(fd, 0, 0, -1), "fallocate of less than nothing");
          const other = fs.openSync(`${path}.other`, "w+");
          t.equal(copyFileRange(fd, 0, other, 0, 2n ** 62n), 9, "a copy ends with the file");
          fs.closeSync(other);
          t.equal(fs.readFileSync(path, "utf8"), "as it was");
        });
      },
    },
    {
      name: "a file of the largest size there is",
      run(directory, t) {
        withFile(directory, (fd, path) => {
          const largest = largestSize(fd);
          t.ok(largest >= 2n ** 40n, `${largest} bytes`);
          ftruncate(fd, largest);
          t.equal(fs.fstatSync(fd, { bigint: true }).size, largest);
          const last = Buffer.alloc(4);
          t.equal(pread(fd, last, largest - 4n), 4);
          t.same(last, Buffer.alloc(4));
          t.equal(pwrite(fd, Buffer.from("last"), largest - 4n), 4);
          t.equal(pread(fd, last, largest - 4n), 4);
          t.equal(last.toString(), "last");
          t.equal(pread(fd, last, largest), 0);
          if (largest < end) {
            failsWithOneOf(t, ["EFBIG", "EINVAL"], () => pwrite(fd, Buffer.from("x"), largest), "one byte more");
            failsWithOneOf(t, ["EFBIG", "EINVAL"], () => ftruncate(fd, largest + 1n), "a size more by one");
          }
          t.equal(pread(fd, last, largest - 2n), 2, "a read across the end is short");
          ftruncate(fd, 4n);
          t.equal(fs.readFileSync(path, "utf8"), "as i", "what was at the start is still there");
        });
      },
    },
    {
      name: "a directory survives any offset",
      needs: ["seekdir"],
      run(directory, t) {
        for (let index = 0; index < 100; index++) fs.mkdirSync(join(directory, `sub${index}`));
        const fd = fs.openSync(directory, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
        for (const offset of [1n, 2n, 3n, 77n, 2n ** 31n, 2n ** 32n + 1n, 2n ** 53n, ...absurd]) {
          try {
            lseek(fd, offset, SEEK_SET);
            let calls = 0;
            while (calls < 100 && getdents(fd).length > 0) calls++;
            t.ok(calls < 100, `it ends, from ${offset}`);
          } catch (error) {
            t.match((error as NodeJS.ErrnoException).code, /^(EINVAL|ENOENT)$/, `from ${offset}`);
          }
        }
        lseek(fd, 0, SEEK_SET);
        t.equal(getdents(fd).length, 102, "from the start all are there");
        fs.closeSync(fd);
      },
    },
  ],
};
