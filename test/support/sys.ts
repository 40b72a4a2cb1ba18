/** System calls that Node has no function for, through libc. Paths are bytes or UTF-8 text; offsets are numbers. */
import { constants } from "node:os";
import koffi from "koffi";

const libc = koffi.load("libc.so.6");

export type Path = string | Buffer;

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_SYMLINK_FOLLOW = 0x400;
export const AT_EACCESS = 0x200;
export const RENAME_NOREPLACE = 1;
export const RENAME_EXCHANGE = 2;
export const XATTR_CREATE = 1;
export const XATTR_REPLACE = 2;
export const UTIME_NOW = 0x3fffffff;
export const UTIME_OMIT = 0x3ffffffe;
export const FALLOC_FL_KEEP_SIZE = 1;
export const FALLOC_FL_PUNCH_HOLE = 2;
export const FALLOC_FL_ZERO_RANGE = 0x10;
export const SEEK_SET = 0;
export const SEEK_CUR = 1;
export const SEEK_END = 2;
export const SEEK_DATA = 3;
export const SEEK_HOLE = 4;
export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;
export const S_IFBLK = 0o060000;
export const S_IFREG = 0o100000;
export const S_IFSOCK = 0o140000;
export const O_TMPFILE = 0o20200000;
export const O_PATH = 0o10000000;
export const O_CLOEXEC = 0o2000000;

const errorNames = new Map(Object.entries(constants.errno).map(([name, value]) => [value, name]));

/** What a failed call throws: `code` as Node's own errors have it, so that one matcher serves both. */
export class SystemCallError extends Error {
  readonly code: string;
  readonly syscall: string;

  constructor(syscall: string, errno: number) {
    const code = errorNames.get(errno) ?? `errno ${errno}`;
    super(`${syscall}: ${code}`);
    this.code = code;
    this.syscall = syscall;
  }
}

/** Declares one libc function that answers -1 and sets errno when it fails. */
function declare(name: string, result: string, ...parameters: string[]): (...values: unknown[]) => number {
  const call = libc.func(name, result, parameters);
  return (...values) => {
    const answer = Number(call(...values));
    if (answer === -1) throw new SystemCallError(name, koffi.errno());
    return answer;
  };
}

function cstring(path: Path): Buffer {
  return Buffer.concat([typeof path === "string" ? Buffer.from(path) : path, Buffer.of(0)]);
}

const calls = {
  renameat2: declare("renameat2", "int", "int", "void *", "int", "void *", "uint"),
  linkat: declare("linkat", "int", "int", "void *", "int", "void *", "int"),
  utimensat: declare("utimensat", "int", "int", "void *", "void *", "int"),
  futimens: declare("futimens", "int", "int", "void *"),
  lsetxattr: declare("lsetxattr", "int", "void *", "void *", "void *", "size_t", "int"),
  lgetxattr: declare("lgetxattr", "int64", "void *", "void *", "void *", "size_t"),
  llistxattr: declare("llistxattr", "int64", "void *", "void *", "size_t"),
  lremovexattr: declare("lremovexattr", "int", "void *", "void *"),
  getdents64: declare("getdents64", "int64", "int", "void *", "size_t"),
  lseek: declare("lseek", "int64", "int", "int64", "int"),
  fallocate: declare("fallocate", "int", "int", "int", "int64", "int64"),
  copy_file_range: declare("copy_file_range", "int64", "int", "void *", "int", "void *", "size_t", "uint"),
  mknod: declare("mknod", "int", "void *", "uint", "uint64"),
  open: declare("open", "int", "void *", "int", "uint"),
  faccessat: declare("faccessat", "int", "int", "void *", "int", "int"),
  statfs: declare("statfs", "int", "void *", "void *"),
  sync: declare("syncfs", "int", "int"),
  pread64: declare("pread64", "int64", "int", "void *", "size_t", "int64"),
  pwrite64: declare("pwrite64", "int64", "int", "void *", "size_t", "int64"),
  ftruncate64: declare("ftruncate64", "int", "int", "int64"),
  name_to_handle_at: declare("name_to_handle_at", "int", "int", "void *", "void *", "void *", "int"),
  open_by_handle_at: declare("open_by_handle_at", "int", "int", "void *", "int"),
  munmap: declare("munmap", "int", "void *", "size_t"),
  msync: declare("msync", "int", "void *", "size_t", "int"),
};

