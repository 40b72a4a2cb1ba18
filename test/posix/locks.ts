/** flock(2), byte ranges of fcntl(2), owned by a process or by an open file description: among two processes. */
import fs from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Test } from "tap";
import { type Answer, Locker, withLockers } from "../support/locker.js";
import type { Area, Case, Need } from "./case.js";

/** Whether the kernel has put this process to sleep in a lock: /proc names the function it waits in, or at least the state. */
async function blocked(locker: Locker): Promise<void> {
  for (;;) {
    if (/^\S+ \(.*\) S/.test(fs.readFileSync(`/proc/${locker.pid}/stat`, "utf8"))) {
      const call = fs.readFileSync(`/proc/${locker.pid}/syscall`, "utf8").split(" ")[0];
      // fcntl is 72 and flock 73 on x86-64, 25 and 32 on others.
      if (["72", "73", "25", "32"].includes(call ?? "")) return;
    }
    await pause(2);
  }
}

type Run = (path: string, t: Test, one: Locker, two: Locker) => Promise<void>;

function locking(name: string, run: Run, ...needs: Need[]): Case {
  return {
    name,
    needs: ["python3", ...needs],
    run: (directory, t) => withLockers((one, two) => run(join(directory, "file"), t, one, two)),
  };
}

/** `one` waits for what another holds: it must sleep, be woken by a signal, sleep again and get the lock when that is released. */
async function waits(t: Test, one: Locker, ask: () => Promise<Answer>, release: () => Promise<Answer>): Promise<void> {
  const first = ask();
  await blocked(one);
  one.interrupt();
  t.equal(await first, "EINTR", "a signal ends the waiting");
  const second = ask();
  await blocked(one);
  t.equal(await release(), "ok");
  t.equal(await second, "ok", "granted when released");
}

