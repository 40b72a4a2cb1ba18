import { EAGAIN, EINTR, EINVAL, EIO, ENODEV, ENOENT, ENOSYS, EPROTO, errnoName, FsError } from "../base/errno.js";
import { logLine } from "../base/log.js";
import { fuse_in_header, fuse_opcode, fuse_out_header } from "./abi.js";
import { burstRequests, CpuLatency, lingerMillis } from "./cpu-latency.js";
import { answerEmpty, decodeForgetItem } from "./decode.js";
import type { Handler, Handlers } from "./handlers.js";
import type { Housekeeping } from "./housekeeping.js";
import { defaultInitOptions, type InitOptions, type Negotiated, negotiate, putInit, putMajor } from "./init.js";
import { type BatchForgetMessage, ForgetMessage, type InitMessage } from "./messages.js";
import { type OpcodeRow, opcodeRows, rowOf } from "./opcodes.js";
import { Request } from "./request.js";
import { RequestCounts } from "./request-counts.js";
import { errno, read, schedYield, write } from "./syscalls.js";
import { openTrace } from "./trace.js";
import { SpinBudget, Waiter } from "./waiting.js";
import { heardWake } from "./wake.js";
import { WireReply } from "./wire-reply.js";

/** What the session asks and tells its owner between requests. All are called from `run`. */
export interface SessionHooks
  extends Pick<Housekeeping, "nextDeadlineMillis" | "onTick">,
    Partial<Pick<Housekeeping, "afterRequest" | "onIdle" | "onFault">> {
  /** The wake descriptor was rung. */
  onWake(): void;
  /** INIT is agreed and answered: what the kernel takes from the answer, it has. The first request follows. */
  onInit?(negotiated: Negotiated): void;
}

export interface SessionOptions {
  /** The open FUSE device, non-blocking. The session does not close it. */
  readonly fd: number;
  /** A descriptor from openWake, or -1. */
  readonly wakeFd: number;
  readonly handlers: Handlers;
  readonly hooks: SessionHooks;
  readonly init?: InitOptions;
  /** The longest spin before a sleep, in microseconds; 0 never spins. 50 unless given. */
  readonly spinMicros?: number;
  /** Whether idle processors are kept awake during bursts of requests; by the machine unless given. */
  readonly fastWake?: boolean | undefined;
  /** Counts the requests. */
  readonly counts?: RequestCounts;
}

/** Why `run` returned: the file system was unmounted (or its connection aborted), or `stop` was called. */
export type SessionEnd = "unmounted" | "stopped";

/** The kernel and this driver cannot work together, or the device failed. */
export class SessionError extends Error {
  override readonly name = "SessionError";
}

const defaultSpinMicros = 50;
/** Requests served at most before the wake descriptor and the deadline are looked at: 20 calls of 0.4 µs each a ms. */
const housekeepingInterval = burstRequests;

type Dispatch = Handler<object> | undefined;

/**
 * The driver's loop: read a request, hand it to its handler, send the answer. It runs in a worker that never returns to its
 * event loop while `run` lasts; a process that wants to end rings the wake descriptor first, for its worker sleeps in poll(2)
 * and nothing else of Node's reaches it there.
 * INVARIANT: each request that takes a reply gets exactly one, whatever its handler does.
 */
export class Session {
  readonly #fd: number;
  readonly #wakeFd: number;
  readonly #hooks: SessionHooks;
  readonly #initOptions: InitOptions;
  /** The request being served, and its answer. Public for who feeds messages by hand, to `serve`. */
  readonly request = new Request();
  readonly reply = new WireReply();
  readonly #trace = openTrace();
  readonly #counts: RequestCounts;
  readonly #spin: SpinBudget;
  readonly #waiter: Waiter;
  readonly #latency: CpuLatency;
  /** Handlers by opcode, those of the driver itself included; undefined answers ENOSYS. */
  readonly #dense: Dispatch[] = [];
  #stopped = false;
  #failure: SessionError | undefined;
  /** What INIT's answer agrees to, until it is sent. */
  #agreed: Negotiated | undefined;

