/** fallocate(2), lseek(2) for data and holes, copy_file_range(2), statfs(2). */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { fails } from "../support/fails.js";
import {
  copyFileRange,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  fallocate,
  lseek,
  SEEK_CUR,
  SEEK_DATA,
  SEEK_END,
  SEEK_HOLE,
  SEEK_SET,
} from "../support/sys.js";
import type { Area } from "./case.js";

const MiB = 1 << 20;

export const ranges: Area = {
  name: "ranges of a file",
  cases: [
    {
      name: "lseek: start, current, end",
      run(directory, t) {
        const fd = fs.openSync(join(directory, "file"), "w+");
        fs.writeSync(fd, "0123456789");
        t.equal(lseek(fd, -3, SEEK_END), 7);
        t.equal(lseek(fd, -2, SEEK_CUR), 5);
        t.equal(lseek(fd, 5e9, SEEK_SET), 5e9);
        fails(t, "EINVAL", () => lseek(fd, -1, SEEK_SET), "before the start");
        fs.closeSync(fd);
      },
    },
    {
      name: "fallocate makes the file larger, with zeros",
      needs: ["fallocate"],
      run(directory, t) {
        const fd = fs.openSync(join(directory, "file"), "w+");
        fs.writeSync(fd, "data");
        fallocate(fd, 0, 0, MiB);
        t.equal(fs.fstatSync(fd).size, MiB);
        const bytes = fs.readFileSync(join(directory, "file"));
        t.equal(bytes.toString("utf8", 0, 4), "data");
        t.ok(bytes.subarray(4).every((byte) => byte === 0));
        fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 2 * MiB);
        t.equal(fs.fstatSync(fd).size, MiB, "KEEP_SIZE");
        fails(t, "EINVAL", () => fallocate(fd, 0, 0, 0), "no length");
        fs.closeSync(fd);
      },
    },
    {
      name: "fallocate punches holes and zeroes ranges",
      needs: ["fallocate"],
      run(directory, t) {
        const path = join(directory, "file");
        const bytes = randomBytes(MiB);
        fs.writeFileSync(path, bytes);
        const fd = fs.openSync(path, "r+");
        fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100_000, 300_000);
        bytes.fill(0, 100_000, 400_000);
        fallocate(fd, FALLOC_FL_ZERO_RANGE, 500_001, 77);
        bytes.fill(0, 500_001, 500_078);
        t.ok(fs.readFileSync(path).equals(bytes));
        t.equal(fs.fstatSync(fd).size, MiB);
        fs.closeSync(fd);
      },
    },
    {
      name: "SEEK_DATA and SEEK_HOLE find the islands",
      needs: ["seek-hole"],
      run(directory, t) {
        const fd = fs.openSync(join(directory, "file"), "w+");
        fs.writeSync(fd, Buffer.alloc(4096, 1), 0, 4096, 0);
        fs.writeSync(fd, Buffer.alloc(4096, 1), 0, 4096, MiB);
        fs.ftruncateSync(fd, 2 * MiB);
        t.equal(lseek(fd, 0, SEEK_DATA), 0);
        t.equal(lseek(fd, 0, SEEK_HOLE), 4096);
        t.equal(lseek(fd, 4096, SEEK_DATA), MiB);
        t.equal(lseek(fd, MiB, SEEK_HOLE), MiB + 4096);
        fails(t, "ENXIO", () => lseek(fd, MiB + 4096, SEEK_DATA), "no more data");
        fails(t, "ENXIO", () => lseek(fd, 2 * MiB, SEEK_HOLE), "at the end");
        fs.closeSync(fd);
      },
    },
    {
      name: "copy_file_range copies bytes, whole and in part",
      needs: ["copy-range"],
      run(directory, t) {
        const bytes = randomBytes(MiB);
        fs.writeFileSync(join(directory, "from"), bytes);
        const from = fs.openSync(join(directory, "from"), "r");
        const to = fs.openSync(join(directory, "to"), "w+");
        for (let done = 0; done < MiB; ) {
          const copied = copyFileRange(from, done, to, done, MiB - done);
          if (copied === 0) break;
          done += copied;
        }
        t.ok(fs.readFileSync(join(directory, "to")).equals(bytes), "whole");
        t.equal(copyFileRange(from, 1000, to, 500_000, 5000), 5000);
        bytes.copyWithin(500_000, 1000, 6000);
        t.ok(fs.readFileSync(join(directory, "to")).equals(bytes), "in part");
        t.equal(copyFileRange(from, MiB, to, 0, 10), 0, "at the end");
        fs.closeSync(from);
        fs.closeSync(to);
      },
    },
    {
      name: "statfs makes sense",
      run(directory, t) {
        const stat = fs.statfsSync(directory);
        t.ok(stat.bsize >= 512);
        t.ok(stat.blocks > 0);
        t.ok(stat.bfree <= stat.blocks);
        t.ok(stat.bavail <= stat.bfree);
        t.ok(stat.files >= stat.ffree);
      },
    },
    {
      name: "st_blksize and st_blocks make sense",
      run(directory, t) {
        fs.writeFileSync(join(directory, "file"), Buffer.alloc(100_000, 1));
        const fd = fs.openSync(join(directory, "file"), "r");
        fs.fsyncSync(fd);
        fs.closeSync(fd);
        const stat = fs.statSync(join(directory, "file"));
        t.ok(stat.blksize >= 512);
        t.ok(stat.blocks * 512 >= 100_000 && stat.blocks * 512 < 300_000, `${stat.blocks} blocks`);
      },
    },
  ],
};
