import { Worker } from "node:worker_threads";
import type { Name } from "../base/bytes.js";
import * as abi from "./abi.js";
import { putHalves, putInt64, putName } from "./encode.js";
import {
  noticeAwaited,
  noticeBell,
  noticeDelivered,
  noticeEnd,
  noticeRefused,
  noticeWords,
  noticeWritten,
  slotBytes,
  slots,
} from "./notify-ring.js";

/** How the kernel is to forget a name. */
export type EntryMode =
  /** It asks again at the next use; what is open, mounted or watched below stays. Since 7.38, before that as "drop". */
  | "expire"
  /** It forgets the name now, and unmounts what is mounted below it. */
  | "drop";

/** Whoever keeps what handlers answered, and is told when it is no longer true: the kernel, or a driver in its place. */
export interface AnswerCache {
  /**
   * Attributes of a node are stale, and its bytes from `offset` on: `length` of them, or all with 0. A negative `offset` leaves bytes alone.
   * Listings that are kept of a directory are its bytes.
   */
  invalidateInode(lo: number, hi: number, offset: number, length: number): void;

  /** What a name in directory `parent` stands for, or that there is nothing by it, is stale. */
  invalidateEntry(parentLo: number, parentHi: number, name: Name, mode: EntryMode): void;
}

const header = abi.fuse_out_header.SIZE;
/** A wait for the thread's end that no live kernel exceeds; a call that hangs all the same must not keep the daemon. Milliseconds. */
const patienceMillis = 10_000;

/**
 * Tells the kernel what changed without its doing: names, attributes, bytes it may no longer believe.
 *
 * The kernel carries a notice out inside the write(2) that brings it, and takes the lock of the directory, or waits for the page,
 * that it is about. A request that holds that lock waits for the worker; were the write the worker's own, both would wait for ever
 * (fs/fuse/dir.c fuse_reverse_inval_entry, fs/fuse/inode.c fuse_reverse_inval_inode). So a thread writes, fed through shared memory,
 * while the worker goes on answering; what does not fit there waits in memory. The worker never waits for the thread: it asks for
 * a call (`whenDelivered`), which comes out of `settle` after the thread has rung the worker's wake descriptor.
 */
export class Notifier implements AnswerCache {
  readonly #fd: number;
  readonly #wakeFd: number;
  readonly #words: Int32Array;
  readonly #ring: Buffer;
  readonly #waiting: Buffer[] = [];
  readonly #callbacks: { readonly at: number; readonly then: () => void }[] = [];
  /** Notices taken so far, put into the ring so far, and delivered as of the last look. */
  #taken = 0;
  #written = 0;
  #delivered = 0;
  #ended = false;

  #started = false;

  /**
   * The thread starts with the first notice: most mounts never send one.
   * @param fd the FUSE device; it stays the caller's, who closes it after `close`
   * @param wakeFd rung when `settle` should be called; -1 when nobody listens
   */
  constructor(fd: number, wakeFd: number) {
    this.#fd = fd;
    this.#wakeFd = wakeFd;
    this.#words = new Int32Array(new SharedArrayBuffer(noticeWords * 4));
    this.#ring = Buffer.from(new SharedArrayBuffer(slots * slotBytes));
  }

  /** Notices that the kernel has not carried out yet. */
  get pending(): number {
    this.#look();
    return this.#taken - this.#delivered;
  }

