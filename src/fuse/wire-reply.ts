import { InvariantError, invariant } from "../base/assert.js";
import type { Name } from "../base/bytes.js";
import { EIO, ERANGE } from "../base/errno.js";
import * as abi from "./abi.js";
import { type Attributes, emptyAttributes, type FileSystemStatistics, type StatxAttributes } from "./attributes.js";
import * as encode from "./encode.js";
import type { Reply } from "./reply.js";
import { maxWriteBytes } from "./request.js";

const body = abi.fuse_out_header.SIZE;
const noAttributes: Readonly<Attributes> = Object.freeze(emptyAttributes());

/**
 * The answer to one request as the kernel reads it: one object, reused, over one buffer. The bytes leave when the handler returns.
 * INVARIANT: at most one answer between two calls of `begin`.
 */
export class WireReply implements Reply {
  readonly #memory = new ArrayBuffer(body + maxWriteBytes);
  readonly buffer: Buffer = Buffer.from(this.#memory);
  readonly view = new DataView(this.#memory);
  /** Bytes to send, the header included; 0 as long as there is no answer. */
  length = 0;
  /** What the kernel takes as payload at most; -1 where the request does not say. */
  #limit = -1;
  /** End of the directory entries packed so far. */
  #packed = body;

  /** Makes ready for the request `unique`. Called by the session. */
  begin(uniqueLo: number, uniqueHi: number, limit: number): void {
    encode.putHalves(this.view, abi.fuse_out_header.unique, uniqueLo, uniqueHi);
    this.length = 0;
    this.#limit = limit;
    this.#packed = body;
  }

  get answered(): boolean {
    return this.length !== 0;
  }

  /** The errno answered, 0 for success. Meaningful once answered. */
  get errno(): number {
    return -this.view.getInt32(abi.fuse_out_header.error, true);
  }

  #finish(bytes: number, errno: number): void {
    if (this.length !== 0) throw new InvariantError("a request was answered twice");
    this.length = body + bytes;
    this.view.setUint32(abi.fuse_out_header.len, this.length, true);
    this.view.setInt32(abi.fuse_out_header.error, -errno, true);
  }

  /** Takes back an answer that has not been sent. Called by the session before it answers an error in its place. */
  retract(): void {
    this.length = 0;
  }

  /** The kernel refuses numbers from 512 on, and a refused reply leaves its caller waiting: they become EIO. */
  error(errno: number): void {
    this.#finish(0, errno > 0 && errno < 512 ? errno : EIO);
  }

  /** INIT: struct fuse_init_out, which init.ts has written after the header. */
  initialized(): void {
    this.#finish(abi.fuse_init_out.SIZE, 0);
  }

  ok(): void {
    this.#finish(0, 0);
  }

  entry(nodeidLo: number, nodeidHi: number, generation: number, attr: Attributes, entryTimeoutSec: number, attrTimeoutSec: number): void {
    encode.putEntry(this.view, body, nodeidLo, nodeidHi, generation, attr, entryTimeoutSec, attrTimeoutSec);
    this.#finish(abi.fuse_entry_out.SIZE, 0);
  }

  negativeEntry(timeoutSec: number): void {
    encode.putEntry(this.view, body, 0, 0, 0, noAttributes, timeoutSec, 0);
    this.#finish(abi.fuse_entry_out.SIZE, 0);
  }

  attr(attr: Attributes, timeoutSec: number): void {
    const layout = abi.fuse_attr_out;
    encode.putTimeout(this.view, body + layout.attr_valid, body + layout.attr_valid_nsec, timeoutSec);
    this.view.setUint32(body + layout.dummy, 0, true);
    encode.putAttributes(this.view, body + layout.attr, attr);
    this.#finish(layout.SIZE, 0);
  }

  #putOpen(at: number, fh: number, openFlags: number): void {
    encode.putInt64(this.view, at + abi.fuse_open_out.fh, fh);
    this.view.setUint32(at + abi.fuse_open_out.open_flags, openFlags, true);
    this.view.setInt32(at + abi.fuse_open_out.backing_id, 0, true);
  }

  open(fh: number, openFlags: number): void {
    this.#putOpen(body, fh, openFlags);
    this.#finish(abi.fuse_open_out.SIZE, 0);
  }

  create(
    nodeidLo: number,
    nodeidHi: number,
    generation: number,
    attr: Attributes,
    entryTimeoutSec: number,
    attrTimeoutSec: number,
    fh: number,
    openFlags: number,
  ): void {
    encode.putEntry(this.view, body, nodeidLo, nodeidHi, generation, attr, entryTimeoutSec, attrTimeoutSec);
    this.#putOpen(body + abi.fuse_entry_out.SIZE, fh, openFlags);
    this.#finish(abi.fuse_entry_out.SIZE + abi.fuse_open_out.SIZE, 0);
  }

  written(bytes: number): void {
    encode.putHalves(this.view, body, bytes, 0);
    this.#finish(abi.fuse_write_out.SIZE, 0);
  }

