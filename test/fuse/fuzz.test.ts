/**
 * Random and half-random messages through the whole session: whatever comes, the loop goes on and each request gets exactly one
 * well-formed reply, or none where none is due. STONE_TEST_STEPS and STONE_TEST_SEED choose how many and which.
 */
import t from "tap";
import { ENOENT, FsError } from "../../src/base/errno.js";
import type { Handler, Handlers } from "../../src/fuse/handlers.js";
import { opcodeRows } from "../../src/fuse/opcodes.js";
import { Session } from "../../src/fuse/session.js";
import { close, read, setNonBlocking, unixSocketPair } from "../../src/fuse/syscalls.js";
import { Random, seedOf, stepsOf } from "../support/random.js";

const count = stepsOf(1_000_000);
const seed = seedOf(t);

const random = new Random(seed);
const [device, kernel] = unixSocketPair();
setNonBlocking(device);
setNonBlocking(kernel);

const maySlash = new Set(["getxattr", "setxattr", "removexattr"]);
let handled = 0;
let broken = "";

/** What a message's fields may be, whatever the bytes were. */
function check(handler: string, field: string, value: unknown): void {
  if (typeof value === "number") {
    const safe = Number.isSafeInteger(value) && (value >= 0 || (field.startsWith("fh") && value === -1) || field.endsWith("Sec"));
    if (!safe && !field.endsWith("Sec")) broken = `${handler}: ${field} is ${value}`;
  } else if (typeof value === "string") {
    if (value.includes("\0") || value.length > (field === "target" ? 4095 : 255))
      broken = `${handler}: ${field} is ${JSON.stringify(value)}`;
    if (field !== "target" && !maySlash.has(handler) && /^(\.\.?|.*\/.*)$/s.test(value))
      broken = `${handler}: ${field} is ${JSON.stringify(value)}`;
    if (value === "" && handler !== "tmpfile") broken = `${handler}: ${field} is empty`;
  } else if (Buffer.isBuffer(value)) {
    if (value.length > session.request.end) broken = `${handler}: ${field} has ${value.length} bytes`;
  }
}

function handlerOf(name: string): Handler<object> {
  return (_header, message, reply) => {
    handled++;
    // SETATTR's fields count only where `valid` says so; the others may be anything.
    if (name !== "setattr") for (const [field, value] of Object.entries(message)) check(name, field, value);
    // Answering what takes no answer is logged each time: once in a while is enough.
    if (name === "forget" && random.below(1000) > 0) return;
    const choice = random.below(10_000);
    if (choice < 5000) reply.ok();
    else if (choice < 7000) throw new FsError(ENOENT, "chosen");
    else if (choice < 7001) throw new TypeError("chosen by the fuzzer");
    else if (choice < 7002) return;
    else if (choice < 8000) reply.error(random.uint32() | 0);
    else reply.bytes(Buffer.alloc(100), random.below(100));
  };
}

const handlers: Record<string, Handler<object>> = {};
for (const row of opcodeRows) if (row.service.by === "handler") handlers[row.service.handler] = handlerOf(row.service.handler);

const session = new Session({
  fd: device,
  wakeFd: -1,
  handlers: handlers as Handlers,
  hooks: { nextDeadlineMillis: () => Number.POSITIVE_INFINITY, onTick: () => undefined, onWake: () => undefined },
});

const interesting: readonly [number, ...number[]] = [
  0, 1, 2, 8, 0x2f, 0x2e, 255, 256, 4096, 0x1fffff, 0x200000, 0x7fffffff, 0x80000000, 0xffffffff,
];

/** Fills `length` bytes of body: numbers of interest, text with NULs and slashes, or noise. */
function fillBody(buffer: Buffer, length: number): void {
  const kind = random.below(4);
  for (let at = 40; at < 40 + length; at++) {
    if (kind === 0 && at + 4 <= 40 + length && at % 4 === 0) {
      buffer.writeUInt32LE(random.pick(interesting), at);
      at += 3;
    } else if (kind === 1) buffer[at] = random.pick([0, 0x61, 0x62, 0x2e, 0x2f, 0xff]);
    // Small numbers, then a name and its NUL: what most requests look like.
    else if (kind === 2) buffer[at] = at < 40 + length - 12 ? (at % 8 === 0 ? random.below(64) : 0) : at % 6 === 0 ? 0 : 0x61;
    else buffer[at] = random.below(256);
  }
}

/** Puts a message into the request buffer and returns its length. */
function makeMessage(): number {
  const { buffer } = session.request;
  const row = random.pick(opcodeRows);
  const choice = random.below(100);
  const body =
    choice < 60
      ? row.requestSize + random.below(40)
      : choice < 90
        ? random.below(200)
        : choice < 99
          ? random.below(600)
          : random.below(9000);
  const length = random.below(1000) === 0 ? random.below(40) : 40 + body;
  const opcode = random.below(50) === 0 ? random.uint32() : row.opcode;
  buffer.writeUInt32LE(random.below(100) === 0 ? random.uint32() : length, 0);
  buffer.writeUInt32LE(opcode, 4);
  for (let at = 8; at < 36; at += 4) buffer.writeUInt32LE(random.uint32(), at);
  buffer.writeUInt32LE(random.below(20) === 0 ? random.below(8) : 0, 36);
  fillBody(buffer, body);
  return length;
}

const answer = Buffer.alloc(1 << 16);
const silent = new Set([2, 36, 41, 42]);

/** What is wrong with the answer to the message just served; "" if nothing is. */
function verdict(length: number, sent: Buffer): string {
  const received = read(kernel, answer, answer.length);
  if (length < 40 || silent.has(sent.readUInt32LE(4))) return received === -1 ? "" : `an answer of ${received} bytes to what takes none`;
  if (received === -1) return "no answer";
  if (answer.readUInt32LE(0) !== received) return `two answers, or a wrong length: ${answer.readUInt32LE(0)} of ${received}`;
  const error = answer.readInt32LE(4);
  if (error > 0 || error <= -512 || (error !== 0 && received !== 16)) return `errno ${error} in ${received} bytes`;
  return answer.subarray(8, 16).equals(sent.subarray(8, 16)) ? "" : "the answer to another request";
}

t.test(`seed ${seed}, ${count} messages`, async (t) => {
  let problem = "";
  let index = 0;
  const sent = Buffer.alloc(40);
  for (; index < count && problem === ""; index++) {
    const length = makeMessage();
    session.request.buffer.copy(sent, 0, 0, 40);
    session.serve(length);
    problem = verdict(length, sent) || broken;
  }
  t.equal(problem, "", `message ${index} of seed ${seed}`);
  t.ok(handled > count / 10, `${handled} of them were well-formed`);
  close(device);
  close(kernel);
});
