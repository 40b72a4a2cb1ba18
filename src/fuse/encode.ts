/** Encoders of the structs that several replies share. They write at `at` and return nothing; offsets come from abi.ts. */
import * as abi from "./abi.js";
import type { Attributes, FileSystemStatistics, StatxAttributes } from "./attributes.js";

const high = 4294967296;

/** Writes an integer of at most 53 bits, signed or not, as 64 bits. */
export function putInt64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value, true);
  view.setInt32(at + 4, Math.floor(value / high), true);
}

export function putHalves(view: DataView, at: number, lo: number, hi: number): void {
  view.setUint32(at, lo, true);
  view.setUint32(at + 4, hi, true);
}

/**
 * The longest timeout in seconds, which `Infinity` stands for: 136 years. The kernel clamps what its clock cannot count to,
 * but treats numbers that are negative as signed ones in its own way, so the high half stays 0.
 */
const forever = 0xffffffff;

/** Writes a timeout: whole seconds at `at`, nanoseconds at `nsecAt`. Never negative; 0 means "ask each time". */
export function putTimeout(view: DataView, at: number, nsecAt: number, seconds: number): void {
  const whole = seconds >= forever ? forever : Math.floor(seconds);
  view.setUint32(at, whole, true);
  view.setUint32(at + 4, 0, true);
  view.setUint32(nsecAt, seconds >= forever ? 0 : Math.floor((seconds - whole) * 1e9), true);
}

export function putAttributes(view: DataView, at: number, attr: Attributes): void {
  const layout = abi.fuse_attr;
  putHalves(view, at + layout.ino, attr.inoLo, attr.inoHi);
  putInt64(view, at + layout.size, attr.size);
  putInt64(view, at + layout.blocks, attr.blocks);
  putInt64(view, at + layout.atime, attr.atimeSec);
  putInt64(view, at + layout.mtime, attr.mtimeSec);
  putInt64(view, at + layout.ctime, attr.ctimeSec);
  view.setUint32(at + layout.atimensec, attr.atimeNsec, true);
  view.setUint32(at + layout.mtimensec, attr.mtimeNsec, true);
  view.setUint32(at + layout.ctimensec, attr.ctimeNsec, true);
  view.setUint32(at + layout.mode, attr.mode, true);
  view.setUint32(at + layout.nlink, attr.nlink, true);
  view.setUint32(at + layout.uid, attr.uid, true);
  view.setUint32(at + layout.gid, attr.gid, true);
  view.setUint32(at + layout.rdev, attr.rdev, true);
  view.setUint32(at + layout.blksize, attr.blksize, true);
  view.setUint32(at + layout.flags, 0, true);
}

/** struct fuse_entry_out. Node id 0 says that there is nothing by that name, and how long to believe so. */
export function putEntry(
  view: DataView,
  at: number,
  nodeidLo: number,
  nodeidHi: number,
  generation: number,
  attr: Attributes,
  entryTimeoutSec: number,
  attrTimeoutSec: number,
): void {
  const layout = abi.fuse_entry_out;
  putHalves(view, at + layout.nodeid, nodeidLo, nodeidHi);
  putInt64(view, at + layout.generation, generation);
  putTimeout(view, at + layout.entry_valid, at + layout.entry_valid_nsec, entryTimeoutSec);
  putTimeout(view, at + layout.attr_valid, at + layout.attr_valid_nsec, attrTimeoutSec);
  putAttributes(view, at + layout.attr, attr);
}

function putStatxTime(view: DataView, at: number, sec: number, nsec: number): void {
  putInt64(view, at + abi.fuse_sx_time.tv_sec, sec);
  view.setUint32(at + abi.fuse_sx_time.tv_nsec, nsec, true);
}

/** Major and minor of a device as struct stat encodes it (new_encode_dev of the kernel). */
function majorOf(rdev: number): number {
  return (rdev >>> 8) & 0xfff;
}

function minorOf(rdev: number): number {
  return (rdev & 0xff) | ((rdev >>> 12) & 0xfff00);
}

/** struct fuse_statx; `mask` says which fields are true. The caller has zeroed the rest. */
export function putStatx(view: DataView, at: number, mask: number, attr: StatxAttributes): void {
  const layout = abi.fuse_statx;
  view.setUint32(at + layout.mask, mask, true);
  view.setUint32(at + layout.blksize, attr.blksize, true);
  view.setUint32(at + layout.nlink, attr.nlink, true);
  view.setUint32(at + layout.uid, attr.uid, true);
  view.setUint32(at + layout.gid, attr.gid, true);
  view.setUint16(at + layout.mode, attr.mode, true);
  putHalves(view, at + layout.ino, attr.inoLo, attr.inoHi);
  putInt64(view, at + layout.size, attr.size);
  putInt64(view, at + layout.blocks, attr.blocks);
  putStatxTime(view, at + layout.atime, attr.atimeSec, attr.atimeNsec);
  putStatxTime(view, at + layout.btime, attr.btimeSec, attr.btimeNsec);
  putStatxTime(view, at + layout.ctime, attr.ctimeSec, attr.ctimeNsec);
  putStatxTime(view, at + layout.mtime, attr.mtimeSec, attr.mtimeNsec);
  view.setUint32(at + layout.rdev_major, majorOf(attr.rdev), true);
  view.setUint32(at + layout.rdev_minor, minorOf(attr.rdev), true);
}

/** struct fuse_kstatfs; the caller has zeroed the rest. */
export function putStatistics(view: DataView, at: number, statistics: FileSystemStatistics): void {
  const layout = abi.fuse_kstatfs;
  putInt64(view, at + layout.blocks, statistics.blocks);
  putInt64(view, at + layout.bfree, statistics.bfree);
  putInt64(view, at + layout.bavail, statistics.bavail);
  putInt64(view, at + layout.files, statistics.files);
  putInt64(view, at + layout.ffree, statistics.ffree);
  view.setUint32(at + layout.bsize, statistics.bsize, true);
  view.setUint32(at + layout.namelen, statistics.namelen, true);
  view.setUint32(at + layout.frsize, statistics.frsize, true);
}

/** Writes a name, one byte a character. Short ones by hand: below 32 bytes this beats the call out of JavaScript (15 ns against 40). */
export function putName(buffer: Buffer, at: number, name: string): void {
  const { length } = name;
  if (length > 32) {
    buffer.write(name, at, length, "latin1");
    return;
  }
  for (let index = 0; index < length; index++) buffer[at + index] = name.charCodeAt(index);
}