  constructor(options: SessionOptions) {
    this.#fd = options.fd;
    this.#wakeFd = options.wakeFd;
    this.#hooks = options.hooks;
    this.#initOptions = options.init ?? defaultInitOptions;
    this.#counts = options.counts ?? new RequestCounts();
    this.#spin = new SpinBudget(options.spinMicros ?? defaultSpinMicros);
    this.#waiter = new Waiter(options.fd, options.wakeFd);
    this.#latency = new CpuLatency(options.fastWake);
    for (let opcode = 0; opcode <= fuse_opcode.FUSE_COPY_FILE_RANGE_64; opcode++) this.#dense.push(undefined);
    for (const row of opcodeRows) {
      if (row.opcode < this.#dense.length) this.#dense[row.opcode] = this.#dispatchOf(row, options.handlers);
    }
  }

  #dispatchOf(row: OpcodeRow, handlers: Handlers): Dispatch {
    if (row.service.by === "nobody") return undefined;
    if (row.service.by === "handler") return handlers[row.service.handler]?.bind(handlers) as Dispatch;
    switch (row.opcode) {
      case fuse_opcode.FUSE_INIT:
        return (_header, message) => this.#init(message as InitMessage);
      case fuse_opcode.FUSE_BATCH_FORGET:
        return this.#batchForget(handlers);
      default:
        // INTERRUPT: the request it means was answered before this one was read.
        return () => undefined;
    }
  }