/** mmap(2) answers an address, all ones when it failed. */
const mapMemory = libc.func("mmap", "uintptr_t", ["void *", "size_t", "int", "int", "int", "int64"]);
/** Either side may be a Buffer or an address. */
const copyMemory = libc.func("memcpy", "void *", ["void *", "void *", "size_t"]);

export function renameat2(from: Path, to: Path, flags: number): void {
  calls.renameat2(AT_FDCWD, cstring(from), AT_FDCWD, cstring(to), flags);
}

/** Gives the open, possibly nameless, file `fd` a name. */
export function linkDescriptor(fd: number, to: Path): void {
  calls.linkat(AT_FDCWD, cstring(`/proc/self/fd/${fd}`), AT_FDCWD, cstring(to), AT_SYMLINK_FOLLOW);
}

/** Links a symlink itself, where `link(2)` of another system might follow it. */
export function linkNoFollow(from: Path, to: Path): void {
  calls.linkat(AT_FDCWD, cstring(from), AT_FDCWD, cstring(to), 0);
}

export interface TimeArgument {
  readonly sec: number;
  readonly nsec: number;
}

function timespecs(atime: TimeArgument, mtime: TimeArgument): Buffer {
  const buffer = Buffer.alloc(32);
  buffer.writeBigInt64LE(BigInt(atime.sec), 0);
  buffer.writeBigInt64LE(BigInt(atime.nsec), 8);
  buffer.writeBigInt64LE(BigInt(mtime.sec), 16);
  buffer.writeBigInt64LE(BigInt(mtime.nsec), 24);
  return buffer;
}

export function utimensat(path: Path, atime: TimeArgument, mtime: TimeArgument, flags = 0): void {
  calls.utimensat(AT_FDCWD, cstring(path), timespecs(atime, mtime), flags);
}

export function futimens(fd: number, atime: TimeArgument, mtime: TimeArgument): void {
  calls.futimens(fd, timespecs(atime, mtime));
}

export function setxattr(path: Path, name: Path, value: Path, flags = 0): void {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  calls.lsetxattr(cstring(path), cstring(name), bytes.length === 0 ? Buffer.alloc(1) : bytes, bytes.length, flags);
}

export function getxattr(path: Path, name: Path, capacity = 65536): Buffer {
  const buffer = Buffer.alloc(Math.max(capacity, 1));
  return buffer.subarray(0, calls.lgetxattr(cstring(path), cstring(name), buffer, capacity));
}

/** The size of the value, asked for as programs do it: with a capacity of 0. */
export function getxattrSize(path: Path, name: Path): number {
  return calls.lgetxattr(cstring(path), cstring(name), null, 0);
}

/** The names, sorted. */
export function listxattr(path: Path, capacity = 65536): string[] {
  const buffer = Buffer.alloc(Math.max(capacity, 1));
  const length = calls.llistxattr(cstring(path), buffer, capacity);
  return buffer.toString("latin1", 0, length).split("\0").slice(0, -1).sort();
}

export function listxattrSize(path: Path): number {
  return calls.llistxattr(cstring(path), null, 0);
}

export function removexattr(path: Path, name: Path): void {
  calls.lremovexattr(cstring(path), cstring(name));
}

export interface DirectoryEntry {
  readonly name: string;
  readonly ino: bigint;
  /** Where the next entry starts: an opaque cookie for `lseekExact`. */
  readonly offset: bigint;
  /** DT_* of dirent.h: 4 directory, 8 file, 10 symlink. */
  readonly type: number;
}

/** One call's worth of entries, at most `capacity` bytes; empty at the end of the directory. Names are latin1. */
export function getdents(fd: number, capacity = 32768): DirectoryEntry[] {
  const buffer = Buffer.alloc(capacity);
  const length = calls.getdents64(fd, buffer, capacity);
  const entries: DirectoryEntry[] = [];
  for (let at = 0; at < length; at += buffer.readUInt16LE(at + 16)) {
    const end = buffer.indexOf(0, at + 19);
    entries.push({
      ino: buffer.readBigUInt64LE(at),
      offset: buffer.readBigInt64LE(at + 8),
      type: buffer.readUInt8(at + 18),
      name: buffer.toString("latin1", at + 19, end),
    });
  }
  return entries;
}

