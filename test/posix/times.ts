/** Timestamps: nanoseconds, UTIME_NOW and UTIME_OMIT, which call moves which. */
import fs from "node:fs";
import { join } from "node:path";
import { fails } from "../support/fails.js";
import { AT_SYMLINK_NOFOLLOW, futimens, UTIME_NOW, UTIME_OMIT, utimensat } from "../support/sys.js";
import type { Area } from "./case.js";

interface Times {
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

const timesOf = (path: string): Times => fs.lstatSync(path, { bigint: true });

/** The kernel's clock for files ticks with the timer interrupt: wait two ticks of the slowest configuration. */
function nextTick(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 25);
}

/** Which of the three times `action` moved, as a string such as "mc". */
function moved(path: string, action: () => void): string {
  const before = timesOf(path);
  nextTick();
  action();
  const after = timesOf(path);
  const letters = [
    after.atimeNs === before.atimeNs ? "" : "a",
    after.mtimeNs === before.mtimeNs ? "" : "m",
    after.ctimeNs === before.ctimeNs ? "" : "c",
  ];
  return letters.join("");
}

export const times: Area = {
  name: "times",
  cases: [
    {
      name: "a new file's times are now",
      run(directory, t) {
        const before = BigInt(Date.now() - 100) * 1_000_000n;
        fs.writeFileSync(join(directory, "file"), "");
        const after = BigInt(Date.now() + 100) * 1_000_000n;
        const { atimeNs, mtimeNs, ctimeNs } = timesOf(join(directory, "file"));
        for (const [name, time] of Object.entries({ atimeNs, mtimeNs, ctimeNs })) {
          t.ok(time >= before && time <= after, name);
        }
      },
    },
    {
      name: "nanoseconds are kept exactly",
      needs: ["nanoseconds"],
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "");
        for (const [sec, nsec] of [
          [1_700_000_000, 123_456_789],
          [0, 1],
          [1, 999_999_999],
          [4_000_000_000, 1],
        ] as const) {
          utimensat(path, { sec, nsec }, { sec: sec + 1, nsec });
          const stat = timesOf(path);
          t.equal(stat.atimeNs, BigInt(sec) * 1_000_000_000n + BigInt(nsec));
          t.equal(stat.mtimeNs, BigInt(sec + 1) * 1_000_000_000n + BigInt(nsec));
        }
      },
    },
    {
      name: "before 1970",
      needs: ["early-times"],
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "");
        utimensat(path, { sec: -1, nsec: 5 }, { sec: -1_000_000_000, nsec: 999_999_999 });
        // Node 20 reads seconds before 1970 as unsigned, so what counts is that both survive the same way.
        t.equal(BigInt.asIntN(64, timesOf(path).atimeNs), -1_000_000_000n + 5n);
        t.equal(BigInt.asIntN(64, timesOf(path).mtimeNs), -1_000_000_000_000_000_000n + 999_999_999n);
      },
    },
    {
      name: "UTIME_OMIT leaves one alone, UTIME_NOW takes the clock",
      needs: ["one-time", "nanoseconds"],
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "");
        const old = { sec: 1000, nsec: 7 };
        const omit = { sec: 0, nsec: UTIME_OMIT };
        const now = { sec: 0, nsec: UTIME_NOW };
        utimensat(path, old, old);
        utimensat(path, omit, { sec: 2000, nsec: 8 });
        t.equal(timesOf(path).atimeNs, 1_000_000_000_007n);
        t.equal(timesOf(path).mtimeNs, 2_000_000_000_008n);
        utimensat(path, now, omit);
        t.ok(timesOf(path).atimeNs > BigInt(Date.now() - 60_000) * 1_000_000n);
        t.equal(timesOf(path).mtimeNs, 2_000_000_000_008n);
        t.equal(
          moved(path, () => utimensat(path, omit, omit)),
          "",
          "both omitted: nothing moves",
        );
        utimensat(path, old, now);
        t.equal(timesOf(path).atimeNs, 1_000_000_000_007n);
        t.ok(timesOf(path).mtimeNs > BigInt(Date.now() - 60_000) * 1_000_000n);
      },
    },
    {
      name: "by descriptor, also of a file without a name",
      needs: ["nanoseconds"],
      run(directory, t) {
        const path = join(directory, "file");
        const fd = fs.openSync(path, "w");
        futimens(fd, { sec: 5, nsec: 6 }, { sec: 7, nsec: 8 });
        t.equal(timesOf(path).mtimeNs, 7_000_000_008n);
        fs.unlinkSync(path);
        futimens(fd, { sec: 15, nsec: 16 }, { sec: 17, nsec: 18 });
        t.equal(fs.fstatSync(fd, { bigint: true }).mtimeNs, 17_000_000_018n);
        fs.closeSync(fd);
      },
    },
    {
      name: "of a symlink itself",
      needs: ["nanoseconds"],
      run(directory, t) {
        fs.writeFileSync(join(directory, "target"), "");
        fs.symlinkSync("target", join(directory, "link"));
        const target = timesOf(join(directory, "target")).mtimeNs;
        utimensat(join(directory, "link"), { sec: 3, nsec: 4 }, { sec: 5, nsec: 6 }, AT_SYMLINK_NOFOLLOW);
        t.equal(timesOf(join(directory, "link")).mtimeNs, 5_000_000_006n);
        t.equal(timesOf(join(directory, "target")).mtimeNs, target);
      },
    },
    {
      name: "nanoseconds out of range are refused",
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "");
        fails(t, "EINVAL", () => utimensat(path, { sec: 0, nsec: 1e9 }, { sec: 0, nsec: 0 }), "a whole second");
        fails(t, "EINVAL", () => utimensat(path, { sec: 0, nsec: 0 }, { sec: 0, nsec: -1 }), "negative");
      },
    },
    {
      name: "which call moves which time of a file",
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "bytes");
        const fd = fs.openSync(path, "r+");
        t.equal(
          moved(path, () => fs.writeSync(fd, "x", 0)),
          "mc",
          "write",
        );
        t.equal(
          moved(path, () => fs.ftruncateSync(fd, 2)),
          "mc",
          "truncate",
        );
        t.equal(
          moved(path, () => fs.chmodSync(path, 0o600)),
          "c",
          "chmod",
        );
        t.equal(
          moved(path, () => fs.chownSync(path, process.geteuid?.() ?? 0, process.getegid?.() ?? 0)),
          "c",
          "chown",
        );
        t.equal(
          moved(path, () => fs.linkSync(path, join(directory, "link"))),
          "c",
          "link",
        );
        t.equal(
          moved(path, () => fs.statSync(path)),
          "",
          "stat",
        );
        t.equal(
          moved(path, () => fs.closeSync(fs.openSync(path, "r"))),
          "",
          "open",
        );
        fs.closeSync(fd);
        t.equal(
          moved(path, () => utimensat(path, { sec: 1, nsec: 1 }, { sec: 1, nsec: 1 })),
          "amc",
          "utimensat",
        );
      },
    },
    {
      name: "which call moves which time of a directory",
      run(directory, t) {
        const path = (name: string): string => join(directory, name);
        t.equal(
          moved(directory, () => fs.writeFileSync(path("file"), "")),
          "mc",
          "create",
        );
        t.equal(
          moved(directory, () => fs.writeFileSync(path("file"), "more")),
          "",
          "writing what exists",
        );
        t.equal(
          moved(directory, () => fs.mkdirSync(path("sub"))),
          "mc",
          "mkdir",
        );
        t.equal(
          moved(directory, () => fs.linkSync(path("file"), path("link"))),
          "mc",
          "link",
        );
        t.equal(
          moved(directory, () => fs.symlinkSync("x", path("symlink"))),
          "mc",
          "symlink",
        );
        t.equal(
          moved(directory, () => fs.renameSync(path("link"), path("renamed"))),
          "mc",
          "rename",
        );
        t.equal(
          moved(directory, () => fs.unlinkSync(path("renamed"))),
          "mc",
          "unlink",
        );
        t.equal(
          moved(directory, () => fs.writeFileSync(join(path("sub"), "inner"), "")),
          "",
          "below a subdirectory",
        );
        fs.unlinkSync(join(path("sub"), "inner"));
        t.equal(
          moved(directory, () => fs.rmdirSync(path("sub"))),
          "mc",
          "rmdir",
        );
      },
    },
    {
      name: "a failed call moves nothing",
      run(directory, t) {
        fs.mkdirSync(join(directory, "sub"));
        fs.writeFileSync(join(directory, "sub", "file"), "");
        const attempt =
          (action: () => void): (() => void) =>
          () => {
            t.throws(action);
          };
        t.equal(
          moved(
            directory,
            attempt(() => fs.rmdirSync(join(directory, "sub"))),
          ),
          "",
          "rmdir",
        );
        t.equal(
          moved(
            directory,
            attempt(() => fs.mkdirSync(join(directory, "sub"))),
          ),
          "",
          "mkdir",
        );
        t.equal(
          moved(
            directory,
            attempt(() => fs.unlinkSync(join(directory, "none"))),
          ),
          "",
          "unlink",
        );
      },
    },
  ],
};
