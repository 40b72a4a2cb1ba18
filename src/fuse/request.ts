import { FUSE_MIN_READ_BUFFER, fuse_in_header, fuse_write_in } from "./abi.js";

/** `latin1Slice` is what `toString("latin1")` ends up calling: a name of 12 bytes costs 60 ns through it, 90 through `toString`. */
export type RequestBytes = Buffer & { latin1Slice(start: number, end: number): string };

/**
 * Who asks for what: the head of every request. One object, filled anew for each request; copy what must outlive the handler.
 * Node ids are opaque 64-bit numbers in two unsigned halves.
 */
export class RequestHeader {
  opcode = 0;
  /** The request's number, which its reply carries back. */
  uniqueLo = 0;
  uniqueHi = 0;
  nodeidLo = 0;
  nodeidHi = 0;
  /** The caller's file system uid and gid; 0 for requests the kernel sends by itself (RELEASE, delayed writes, read-ahead). */
  uid = 0;
  gid = 0;
  /** The caller's thread id, not its process id; 0 where nobody calls (RELEASE, delayed writes, mmap). */
  pid = 0;
}

/** Longest data a WRITE carries, and a READ is answered with: 256 pages, the kernel's own default limit. */
export const maxWriteBytes = 1 << 20;

/** One request as the kernel wrote it: the bytes, their head, and how far the body reaches. Reused for every request. */
export class Request {
  readonly buffer: RequestBytes;
  readonly view: DataView;
  readonly header = new RequestHeader();
  /** End of the body: the message without its extensions. Decoders read nothing at or after it. */
  end = 0;
  /** Bytes the kernel takes as the reply's payload, as the decoder read them in the request; -1 where the request does not say. */
  replyLimit = -1;
  /** Bytes of struct fuse_setxattr_in, which INIT decides. */
  setxattrSize = 0;

  constructor() {
    const bytes = Math.max(FUSE_MIN_READ_BUFFER, fuse_in_header.SIZE + fuse_write_in.SIZE + maxWriteBytes);
    // Rounded up to pages, so that a write's data can be pages of its own in the kernel's copy.
    const memory = new ArrayBuffer(Math.ceil(bytes / 4096) * 4096);
    this.buffer = Buffer.from(memory) as RequestBytes;
    this.view = new DataView(memory);
  }

  /**
   * Reads the head of a message of `received` bytes. False when it is too short to have one, or when its own length or its
   * extensions' length contradicts what was received: such a message has no number to answer to, or none to trust its body by.
   */
  readHeader(received: number): boolean {
    const { header, view } = this;
    this.replyLimit = -1;
    if (received < fuse_in_header.SIZE) {
      header.uniqueLo = 0;
      header.uniqueHi = 0;
      header.opcode = 0;
      this.end = 0;
      return false;
    }
    header.opcode = view.getUint32(fuse_in_header.opcode, true);
    header.uniqueLo = view.getUint32(fuse_in_header.unique, true);
    header.uniqueHi = view.getUint32(fuse_in_header.unique + 4, true);
    header.nodeidLo = view.getUint32(fuse_in_header.nodeid, true);
    header.nodeidHi = view.getUint32(fuse_in_header.nodeid + 4, true);
    header.uid = view.getUint32(fuse_in_header.uid, true);
    header.gid = view.getUint32(fuse_in_header.gid, true);
    header.pid = view.getUint32(fuse_in_header.pid, true);
    this.end = received - view.getUint16(fuse_in_header.total_extlen, true) * 8;
    return view.getUint32(fuse_in_header.len, true) === received && this.end >= fuse_in_header.SIZE;
  }
}
