import { workerData } from "node:worker_threads";
import { EINTR, ENODEV, ENOENT, ENOTCONN, errnoName } from "../base/errno.js";
import { logLine } from "../base/log.js";
import { noticeAwaited, noticeBell, noticeDelivered, noticeEnd, noticeRefused, noticeWritten, slotBytes, slots } from "./notify-ring.js";
import { errno, write } from "./syscalls.js";
import { ringWake } from "./wake.js";

/** The thread behind a Notifier: it sleeps in shared memory, and each write may wait for requests that the worker answers meanwhile. */
const shared = workerData as { fd: number; wakeFd: number; words: SharedArrayBuffer; ring: SharedArrayBuffer };
const { fd, wakeFd } = shared;
const words = new Int32Array(shared.words);
const ring = Buffer.from(shared.ring);
const message = Buffer.alloc(slotBytes);

/** Delivers one notice. The first refusal is logged: a kernel that does not know a notice refuses every one. */
function deliver(at: number): void {
  const length = ring.readUInt32LE(at);
  ring.copy(message, 0, at + 4, at + 4 + length);
  let error = 0;
  do error = write(fd, message, length) === length ? 0 : errno();
  while (error === EINTR);
  // ENOENT: the kernel knows no such node or name, which is as good. ENODEV, ENOTCONN: the mount has gone.
  if (error === 0 || error === ENOENT || error === ENODEV || error === ENOTCONN) return;
  if (Atomics.add(words, noticeRefused, 1) === 0) {
    logLine("warning", `the kernel refused notice ${message.readInt32LE(4)}: ${errnoName(error)}`);
  }
}

let done = 0;
while (Atomics.load(words, noticeEnd) === 0) {
  const bell = Atomics.load(words, noticeBell);
  if (done !== Atomics.load(words, noticeWritten)) {
    deliver(((done >>> 0) % slots) * slotBytes);
    done = (done + 1) | 0;
    Atomics.store(words, noticeDelivered, done);
    Atomics.notify(words, noticeDelivered);
    continue;
  }
  if (Atomics.exchange(words, noticeAwaited, 0) === 1 && wakeFd !== -1) ringWake(wakeFd);
  Atomics.wait(words, noticeBell, bell);
}
Atomics.store(words, noticeEnd, 2);
Atomics.notify(words, noticeEnd);
