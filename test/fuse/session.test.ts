import { readSync } from "node:fs";
import t from "tap";
import { EEXIST, EINVAL, EIO, ENOSYS, EPROTO, FsError } from "../../src/base/errno.js";
import type { Handlers } from "../../src/fuse/handlers.js";
import { Session, type SessionHooks } from "../../src/fuse/session.js";
import { close, setNonBlocking, unixSocketPair, write } from "../../src/fuse/syscalls.js";
import { openWake, ringWake } from "../../src/fuse/wake.js";
import { reply, request } from "./wire.js";

const idle: SessionHooks = { nextDeadlineMillis: () => Number.POSITIVE_INFINITY, onTick: () => undefined, onWake: () => undefined };

/** A session whose device is a socket: what it answers comes out at the other end. */
function connect(handlers: Handlers, hooks: Partial<SessionHooks> = {}, wakeFd = -1): { session: Session; kernel: number; device: number } {
  const [device, kernel] = unixSocketPair();
  setNonBlocking(device);
  setNonBlocking(kernel);
  return { session: new Session({ fd: device, wakeFd, handlers, hooks: { ...idle, ...hooks } }), kernel, device };
}

/** Serves one message, and returns all that was answered. */
function exchange(handlers: Handlers, message: Buffer): Buffer {
  const { session, kernel, device } = connect(handlers);
  session.request.buffer.set(message);
  session.serve(message.length);
  const answer = Buffer.alloc(4096);
  try {
    return answer.subarray(0, readSync(kernel, answer));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    return Buffer.alloc(0);
  } finally {
    close(device);
    close(kernel);
  }
}

const unlink = request(10, 1n, ["name\0", "name"]);
const nothing = Buffer.alloc(0);

t.test("each request gets one reply, whatever its handler does", async (t) => {
  const cases: [string, Handlers, Buffer][] = [
    ["it answers", { unlink: (_header, _message, answer) => answer.ok() }, reply(0)],
    ["it answers an errno", { unlink: (_header, _message, answer) => answer.error(EEXIST) }, reply(-EEXIST)],
    ["there is none", {}, reply(-ENOSYS)],
    [
      "it throws FsError",
      {
        unlink() {
          throw new FsError(EEXIST, "what");
        },
      },
      reply(-EEXIST),
    ],
    [
      "it throws anything else",
      {
        unlink() {
          throw new TypeError("a planted mistake");
        },
      },
      reply(-EIO),
    ],
    [
      "it throws no error at all",
      {
        unlink() {
          throw null;
        },
      },
      reply(-EIO),
    ],
    ["it answers nothing", { unlink() {} }, reply(-EIO)],
    [
      "it answers twice",
      {
        unlink(_header, _message, answer) {
          answer.ok();
          answer.ok();
        },
      },
      reply(-EIO),
    ],
    [
      "it throws after answering",
      {
        unlink(_header, _message, answer) {
          answer.ok();
          throw new FsError(EEXIST, "what");
        },
      },
      reply(-EEXIST),
    ],
  ];
  for (const [what, handlers, expected] of cases) t.strictSame(exchange(handlers, unlink), expected, what);
});

