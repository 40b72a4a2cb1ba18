import { ENOSYS, FsError } from "../base/errno.js";
import type { Handler, Handlers } from "../fuse/handlers.js";
import { ForgetMessage } from "../fuse/messages.js";
import { RequestHeader } from "../fuse/request.js";
import { HeldReply } from "./held-reply.js";

/** A node of the file system, as its handlers number them. */
export interface Node {
  readonly lo: number;
  readonly hi: number;
}

/** The root's number is the kernel's own (FUSE_ROOT_ID); nobody looks it up, and nobody forgets it. */
export const rootNode: Node = { lo: 1, hi: 0 };

/**
 * Puts requests to a file system's handlers, as the kernel would, and reads their answers.
 *
 * libfuse does know who calls, but fuse-native does not pass it on. Nobody but the mounting user gets to make changes (options.ts refuses
 * it), so that user it is; which process, nobody knows. The daemon's own process stands for it, so that the user's groups are found.
 */
export class Asking {
  /** The answer to the request asked last. */
  readonly reply = new HeldReply();
  readonly #handlers: Handlers;
  readonly #header = new RequestHeader();
  readonly #forget = new ForgetMessage();

  constructor(handlers: Handlers) {
    this.#handlers = handlers;
    this.#header.uid = process.geteuid?.() ?? 0;
    this.#header.gid = process.getegid?.() ?? 0;
    this.#header.pid = process.pid;
  }

  /** Asks one request of a node. Throws the refusal. Bytes of the answer go into `into`. */
  ask<Message>(handler: Handler<Message> | undefined, node: Node, message: Message, into?: Buffer): HeldReply {
    if (handler === undefined) throw new FsError(ENOSYS, "the file system does not serve this");
    const { reply } = this;
    this.#header.nodeidLo = node.lo;
    this.#header.nodeidHi = node.hi;
    reply.begin(into);
    handler.call(this.#handlers, this.#header, message, reply);
    if (!reply.answered) throw new Error("the handler answered nothing");
    if (reply.errno !== 0) throw new FsError(reply.errno, "the handler refused");
    return reply;
  }

  /** Gives one reference to a node back: each answered entry counts as one. */
  forget(node: Node): void {
    if (node.lo === rootNode.lo && node.hi === rootNode.hi) return;
    this.#forget.nodeidLo = node.lo;
    this.#forget.nodeidHi = node.hi;
    this.#forget.nlookup = 1;
    this.#handlers.forget?.(this.#header, this.#forget, this.reply);
  }
}