  /**
   * Both structs begin with the number's low half and have 8 bytes;
   * the older reads 32 bits, and the kernel never asks it for more.
   */
  copied(bytes: number): void {
    encode.putInt64(this.view, body, bytes);
    this.#finish(abi.fuse_copy_file_range_out.SIZE, 0);
  }

  bytes(bytes: Uint8Array, length: number): void {
    if (this.#limit >= 0 && length > this.#limit) {
      this.error(ERANGE);
      return;
    }
    invariant(length <= maxWriteBytes, "a reply has at most 1 MiB");
    this.buffer.set(length === bytes.length ? bytes : bytes.subarray(0, length), body);
    this.#finish(length, 0);
  }

  target(target: Name): void {
    encode.putName(this.buffer, body, target);
    this.#finish(target.length, 0);
  }

  /** The memory is the reply's own, so that the bytes need not be copied. */
  payload(maxLength: number): Buffer {
    invariant(maxLength <= maxWriteBytes, "a reply has at most 1 MiB");
    return this.buffer.subarray(body, body + maxLength);
  }

  payloadLength(length: number): void {
    invariant(this.#limit < 0 || length <= this.#limit, "a reply is longer than was asked for");
    this.#finish(length, 0);
  }

  statfs(statistics: FileSystemStatistics): void {
    this.buffer.fill(0, body, body + abi.fuse_statfs_out.SIZE);
    encode.putStatistics(this.view, body + abi.fuse_statfs_out.st, statistics);
    this.#finish(abi.fuse_statfs_out.SIZE, 0);
  }

  xattrSize(bytes: number): void {
    encode.putHalves(this.view, body, bytes, 0);
    this.#finish(abi.fuse_getxattr_out.SIZE, 0);
  }

  lseek(offset: number): void {
    encode.putInt64(this.view, body, offset);
    this.#finish(abi.fuse_lseek_out.SIZE, 0);
  }

  statx(mask: number, attr: StatxAttributes, timeoutSec: number): void {
    const layout = abi.fuse_statx_out;
    this.buffer.fill(0, body, body + layout.SIZE);
    encode.putTimeout(this.view, body + layout.attr_valid, body + layout.attr_valid_nsec, timeoutSec);
    encode.putStatx(this.view, body + layout.stat, mask, attr);
    this.#finish(layout.SIZE, 0);
  }

  /** Room for one more record in a directory reply? The request's size is the limit: a longer reply is refused whole. */
  #hasRoom(bytes: number): boolean {
    const limit = this.#limit < 0 || this.#limit > maxWriteBytes ? maxWriteBytes : this.#limit;
    return this.#packed + bytes <= body + limit;
  }

  #putDirent(at: number, inoLo: number, inoHi: number, offset: number, type: number, name: Name): void {
    const layout = abi.fuse_dirent;
    encode.putHalves(this.view, at + layout.ino, inoLo, inoHi);
    encode.putInt64(this.view, at + layout.off, offset);
    this.view.setUint32(at + layout.namelen, name.length, true);
    this.view.setUint32(at + layout.type, type, true);
    encode.putName(this.buffer, at + layout.SIZE, name);
    const end = at + layout.SIZE + name.length;
    const padded = abi.FUSE_REC_ALIGN(end);
    for (let index = end; index < padded; index++) this.buffer[index] = 0;
  }

  dirent(inoLo: number, inoHi: number, offset: number, type: number, name: Name): boolean {
    const bytes = abi.FUSE_REC_ALIGN(abi.fuse_dirent.SIZE + name.length);
    if (!this.#hasRoom(bytes)) return false;
    this.#putDirent(this.#packed, inoLo, inoHi, offset, type, name);
    this.#packed += bytes;
    return true;
  }

  direntPlus(
    nodeidLo: number,
    nodeidHi: number,
    generation: number,
    attr: Attributes,
    entryTimeoutSec: number,
    attrTimeoutSec: number,
    offset: number,
    name: Name,
  ): boolean {
    const bytes = abi.FUSE_REC_ALIGN(abi.fuse_direntplus.SIZE + name.length);
    if (!this.#hasRoom(bytes)) return false;
    encode.putEntry(this.view, this.#packed, nodeidLo, nodeidHi, generation, attr, entryTimeoutSec, attrTimeoutSec);
    this.#putDirent(this.#packed + abi.fuse_direntplus.dirent, attr.inoLo, attr.inoHi, offset, attr.mode >>> 12, name);
    this.#packed += bytes;
    return true;
  }

  direntPlusUncounted(inoLo: number, inoHi: number, offset: number, type: number, name: Name): boolean {
    const bytes = abi.FUSE_REC_ALIGN(abi.fuse_direntplus.SIZE + name.length);
    if (!this.#hasRoom(bytes)) return false;
    encode.putEntry(this.view, this.#packed, 0, 0, 0, noAttributes, 0, 0);
    this.#putDirent(this.#packed + abi.fuse_direntplus.dirent, inoLo, inoHi, offset, type, name);
    this.#packed += bytes;
    return true;
  }

  directory(): void {
    this.#finish(this.#packed - body, 0);
  }
}