  #batchForget(handlers: Handlers): Dispatch {
    const item = new ForgetMessage();
    return (header, message, reply) => {
      const { count } = message as BatchForgetMessage;
      for (let index = 0; index < count; index++) {
        decodeForgetItem(this.request, item, index);
        try {
          handlers.forget?.(header, item, reply);
        } catch (error) {
          // The other items' references are gone all the same.
          this.#errnoOf("BATCH_FORGET", error);
        }
      }
    };
  }

  /** Makes `run` return after the request under way. To be called from a hook or a handler. */
  stop(): void {
    this.#stopped = true;
  }

  /**
   * Serves requests until the file system is unmounted or `stop` is called. Throws SessionError when the kernel is too old or
   * the device fails in a way that retrying does not cure.
   */
  run(): SessionEnd {
    try {
      return this.#serveAll();
    } finally {
      this.#latency.close();
    }
  }

  #serveAll(): SessionEnd {
    let served = 0;
    while (!this.#stopped) {
      const length = this.#receive();
      if (length > 0) {
        this.serve(length);
        this.#hooks.afterRequest?.();
        if (++served >= housekeepingInterval) {
          served = 0;
          this.#latency.served(performance.now());
          this.#housekeep();
        }
      } else if (length < 0) {
        return "unmounted";
      }
      if (this.#failure !== undefined) throw this.#failure;
    }
    return "stopped";
  }

  /** One read: the bytes of a request, 0 when there is none to be had now, -1 at the end. */
  #read(): number {
    const { buffer } = this.request;
    const received = read(this.#fd, buffer, buffer.length);
    if (received > 0) return received;
    // The device never does this; a socket in its place does when its peer has closed.
    if (received === 0) return -1;
    const error = errno();
    // ENOENT: the request's caller was killed before it was handed over.
    if (error === EAGAIN || error === EINTR || error === ENOENT) return 0;
    if (error === ENODEV) return -1;
    throw new SessionError(`reading the FUSE device failed: ${errnoName(error)}`);
  }

  /**
   * The next request's bytes: at once, after a spin, or after a sleep, whose end may also bring nothing (0). -1 at the end.
   * The spin gives way to whoever waits for this CPU, the client first of all.
   */
  #receive(): number {
    let length = this.#read();
    if (length !== 0) return length;
    const start = performance.now();
    const spinMillis = this.#spin.micros / 1000;
    for (;;) {
      if (this.#hooks.onIdle?.() !== true) {
        if (performance.now() - start >= spinMillis) break;
        schedYield();
      }
      length = this.#read();
      if (length !== 0) return length;
    }
    this.#housekeep();
    if (this.#stopped) return 0;
    const deadline = this.#hooks.nextDeadlineMillis();
    this.#waiter.sleep(this.#latency.held ? Math.min(deadline, lingerMillis) : deadline);
    length = this.#read();
    const waited = performance.now() - start;
    if (length > 0) this.#spin.waited(waited * 1000);
    else if (length === 0) {
      if (waited >= lingerMillis) this.#latency.release();
      this.#housekeep();
    }
    return length;
  }

  #housekeep(): void {
    if (this.#wakeFd !== -1 && heardWake(this.#wakeFd)) this.#hooks.onWake();
    if (this.#hooks.nextDeadlineMillis() <= 0) this.#hooks.onTick();
  }

  /** Decodes, handles and answers the message of `length` bytes in the request buffer. It never throws on what the message says. */
  serve(length: number): void {
    const request = this.request;
    const reply = this.reply;
    const { header } = request;
    const whole = request.readHeader(length);
    const row = rowOf(header.opcode);
    this.#counts.add(header.opcode);
    reply.begin(header.uniqueLo, header.uniqueHi, -1);
    if (length < fuse_in_header.SIZE) {
      logLine("error", `a FUSE message of ${length} bytes has no header to answer to`);
      return;
    }
    const problem = whole ? this.#decode(row) : EIO;
    this.#trace?.request(row, request, problem);
    if (problem === 0) this.#handle(row);
    else if (problem === answerEmpty) reply.ok();
    else reply.error(problem);
    if (row.answer === "none") return;
    if (!reply.answered) {
      logLine("error", `the handler of ${row.name} answered nothing`);
      reply.error(EIO);
    }
    this.#trace?.reply(row, header, reply);
    this.#send(row);
    if (this.#agreed !== undefined) this.#initialized(this.#agreed);
  }

  #initialized(negotiated: Negotiated): void {
    this.#agreed = undefined;
    this.#hooks.onInit?.(negotiated);
  }

  #decode(row: OpcodeRow): number {
    const request = this.request;
    if (request.end - fuse_in_header.SIZE < row.requestSize) return EINVAL;
    const problem = row.decode(request, row.message);
    this.reply.begin(request.header.uniqueLo, request.header.uniqueHi, request.replyLimit);
    return problem;
  }

  /** Calls the handler. Whatever it throws becomes an answer. */
  #handle(row: OpcodeRow): void {
    const handler = this.#dense[row.opcode];
    if (handler === undefined) {
      this.reply.error(ENOSYS);
      return;
    }
    try {
      handler(this.request.header, row.message, this.reply);
    } catch (error) {
      this.reply.retract();
      this.reply.error(this.#errnoOf(row.name, error));
    }
  }

  /** The errno that answers what a handler threw. What nobody foresaw is logged; for a request without an answer that is all. */
  #errnoOf(request: string, error: unknown): number {
    if (error instanceof FsError) return error.errno;
    this.#hooks.onFault?.(error);
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    logLine("error", `${request} failed, its answer is EIO if it takes one: ${stack}`);
    return EIO;
  }

  #send(row: OpcodeRow): void {
    const reply = this.reply;
    const error = this.#write();
    // ENOENT, ENODEV: the caller or the mount has gone, and nobody waits.
    if (error === 0 || error === ENOENT || error === ENODEV) return;
    logLine("error", `the kernel refused the reply to ${row.name} (${reply.length} bytes): ${errnoName(error)}`);
    reply.retract();
    reply.error(EIO);
    this.#write();
  }

  /** Sends the reply; the errno, 0 if the kernel took it. */
  #write(): number {
    const { buffer, length } = this.reply;
    for (;;) {
      if (write(this.#fd, buffer, length) === length) return 0;
      const error = errno();
      if (error !== EINTR && error !== EAGAIN) return error;
    }
  }

  #init(offer: InitMessage): void {
    const reply = this.reply;
    const outcome = negotiate(offer, this.#initOptions);
    switch (outcome.kind) {
      case "refused":
        this.#failure = new SessionError(outcome.reason);
        reply.error(EPROTO);
        return;
      case "newer-major":
        putMajor(reply.view, fuse_out_header.SIZE);
        reply.initialized();
        return;
      case "agreed":
        this.request.setxattrSize = outcome.negotiated.setxattrSize;
        putInit(reply.view, fuse_out_header.SIZE, outcome.negotiated);
        reply.initialized();
        this.#agreed = outcome.negotiated;
    }
  }
}
