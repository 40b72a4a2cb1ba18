import { EIO, FsError } from "../base/errno.js";

/**
 * Fields of struct fuse_thread_locals_t (fuse-native.c of 2.2.6), the block that each thread of libfuse hands its operation over in; the
 * package gives it to the handler as a Buffer. Offsets as on every 64-bit Linux.
 */
const atimeAt = 104;
const mtimeAt = 112;

/**
 * The modification time that utimens(2) is to set, in signed milliseconds. The package reads it, but passes the access time twice
 * (its FUSE_UINT64_TO_INTS_ARGV(l->atime, 5)), so it is taken from the block. Throws EIO where the access time is not found in its place.
 * @param atime as the package passed it
 */
export function modificationTime(block: Buffer, atime: bigint): bigint {
  if (block.readBigInt64LE(atimeAt) !== atime) throw new FsError(EIO, "the package's block is not laid out as in 2.2.6");
  return block.readBigInt64LE(mtimeAt);
}

/** Field of struct fuse_thread_t: the thread that runs libfuse's loop, a pthread_t. */
const threadAt = 8;

export function loopThread(thread: Buffer): bigint {
  return thread.readBigUInt64LE(threadAt);
}