export const locks: Area = {
  name: "locks",
  cases: [
    locking("flock: one writer or several readers", async (path, t, one, two) => {
      const [a, b] = [await one.open(path), await two.open(path)];
      t.equal(await one.call("flock", a, "write"), "ok");
      t.equal(await two.call("flock", b, "write"), "EAGAIN");
      t.equal(await two.call("flock", b, "read"), "EAGAIN");
      t.equal(await one.call("flock", a, "read"), "ok", "down to shared");
      t.equal(await two.call("flock", b, "read"), "ok");
      t.equal(await one.call("flock", a, "write"), "EAGAIN", "up again while another reads");
      t.equal(await two.call("flock", b, "none"), "ok");
      t.equal(await one.call("flock", a, "write"), "ok");
    }),
    locking("flock belongs to the open file description", async (path, t, one, two) => {
      const [a, again, b] = [await one.open(path), await one.open(path), await two.open(path)];
      const copy = (await one.call("dup", a)) as number;
      t.equal(await one.call("flock", a, "write"), "ok");
      t.equal(await one.call("flock", again, "write"), "EAGAIN", "another open of the same process");
      t.equal(await one.call("close", a), "ok");
      t.equal(await two.call("flock", b, "write"), "EAGAIN", "the copy still holds it");
      t.equal(await one.call("close", copy), "ok");
      t.equal(await two.call("flock", b, "write"), "ok", "closed, released");
    }),
    locking(
      "a lock is the file's, whatever its name",
      async (path, t, one, two) => {
        const a = await one.open(path);
        t.equal(await one.call("flock", a, "write"), "ok");
        t.equal(await one.call("posix", a, "write", 0, 10), "ok");
        fs.linkSync(path, `${path}.second`);
        fs.renameSync(path, `${path}.first`);
        for (const name of ["first", "second"]) {
          const b = await two.open(`${path}.${name}`);
          t.equal(await two.call("flock", b, "write"), "EAGAIN", name);
          t.equal(await two.call("posix", b, "read", 5, 1), "EAGAIN", name);
        }
        const b = await two.open(`${path}.second`);
        fs.unlinkSync(`${path}.first`);
        fs.unlinkSync(`${path}.second`);
        t.equal(await two.call("flock", b, "write"), "EAGAIN", "without a name");
      },
      "one-inode",
    ),
    locking("waiting for flock ends by a signal or by the lock", async (path, t, one, two) => {
      const [a, b] = [await one.open(path), await two.open(path)];
      t.equal(await two.call("flock", b, "write"), "ok");
      await waits(
        t,
        one,
        () => one.call("flock-wait", a, "read"),
        () => two.call("flock", b, "none"),
      );
    }),
    locking("byte ranges: what overlaps excludes, what adjoins does not", async (path, t, one, two) => {
      const [a, b] = [await one.open(path), await two.open(path)];
      t.equal(await one.call("posix", a, "write", 100, 100), "ok", "beyond the end of the file");
      for (const [start, length] of [
        [0, 101],
        [199, 1],
        [150, 0],
        [0, 0],
      ]) {
        t.equal(await two.call("posix", b, "read", start as number, length as number), "EAGAIN", `${start}, ${length}`);
      }
      t.equal(await two.call("posix", b, "write", 0, 100), "ok", "before");
      t.equal(await two.call("posix", b, "write", 200, 0), "ok", "behind, to the end of all files");
      t.same(await two.call("posix-who", b, "write", 0, 0), ["write", 100, 100, one.pid], "who holds it");
      t.same(await one.call("posix-who", a, "read", 2 ** 52, 1), ["write", 200, 0, two.pid]);
      t.equal(await one.call("posix", a, "none", 140, 20), "ok", "a hole in the middle");
      t.equal(await two.call("posix", b, "write", 140, 20), "ok");
      t.equal(await two.call("posix", b, "write", 139, 1), "EAGAIN");
      t.equal(await one.call("posix", a, "read", 100, 40), "ok", "down to shared");
      t.equal(await two.call("posix", b, "read", 100, 40), "ok");
      t.equal(await one.call("posix", a, "write", 100, 40), "EAGAIN");
    }),
    locking("a process drops its byte ranges by closing any descriptor of the file", async (path, t, one, two) => {
      const [a, again, b] = [await one.open(path), await one.open(path), await two.open(path)];
      t.equal(await one.call("posix", a, "write", 0, 0), "ok");
      t.equal(await one.call("posix", again, "write", 0, 5), "ok", "it does not exclude itself");
      t.equal(await one.call("child-tries", a), "EAGAIN", "a child does not inherit them");
      t.equal(await two.call("posix", b, "write", 0, 1), "EAGAIN");
      t.equal(await one.call("close", again), "ok");
      t.equal(await two.call("posix", b, "write", 0, 0), "ok");
    }),
    locking("waiting for a byte range ends by a signal or by the lock", async (path, t, one, two) => {
      const [a, b] = [await one.open(path), await two.open(path)];
      t.equal(await two.call("posix", b, "write", 0, 10), "ok");
      await waits(
        t,
        one,
        () => one.call("posix-wait", a, "write", 5, 10),
        () => two.call("posix", b, "none", 0, 10),
      );
    }),
    locking("two that wait for each other: EDEADLK", async (path, t, one, two) => {
      const [a, b] = [await one.open(path), await two.open(path)];
      t.equal(await one.call("posix", a, "write", 0, 1), "ok");
      t.equal(await two.call("posix", b, "write", 1, 1), "ok");
      const waiting = one.call("posix-wait", a, "write", 1, 1);
      await blocked(one);
      t.equal(await two.call("posix-wait", b, "write", 0, 1), "EDEADLK");
      t.equal(await two.call("posix", b, "none", 1, 1), "ok");
      t.equal(await waiting, "ok");
    }),
    locking("locks of open file descriptions exclude within a process too", async (path, t, one, two) => {
      const [a, again, b] = [await one.open(path), await one.open(path), await two.open(path)];
      t.equal(await one.call("ofd", a, "write", 0, 100), "ok");
      t.equal(await one.call("ofd", again, "write", 50, 1), "EAGAIN");
      t.equal(await one.call("posix", again, "read", 50, 1), "EAGAIN", "and byte ranges of the process");
      t.same(await two.call("ofd-who", b, "read", 0, 0), ["write", 0, 100, -1], "no process holds it");
      t.equal(await one.call("close", again), "ok");
      t.equal(await two.call("ofd", b, "read", 0, 1), "EAGAIN", "closing another descriptor releases nothing");
      const copy = (await one.call("dup", a)) as number;
      t.equal(await one.call("close", a), "ok");
      t.equal(await two.call("ofd", b, "read", 0, 1), "EAGAIN", "a copy holds it");
      t.equal(await one.call("close", copy), "ok");
      t.equal(await two.call("ofd", b, "read", 0, 1), "ok");
    }),
    locking("waiting for the lock of an open file description ends by a signal or by the lock", async (path, t, one, two) => {
      const [a, b] = [await one.open(path), await two.open(path)];
      t.equal(await two.call("ofd", b, "read", 0, 10), "ok");
      await waits(
        t,
        one,
        () => one.call("ofd-wait", a, "write", 9, 1),
        () => two.call("ofd", b, "none", 0, 0),
      );
    }),
    locking("a lock wants a descriptor that could do what it guards, and a range that is one", async (path, t, one) => {
      await one.open(path);
      const reading = (await one.call("open-read", path)) as number;
      t.equal(await one.call("posix", reading, "write", 0, 1), "EBADF");
      t.equal(await one.call("posix", reading, "read", 0, 1), "ok");
      t.equal(await one.call("flock", reading, "write"), "ok", "flock does not care");
      t.equal(await one.call("posix", reading, "read", -1, 1), "EINVAL");
      t.equal(await one.call("posix", reading, "read", 0, -1), "EINVAL");
      t.equal(await one.call("posix", reading, "read", 10, -10), "ok", "a negative length reaches back");
    }),
    locking("who is killed holds nothing", async (path, t, one, two) => {
      const [a, b] = [await one.open(path), await two.open(path)];
      t.equal(await one.call("flock", a, "write"), "ok");
      t.equal(await one.call("posix", a, "write", 0, 10), "ok");
      t.equal(await one.call("ofd", a, "write", 20, 10), "ok");
      const waiting = two.call("flock-wait", b, "write");
      await blocked(two);
      await one.end("SIGKILL");
      t.equal(await waiting, "ok");
      t.equal(await two.call("posix", b, "write", 0, 0), "ok");
      t.equal(await two.call("posix", b, "none", 0, 0), "ok");
      t.equal(await two.call("ofd", b, "write", 0, 0), "ok");
    }),
    {
      name: "a counter that several processes add to under each kind of lock loses nothing",
      needs: ["python3"],
      async run(directory, t) {
        for (const kind of ["flock", "posix", "ofd"]) {
          const path = join(directory, kind);
          fs.writeFileSync(path, "0".padStart(20));
          const lockers = Array.from({ length: 4 }, () => new Locker());
          try {
            t.same(await Promise.all(lockers.map((locker) => locker.call("add", path, kind, 100))), ["ok", "ok", "ok", "ok"]);
          } finally {
            for (const locker of lockers) await locker.end();
          }
          t.equal(Number(fs.readFileSync(path, "utf8")), 400, kind);
        }
      },
    },
  ],
};
