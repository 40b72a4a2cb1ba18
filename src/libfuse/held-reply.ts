import { InvariantError } from "../base/assert.js";
import type { Name } from "../base/bytes.js";
import { ERANGE } from "../base/errno.js";
import { type Attributes, emptyAttributes, type FileSystemStatistics } from "../fuse/attributes.js";
import type { Reply } from "../fuse/reply.js";

/** An entry of a directory as listed; `type` is a DT_* number. */
export interface ListedEntry {
  readonly name: Name;
  readonly type: number;
  readonly inoLo: number;
  readonly inoHi: number;
}

const nothing = Buffer.alloc(0);

/**
 * The answer to one request, held for the driver to read: one object, reused.
 * What only newer protocols than libfuse 2's ask for (copied, lseek, statx, listings with attributes) cannot be answered with it.
 * INVARIANT: at most one answer between two calls of `begin`.
 */
export class HeldReply implements Reply {
  answered = false;
  errno = 0;
  nodeidLo = 0;
  nodeidHi = 0;
  /** How long the answered name may be believed, seconds. */
  entryTimeoutSec = 0;
  readonly attributes: Attributes = emptyAttributes();
  fh = 0;
  /** WRITE, READ, and a size asked for: how many bytes. */
  count = 0;
  /** READ, GETXATTR, LISTXATTR: where the bytes go. */
  into: Buffer = nothing;
  name: Name = "";
  statistics: FileSystemStatistics | undefined;
  entries: ListedEntry[] = [];

  /** Makes ready for a request. `into` takes the bytes of its answer, if it has any. */
  begin(into: Buffer = nothing): void {
    this.answered = false;
    this.errno = 0;
    this.into = into;
  }

  #answer(): void {
    if (this.answered) throw new InvariantError("a request was answered twice");
    this.answered = true;
  }

  error(errno: number): void {
    this.#answer();
    this.errno = errno;
  }

  ok(): void {
    this.#answer();
  }

  entry(nodeidLo: number, nodeidHi: number, _generation: number, attr: Attributes, entryTimeoutSec: number): void {
    this.#answer();
    this.nodeidLo = nodeidLo;
    this.nodeidHi = nodeidHi;
    this.entryTimeoutSec = entryTimeoutSec;
    Object.assign(this.attributes, attr);
  }

  /** Node id 0 stands for no node, as on the wire. */
  negativeEntry(): void {
    this.#answer();
    this.nodeidLo = 0;
    this.nodeidHi = 0;
  }

  attr(attr: Attributes): void {
    this.#answer();
    Object.assign(this.attributes, attr);
  }

  open(fh: number): void {
    this.#answer();
    this.fh = fh;
  }

  create(
    nodeidLo: number,
    nodeidHi: number,
    generation: number,
    attr: Attributes,
    entryTimeoutSec: number,
    _attrTimeoutSec: number,
    fh: number,
  ): void {
    this.entry(nodeidLo, nodeidHi, generation, attr, entryTimeoutSec);
    this.fh = fh;
  }

  written(bytes: number): void {
    this.#answer();
    this.count = bytes;
  }

  bytes(bytes: Uint8Array, length: number): void {
    if (length > this.into.length) {
      this.error(ERANGE);
      return;
    }
    this.#answer();
    this.into.set(bytes.subarray(0, length));
    this.count = length;
  }

  target(target: Name): void {
    this.#answer();
    this.name = target;
  }

  payload(maxLength: number): Buffer {
    return this.into.subarray(0, maxLength);
  }

  payloadLength(length: number): void {
    this.#answer();
    this.count = length;
  }

  statfs(statistics: FileSystemStatistics): void {
    this.#answer();
    this.statistics = statistics;
  }

  xattrSize(bytes: number): void {
    this.#answer();
    this.count = bytes;
  }

  /** Every entry fits: libfuse takes a directory as a whole. */
  dirent(inoLo: number, inoHi: number, _offset: number, type: number, name: Name): boolean {
    this.entries.push({ name, type, inoLo, inoHi });
    return true;
  }

  directory(): void {
    this.#answer();
  }

  copied(): void {
    throw new InvariantError("COPY_FILE_RANGE was never asked");
  }

  lseek(): void {
    throw new InvariantError("LSEEK was never asked");
  }

  statx(): void {
    throw new InvariantError("STATX was never asked");
  }

  direntPlus(): boolean {
    throw new InvariantError("READDIRPLUS was never asked");
  }

  direntPlusUncounted(): boolean {
    throw new InvariantError("READDIRPLUS was never asked");
  }
}
