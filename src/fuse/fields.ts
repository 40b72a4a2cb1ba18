/** What the decoders share: numbers of 64 bits and names, read within a request's bounds. */
import { EINVAL, ENAMETOOLONG } from "../base/errno.js";
import { nameMaxBytes, xattrNameMaxBytes } from "../base/limits.js";
import * as abi from "./abi.js";
import type { Request } from "./request.js";

/** Where a request's body begins. */
export const body = abi.fuse_in_header.SIZE;
/** High halves from here on make a number that a double does not hold exactly. */
const highMax = 0x1fffff;
const high = 4294967296;

const slash = 0x2f;
const dot = 0x2e;

/** An unsigned 64-bit number, or -1 when it exceeds 2^53-1. */
export function uint64(view: DataView, at: number): number {
  const hi = view.getUint32(at + 4, true);
  return hi > highMax ? -1 : hi * high + view.getUint32(at, true);
}

/** A signed 64-bit number; beyond 2^53 the nearest double. */
export function int64(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * high + view.getUint32(at, true);
}

/** Where the NUL that ends the piece starting at `start` lies, or -1 when the message ends before it. */
export function terminator(request: Request, start: number): number {
  const { buffer, end } = request;
  for (let at = start; at < end; at++) if (buffer[at] === 0) return at;
  return -1;
}

/** 0 when the bytes [start, end) can be a file's name, else the errno that says why not. */
export function nameProblem(request: Request, start: number, end: number): number {
  if (end <= start) return EINVAL;
  if (end - start > nameMaxBytes) return ENAMETOOLONG;
  const { buffer } = request;
  for (let at = start; at < end; at++) if (buffer[at] === slash) return EINVAL;
  // The kernel resolves these itself; as a file's name they would be two ways to one directory.
  if (buffer[start] === dot && (end - start === 1 || (end - start === 2 && buffer[start + 1] === dot))) return EINVAL;
  return 0;
}

/** The fixed part of `size` bytes is followed by one file name, whose end goes to `request.end` no further. */
export function nameAfter(request: Request, message: { name: string }, size: number): number {
  const start = body + size;
  const end = terminator(request, start);
  const problem = nameProblem(request, start, end);
  if (problem === 0) message.name = request.buffer.latin1Slice(start, end);
  return problem;
}

/** An extended attribute's name: any bytes, a slash too. ERANGE is what setxattr(2) answers to one too long, but the kernel checks first. */
export function xattrNameAfter(request: Request, message: { name: string }, size: number): number {
  const start = body + size;
  const end = terminator(request, start);
  if (end <= start) return EINVAL;
  if (end - start > xattrNameMaxBytes) return ENAMETOOLONG;
  message.name = request.buffer.latin1Slice(start, end);
  return 0;
}

const nsecPerSec = 1_000_000_000;

/** Seconds that are exact, and nanoseconds below a second. */
export function isTime(sec: number, nsec: number): boolean {
  return nsec < nsecPerSec && sec <= Number.MAX_SAFE_INTEGER && sec >= -Number.MAX_SAFE_INTEGER;
}
