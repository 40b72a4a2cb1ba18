/** mmap(2), through a small Python script because Node has no mmap. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import type { Area } from "./case.js";

const script = `
import mmap, os, sys
path = sys.argv[1]
size = 300000
with open(path, "wb") as f:
    f.write(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
fd = os.open(path, os.O_RDWR)
shared = mmap.mmap(fd, size)
assert shared[255] == 255 and shared[256] == 0
shared[1000:1005] = b"hello"
# What is stored through the map is read by read(2), and the other way round.
assert os.pread(fd, 5, 1000) == b"hello", "read after store"
os.pwrite(fd, b"world", 200000)
assert shared[200000:200005] == b"world", "load after write"
private = mmap.mmap(fd, size, flags=mmap.MAP_PRIVATE)
private[0:5] = b"never"
assert os.pread(fd, 5, 0) == bytes(range(5)), "a private map stays private"
shared[size - 1] = 33
shared.flush()
shared.close()
private.close()
os.close(fd)
`;

const unlinked = `
import mmap, os, sys
path = sys.argv[1]
fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
os.ftruncate(fd, 65536)
m = mmap.mmap(fd, 65536)
os.close(fd)
m[0:4] = b"gone"
os.unlink(path)
m[4:8] = b"here"
assert m[0:8] == b"gonehere"
m.close()
`;

export const mmap: Area = {
  name: "mmap",
  cases: [
    {
      name: "shared and private maps agree with read and write",
      needs: ["python3", "mmap-shared"],
      run(directory, t) {
        const path = join(directory, "file");
        const result = spawnSync("python3", ["-c", script, path], { encoding: "utf8" });
        t.equal(result.status, 0, result.stderr);
        const bytes = fs.readFileSync(path);
        t.equal(bytes.length, 300_000);
        t.equal(bytes.toString("latin1", 1000, 1005), "hello");
        t.equal(bytes.toString("latin1", 200_000, 200_005), "world");
        t.equal(bytes[299_999], 33);
        t.equal(bytes[0], 0);
      },
    },
    {
      name: "a map outlives the descriptor and the name",
      needs: ["python3", "mmap-shared"],
      run(directory, t) {
        const result = spawnSync("python3", ["-c", unlinked, join(directory, "file")], { encoding: "utf8" });
        t.equal(result.status, 0, result.stderr);
        t.same(fs.readdirSync(directory), []);
      },
    },
    {
      name: "a program runs from the directory",
      run(directory, t) {
        const path = join(directory, "true");
        fs.copyFileSync("/bin/true", path);
        fs.chmodSync(path, 0o755);
        t.equal(spawnSync(path).status, 0);
        fs.writeFileSync(join(directory, "script"), '#!/bin/sh\necho ran "$1"\n', { mode: 0o755 });
        t.equal(spawnSync(join(directory, "script"), ["here"], { encoding: "utf8" }).stdout, "ran here\n");
      },
    },
  ],
};
