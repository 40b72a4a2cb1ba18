import koffi from "koffi";

/**
 * How the host's kernel is asked to write a file's bytes to the disk, and to forget them: calls Node has no function for. Hints, all of
 * them: where the host's file system knows one not, nothing is lost but time or room.
 */
const libc = koffi.load(null);
const syncFileRange = libc.func("int sync_file_range(int fd, int64_t offset, int64_t length, unsigned int flags)");
const fallocate = libc.func("int fallocate(int fd, int mode, int64_t offset, int64_t length)");

/** sync_file_range(2). */
const waitBefore = 1;
const write = 2;
const waitAfter = 4;
/** fallocate(2): FALLOC_FL_KEEP_SIZE and FALLOC_FL_PUNCH_HOLE. */
const punchHoleKeepSize = 1 | 2;

/** Has the kernel begin to write a range. Returns at once, unless the disk's queue is full. */
export function startWriting(fd: number, offset: number, length: number): void {
  syncFileRange(fd, offset, length, write);
}

/** Waits until a range has left memory. It is not durable by that: fdatasync(2) makes it so, then quickly. */
export function waitWritten(fd: number, offset: number, length: number): void {
  syncFileRange(fd, offset, length, waitBefore | write | waitAfter);
}

/** Gives a range's room back; it reads as zeros. Files that cannot have holes keep it. */
export function punchHole(fd: number, offset: number, length: number): void {
  fallocate(fd, punchHoleKeepSize, offset, length);
}
