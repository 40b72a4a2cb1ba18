/**
 * The few system calls the driver needs, through koffi. Each returns what the C function returns, -1 on failure;
 * `errno()` then says why, and must be asked before the next call. Numbers in and out are plain JavaScript numbers.
 * Measured with Node 20 on Linux 6.18: a call costs about 0.3 µs on top of the kernel's time, a failing one the same,
 * where `fs.readSync` costs 0.7 µs and a thrown EAGAIN 6.7.
 */
import { constants } from "node:os";
import { address, errno, load } from "koffi";
import { errnoName } from "../base/errno.js";

export { errno };

/** The symbols of this very process: Node is linked to the C library, whichever that is. */
const libc = load(null);

export const O_RDWR = 0o2;
export const O_NONBLOCK = 0o4000;
export const O_CLOEXEC = 0o2000000;
export const EFD_CLOEXEC = O_CLOEXEC;
export const EFD_NONBLOCK = O_NONBLOCK;

export const MS_NOSUID = 2;
export const MS_NODEV = 4;
export const MS_NOEXEC = 8;
export const MS_RDONLY = 1;
export const MNT_FORCE = 1;
export const MNT_DETACH = 2;
export const UMOUNT_NOFOLLOW = 8;

export const POLLIN = 1;
export const POLLERR = 8;
export const POLLHUP = 16;

const F_GETFL = 3;
const F_SETFL = 4;
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_CMSG_CLOEXEC = 0x40000000;

export const open: (path: string, flags: number, mode: number) => number = libc.func("int open(const char *, int, int)");
export const close: (fd: number) => number = libc.func("int close(int)");
export const read: (fd: number, buffer: Buffer, length: number) => number = libc.func("long read(int, void *, size_t)");
export const write: (fd: number, buffer: Buffer, length: number) => number = libc.func("long write(int, void *, size_t)");
/** `fds` holds `count` struct pollfd; `timeoutMs` -1 waits for ever. Returns how many have something to say. */
export const poll: (fds: Buffer, count: number, timeoutMs: number) => number = libc.func("int poll(void *, unsigned long, int)");
/** Lets any other thread that waits for this CPU run first. */
export const schedYield: () => number = libc.func("int sched_yield()");
export const eventfd: (initial: number, flags: number) => number = libc.func("int eventfd(unsigned int, int)");
export const mount: (source: string, target: string, type: string, flags: number, data: string) => number = libc.func(
  "int mount(const char *, const char *, const char *, unsigned long, const char *)",
);
export const umount2: (target: string, flags: number) => number = libc.func("int umount2(const char *, int)");

const fcntl: (fd: number, command: number, argument: number) => number = libc.func("int fcntl(int, int, int)");
const socketpair: (domain: number, type: number, protocol: number, pair: Buffer) => number = libc.func(
  "int socketpair(int, int, int, void *)",
);
const recvmsg: (fd: number, message: Buffer, flags: number) => number = libc.func("long recvmsg(int, void *, int)");

/** A system call's failure where no caller expects one. */
export class SyscallError extends Error {
  override readonly name = "SyscallError";
  readonly errno: number;
  /** `ENOENT` and the like. */
  readonly code: string;

  constructor(call: string, number: number) {
    super(`${call}: ${errnoName(number)}`);
    this.errno = number;
    this.code = errnoName(number);
  }
}

/** Passes a result through, or throws SyscallError naming `call` when it is -1. */
export function checked(result: number, call: string): number {
  if (result === -1) throw new SyscallError(call, errno());
  return result;
}

/** Makes reads from `fd` answer EAGAIN instead of waiting. */
export function setNonBlocking(fd: number): void {
  const flags = checked(fcntl(fd, F_GETFL, 0), "fcntl(F_GETFL)");
  checked(fcntl(fd, F_SETFL, flags | O_NONBLOCK), "fcntl(F_SETFL)");
}

/** Two connected Unix stream sockets, both closed on exec. */
export function unixSocketPair(): [number, number] {
  const pair = Buffer.alloc(8);
  checked(socketpair(AF_UNIX, SOCK_STREAM | O_CLOEXEC, 0, pair), "socketpair");
  return [pair.readInt32LE(0), pair.readInt32LE(4)];
}

/**
 * Takes one descriptor sent over a Unix socket by SCM_RIGHTS, closed on exec; undefined when the peer closed without sending one.
 * The offsets are those of `struct msghdr`, `struct iovec` and `struct cmsghdr` on 64-bit Linux. All of them lie in one buffer,
 * which the call itself keeps alive while the kernel follows the pointers in it.
 */
export function receiveDescriptor(socket: number): number | undefined {
  const dataAt = 64;
  const vectorAt = 80;
  const controlAt = 96;
  const controlBytes = 64;
  const message = Buffer.alloc(controlAt + controlBytes);
  const start = address(message);
  message.writeBigUInt64LE(start + BigInt(vectorAt), 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(start + BigInt(controlAt), 32);
  message.writeBigUInt64LE(BigInt(controlBytes), 40);
  message.writeBigUInt64LE(start + BigInt(dataAt), vectorAt);
  message.writeBigUInt64LE(BigInt(vectorAt - dataAt), vectorAt + 8);
  let received: number;
  do received = recvmsg(socket, message, MSG_CMSG_CLOEXEC);
  while (received === -1 && errno() === constants.errno.EINTR);
  checked(received, "recvmsg");
  const controlLength = Number(message.readBigUInt64LE(40));
  if (received === 0 || controlLength < 20) return undefined;
  if (message.readInt32LE(controlAt + 8) !== SOL_SOCKET || message.readInt32LE(controlAt + 12) !== SCM_RIGHTS) return undefined;
  return message.readInt32LE(controlAt + 16);
}