t.test("a handler keeps its object", async (t) => {
  class FileSystem {
    readonly #errno = EEXIST;
    unlink(): void {
      throw new FsError(this.#errno, "what");
    }
  }
  t.strictSame(exchange(new FileSystem(), unlink), reply(-EEXIST));
});

t.test("what is no refusal is told to the owner", async (t) => {
  const mistake = new TypeError("a planted mistake");
  const refusal = new FsError(EEXIST, "what");
  for (const [thrown, told] of [
    [mistake, [mistake]],
    [refusal, []],
  ] as const) {
    const faults: unknown[] = [];
    const handlers: Handlers = {
      unlink() {
        throw thrown;
      },
    };
    const { session, kernel, device } = connect(handlers, { onFault: (error) => faults.push(error) });
    session.request.buffer.set(unlink);
    session.serve(unlink.length);
    t.strictSame(faults, told);
    close(device);
    close(kernel);
  }
});

t.test("malformed messages are answered, and reach no handler", async (t) => {
  const handlers: Handlers = {
    unlink() {
      t.fail("a handler was called");
    },
    getattr() {
      t.fail("a handler was called");
    },
  };
  const wrongLength = Buffer.from(unlink);
  wrongLength.writeUInt32LE(1000, 0);
  t.strictSame(exchange(handlers, wrongLength), reply(-EIO));
  t.strictSame(exchange(handlers, request(10, 1n, ["a/b\0", "name"])), reply(-EINVAL));
  t.strictSame(exchange(handlers, request(3, 1n, [4, 0, "half a getattr"])), reply(-EINVAL));
  t.strictSame(exchange(handlers, request(999, 1n)), reply(-ENOSYS), "an opcode of the future");
  t.strictSame(exchange(handlers, request(436207616, 1n)), reply(-ENOSYS), "an opcode of the other byte order");
  t.strictSame(exchange(handlers, unlink.subarray(0, 20)), nothing, "there is no number to answer to");
});

t.test("what takes no reply gets none", async (t) => {
  const forgotten: [number, number, number][] = [];
  const handlers: Handlers = {
    forget(_header, message) {
      forgotten.push([message.nodeidLo, message.nodeidHi, message.nlookup]);
      if (message.nlookup === 2) throw new TypeError("a planted mistake");
    },
  };
  t.strictSame(exchange(handlers, request(2, (3n << 32n) | 4n, [8, 1, "nlookup"])), nothing);
  const two = request(
    42,
    0n,
    [4, 2, "count"],
    [4, 0, "dummy"],
    [8, 5, "nodeid"],
    [8, 6, "nlookup"],
    [8, 7n << 32n, "nodeid"],
    [8, 8, "nlookup"],
  );
  t.strictSame(exchange(handlers, two), nothing);
  t.strictSame(exchange(handlers, request(2, 4n, [8, 2, "nlookup"])), nothing, "not even when the handler fails");
  t.strictSame(exchange(handlers, request(2, 4n)), nothing, "nor when it is malformed");
  t.strictSame(exchange({}, request(2, 4n, [8, 1, "nlookup"])), nothing, "nor when nobody counts");
  t.strictSame(exchange(handlers, request(36, 0n, [8, 5, "unique"])), nothing, "INTERRUPT");
  t.strictSame(exchange(handlers, request(41, 0n, [8, 5, "anything"])), nothing, "NOTIFY_REPLY");
  t.strictSame(forgotten, [
    [4, 3, 1],
    [5, 0, 6],
    [0, 7, 8],
    [4, 0, 2],
  ]);
});

t.test("both halves of RENAME and COPY_FILE_RANGE reach one handler", async (t) => {
  const flags: number[] = [];
  const handlers: Handlers = {
    rename(_header, message, answer) {
      flags.push(message.flags);
      answer.ok();
    },
    copyFileRange(_header, message, answer) {
      answer.copied(message.length);
    },
  };
  t.strictSame(exchange(handlers, request(12, 1n, [8, 1, "newdir"], ["a\0b\0", "names"])), reply(0));
  t.strictSame(exchange(handlers, request(45, 1n, [8, 1, "newdir"], [4, 1, "flags"], [4, 0, "padding"], ["a\0b\0", "names"])), reply(0));
  t.strictSame(flags, [0, 1]);
  const range = "\0".repeat(40);
  for (const opcode of [47, 53]) {
    t.strictSame(
      exchange(handlers, request(opcode, 1n, [range, "handles, offsets"], [8, 9, "len"], [8, 0, "flags"])),
      reply(0, [8, 9, "copied"]),
    );
  }
});

t.test("a kernel too old ends the session", async (t) => {
  const { session, kernel, device } = connect({});
  const offer = request(26, 0n, [4, 7, "major"], [4, 27, "minor"], [4, 0, "max_readahead"], [4, 0, "flags"]);
  write(kernel, offer, offer.length);
  t.throws(() => session.run(), /speaks FUSE 7\.27; 7\.31 is needed/);
  const answer = Buffer.alloc(100);
  t.strictSame(answer.subarray(0, readSync(kernel, answer)), reply(-EPROTO));
  close(kernel);
  close(device);
});

t.test("the loop calls its owner between requests", async (t) => {
  const wakeFd = openWake();
  const calls: string[] = [];
  const { session, kernel, device } = connect(
    {
      unlink(_header, _message, answer) {
        calls.push("unlink");
        answer.ok();
      },
    },
    {
      nextDeadlineMillis: () => (calls.length === 1 ? 0 : Number.POSITIVE_INFINITY),
      onTick() {
        calls.push("tick");
        ringWake(wakeFd);
        ringWake(wakeFd);
      },
      onWake() {
        calls.push("wake");
        session.stop();
      },
    },
    wakeFd,
  );
  write(kernel, unlink, unlink.length);
  t.equal(session.run(), "stopped");
  t.strictSame(calls, ["unlink", "tick", "wake"], "two rings are heard once");
  close(kernel);
  close(device);
  close(wakeFd);
});

t.test("an owner is heard under load", async (t) => {
  const wakeFd = openWake();
  let served = 0;
  const { session, kernel, device } = connect(
    {
      unlink(_header, _message, answer) {
        // There is always one more request waiting.
        write(kernel, unlink, unlink.length);
        if (++served === 1) ringWake(wakeFd);
        answer.ok();
      },
    },
    { onWake: () => session.stop() },
    wakeFd,
  );
  write(kernel, unlink, unlink.length);
  t.equal(session.run(), "stopped");
  t.ok(served <= 16, `after ${served} requests`);
  close(kernel);
  close(device);
  close(wakeFd);
});

t.test("a sleep ends at the deadline", async (t) => {
  let ticks = 0;
  let due = performance.now() + 20;
  const { session, kernel, device } = connect(
    {},
    {
      nextDeadlineMillis: () => due - performance.now(),
      onTick() {
        if (++ticks === 3) session.stop();
        due = performance.now() + 20;
      },
    },
  );
  const start = performance.now();
  t.equal(session.run(), "stopped");
  const took = performance.now() - start;
  t.equal(ticks, 3);
  t.ok(took >= 59 && took < 1000, `three times 20 ms took ${took.toFixed(1)}`);
  close(kernel);
  close(device);
});

t.test("the end of the device ends the loop", async (t) => {
  const { session, kernel, device } = connect({});
  close(kernel);
  t.equal(session.run(), "unmounted");
  close(device);
});