export function lseek(fd: number, offset: number | bigint, whence: number): number {
  return calls.lseek(fd, offset, whence);
}

export function fallocate(fd: number, mode: number, offset: number | bigint, length: number | bigint): void {
  calls.fallocate(fd, mode, offset, length);
}

/** Copies between two files inside the kernel; the number of bytes copied. */
export function copyFileRange(from: number, fromOffset: number, to: number, toOffset: number | bigint, length: number | bigint): number {
  const source = Buffer.alloc(8);
  const target = Buffer.alloc(8);
  source.writeBigInt64LE(BigInt(fromOffset));
  target.writeBigInt64LE(BigInt(toOffset));
  return calls.copy_file_range(from, source, to, target, length, 0);
}

/** `mode` holds the file type; `device` as makedev(3) makes it. */
export function mknod(path: Path, mode: number, device = 0): void {
  calls.mknod(cstring(path), mode, device);
}

/** makedev(3) for the small numbers that tests use. */
export function makedev(major: number, minor: number): number {
  return major * 256 + minor;
}

/** open(2) with flags that Node's fs does not pass on, such as O_TMPFILE. Close it with fs.closeSync. */
export function open(path: Path, flags: number, mode = 0): number {
  return calls.open(cstring(path), flags | O_CLOEXEC, mode);
}

/** access(2) as the effective user, which is who `asUser` changes. */
export function accessAsEffective(path: Path, mode: number): void {
  calls.faccessat(AT_FDCWD, cstring(path), mode, AT_EACCESS);
}

/** The longest name, as statfs(2) gives it: Node's statfs leaves it out. */
export function longestName(path: Path): number {
  const buffer = Buffer.alloc(120);
  calls.statfs(cstring(path), buffer);
  return Number(buffer.readBigInt64LE(64));
}

export function syncfs(fd: number): void {
  calls.sync(fd);
}

/** Node's own read and write stop at offsets of 2^53. */
export function pread(fd: number, buffer: Buffer, offset: bigint): number {
  return calls.pread64(fd, buffer, buffer.length, offset);
}

export function pwrite(fd: number, buffer: Buffer, offset: bigint): number {
  return calls.pwrite64(fd, buffer, buffer.length, offset);
}

export function ftruncate(fd: number, size: bigint): void {
  calls.ftruncate64(fd, size);
}

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MS_SYNC = 4;
const pageBytes = 4096;

/** A range of a file mapped shared. Touching what lies behind the end of the file kills the process. */
export interface FileMap {
  read(): Buffer;
  write(bytes: Buffer): void;
  /** msync(2): the range is written back before this returns. */
  sync(): void;
  /** munmap(2). */
  unmap(): void;
}

/** Maps the bytes from `offset` on, which need not be the start of a page. `fd` must be open for reading and writing. */
export function map(fd: number, offset: number, length: number): FileMap {
  const lead = offset % pageBytes;
  const size = lead + length;
  const base = BigInt(mapMemory(null, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset - lead));
  if (base === 0xffff_ffff_ffff_ffffn) throw new SystemCallError("mmap", koffi.errno());
  const start = base + BigInt(lead);
  return {
    read() {
      const bytes = Buffer.alloc(length);
      copyMemory(bytes, start, length);
      return bytes;
    },
    write(bytes) {
      copyMemory(start, bytes, Math.min(bytes.length, length));
    },
    sync() {
      calls.msync(base, size, MS_SYNC);
    },
    unmap() {
      calls.munmap(base, size);
    },
  };
}

/** As `map`, for as long as `action` runs. */
export function withMap<Result>(fd: number, offset: number, length: number, action: (map: FileMap) => Result): Result {
  const mapped = map(fd, offset, length);
  try {
    return action(mapped);
  } finally {
    mapped.unmap();
  }
}

/** A file handle as NFS servers keep it: it outlives names and descriptors, and says so when it is stale. */
export function nameToHandle(path: Path): Buffer {
  const handle = Buffer.alloc(8 + 128);
  handle.writeUInt32LE(128);
  calls.name_to_handle_at(AT_FDCWD, cstring(path), handle, Buffer.alloc(8), 0);
  return handle;
}

/** `mountFd` is any descriptor on the same file system. Root only. */
export function openByHandle(mountFd: number, handle: Buffer, flags: number): number {
  return calls.open_by_handle_at(mountFd, handle, flags | O_CLOEXEC);
}