  /** Notices the kernel answered with an error other than that it knows no such node. */
  get refused(): number {
    return Atomics.load(this.#words, noticeRefused);
  }

  invalidateInode(lo: number, hi: number, offset: number, length: number): void {
    const layout = abi.fuse_notify_inval_inode_out;
    const message = begin(abi.FUSE_NOTIFY_INVAL_INODE, layout.SIZE);
    const view = viewOf(message);
    putHalves(view, header + layout.ino, lo, hi);
    putInt64(view, header + layout.off, offset);
    putInt64(view, header + layout.len, length);
    this.#take(message);
  }

  invalidateEntry(parentLo: number, parentHi: number, name: Name, mode: EntryMode): void {
    const layout = abi.fuse_notify_inval_entry_out;
    const message = begin(abi.FUSE_NOTIFY_INVAL_ENTRY, layout.SIZE + name.length + 1);
    const view = viewOf(message);
    putHalves(view, header + layout.parent, parentLo, parentHi);
    view.setUint32(header + layout.namelen, name.length, true);
    view.setUint32(header + layout.flags, mode === "expire" ? abi.FUSE_EXPIRE_ONLY : 0, true);
    putName(message, header + layout.SIZE, name);
    this.#take(message);
  }

  /** A name was removed, and the node it stood for: as `drop`, and whoever watches it is told (inotify's IN_DELETE_SELF). */
  deleted(parentLo: number, parentHi: number, childLo: number, childHi: number, name: Name): void {
    const layout = abi.fuse_notify_delete_out;
    const message = begin(abi.FUSE_NOTIFY_DELETE, layout.SIZE + name.length + 1);
    const view = viewOf(message);
    putHalves(view, header + layout.parent, parentLo, parentHi);
    putHalves(view, header + layout.child, childLo, childHi);
    view.setUint32(header + layout.namelen, name.length, true);
    putName(message, header + layout.SIZE, name);
    this.#take(message);
  }

  /** Every name of the mount is stale, and what is mounted below names that changed is unmounted. Since 7.44; older kernels refuse it. */
  forgetAllNames(): void {
    this.#take(begin(abi.FUSE_NOTIFY_INC_EPOCH, 0));
  }

  /** Calls `then` once the kernel has carried out all notices given so far: now, or out of `settle`. */
  whenDelivered(then: () => void): void {
    if (this.pending === 0) then();
    else {
      this.#callbacks.push({ at: this.#taken, then });
      this.#await();
    }
  }

  /** To be called when the wake descriptor was rung: goes on filling the ring, and makes the calls that are due. */
  settle(): void {
    this.#fill();
    this.#look();
    for (let next = this.#callbacks[0]; next !== undefined && next.at <= this.#delivered; next = this.#callbacks[0]) {
      this.#callbacks.shift();
      next.then();
    }
    if (this.#taken > this.#delivered) this.#await();
  }

  /**
   * Waits until everything is delivered, at most `timeoutMillis`; says whether it was. Never from the thread that serves: a request
   * may hold what a notice waits for.
   */
  flush(timeoutMillis: number): boolean {
    const end = performance.now() + timeoutMillis;
    for (;;) {
      this.#fill();
      const seen = Atomics.load(this.#words, noticeDelivered);
      if (this.pending === 0) return true;
      if (Atomics.wait(this.#words, noticeDelivered, seen, Math.max(0, end - performance.now())) === "timed-out") return false;
    }
  }

  /** Ends the thread, after the mount: what is not delivered is dropped, and whoever waits is called. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (!this.#started) return;
    Atomics.store(this.#words, noticeEnd, 1);
    Atomics.add(this.#words, noticeBell, 1);
    Atomics.notify(this.#words, noticeBell);
    Atomics.wait(this.#words, noticeEnd, 1, patienceMillis);
    for (const { then } of this.#callbacks.splice(0)) then();
  }

  #take(message: Buffer): void {
    if (this.#ended) return;
    if (!this.#started) this.#start();
    this.#taken += 1;
    this.#waiting.push(message);
    this.#fill();
  }

  #start(): void {
    this.#started = true;
    const worker = new Worker(new URL("../fuse/notify-thread.js", import.meta.url), {
      workerData: { fd: this.#fd, wakeFd: this.#wakeFd, words: this.#words.buffer, ring: this.#ring.buffer },
      name: "notifier",
      resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 16 },
    });
    worker.unref();
  }

  /** Puts what waits into the ring as far as there is room; the thread rings when it has made some. */
  #fill(): void {
    if (this.#waiting.length === 0) return;
    this.#look();
    let put = 0;
    while (put < this.#waiting.length && this.#written - this.#delivered < slots) {
      const message = this.#waiting[put] as Buffer;
      const at = (this.#written % slots) * slotBytes;
      this.#ring.writeUInt32LE(message.length, at);
      message.copy(this.#ring, at + 4);
      this.#written += 1;
      put += 1;
    }
    if (put > 0) {
      this.#waiting.splice(0, put);
      Atomics.store(this.#words, noticeWritten, this.#written | 0);
      Atomics.add(this.#words, noticeBell, 1);
      Atomics.notify(this.#words, noticeBell);
    }
    if (this.#waiting.length > 0) this.#await();
  }

  /** The shared count has 32 bits; what it gained since the last look is never more than the ring holds. */
  #look(): void {
    this.#delivered += (Atomics.load(this.#words, noticeDelivered) - this.#delivered) | 0;
  }

  /** Has the thread ring when the ring is empty. It may be already: then it never will, and we do. */
  #await(): void {
    if (this.#wakeFd === -1) return;
    Atomics.store(this.#words, noticeAwaited, 1);
    Atomics.add(this.#words, noticeBell, 1);
    Atomics.notify(this.#words, noticeBell);
  }
}

function begin(code: number, bytes: number): Buffer {
  const message = Buffer.alloc(header + bytes);
  message.writeUInt32LE(message.length, abi.fuse_out_header.len);
  message.writeInt32LE(code, abi.fuse_out_header.error);
  return message;
}

function viewOf(message: Buffer): DataView {
  return new DataView(message.buffer, message.byteOffset, message.length);
}
