/** What the replies carry, as plain objects that the caller fills and may reuse: the driver keeps none of them. */

/**
 * A node's attributes. `ino` is what stat(2) shows, in two unsigned halves; `mode` has type and permissions; `rdev` is encoded as
 * the kernel's new_encode_dev (as in struct stat); times are seconds since 1970 (signed) and nanoseconds.
 */
export interface Attributes {
  inoLo: number;
  inoHi: number;
  /** Bytes, at most 2^53-1. */
  size: number;
  /** Allocated units of 512 bytes, as in stat(2). */
  blocks: number;
  atimeSec: number;
  atimeNsec: number;
  mtimeSec: number;
  mtimeNsec: number;
  ctimeSec: number;
  ctimeNsec: number;
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
  rdev: number;
  blksize: number;
}

/** Attributes with the birth time, which only STATX carries. */
export interface StatxAttributes extends Attributes {
  btimeSec: number;
  btimeNsec: number;
}

/** statfs(2): counts in units of `frsize`, `bsize` the preferred size of an access, `namelen` the longest name. */
export interface FileSystemStatistics {
  blocks: number;
  bfree: number;
  bavail: number;
  files: number;
  ffree: number;
  bsize: number;
  namelen: number;
  frsize: number;
}

/** Attributes with every field 0: something to fill. */
export function emptyAttributes(): Attributes {
  return {
    inoLo: 0,
    inoHi: 0,
    size: 0,
    blocks: 0,
    atimeSec: 0,
    atimeNsec: 0,
    mtimeSec: 0,
    mtimeNsec: 0,
    ctimeSec: 0,
    ctimeNsec: 0,
    mode: 0,
    nlink: 0,
    uid: 0,
    gid: 0,
    rdev: 0,
    blksize: 0,
  };
}
