/**
 * What each request carries, one class for each shape. The driver has one object of each, filled in place: it is valid only
 * until the handler returns. Names and symlink targets are latin1 strings (one character a byte); sizes and offsets are exact
 * numbers, at most 2^53-1; node ids are two unsigned 32-bit halves; `fh` is the number that OPEN, OPENDIR or CREATE answered.
 */
import type { Name } from "../base/bytes.js";

/** READLINK, STATFS, DESTROY, SYNCFS: the header says it all. */
export class EmptyMessage {
  /** Gives the class a shape of its own for the type checker. */
  readonly empty = true;
}

/**
 * LOOKUP, UNLINK, RMDIR: a name in the directory `header.nodeid`. REMOVEXATTR: an attribute's name.
 * Each successful LOOKUP reply with a node id adds one to that node's lookup count; FORGET takes it away.
 * LOOKUP is answered by `reply.entry`, or `reply.negativeEntry` (which lets the kernel remember that the name is missing), or ENOENT.
 */
export class NameMessage {
  name: Name = "";
}

/** FORGET and each item of BATCH_FORGET: the kernel drops `nlookup` references. No reply. The root is never forgotten. */
export class ForgetMessage {
  nodeidLo = 0;
  nodeidHi = 0;
  nlookup = 0;
}

/** BATCH_FORGET as it lies in the request; the session hands its items one by one to the `forget` handler. */
export class BatchForgetMessage {
  count = 0;
}

/** GETATTR: stat(2), and the kernel's own refresh of stale attributes. `fh` is -1 when not sent through an open file. */
export class GetattrMessage {
  fh = -1;
}

/**
 * SETATTR: chmod, chown, truncate, utimensat. Only the fields that `valid` (bits FATTR_*) names are to be changed; the others
 * hold what an earlier request left. FATTR_ATIME_NOW comes with FATTR_ATIME and means the server's clock. Times: seconds since
 * 1970 (signed) and nanoseconds. `fh` is -1 unless FATTR_FH. FATTR_KILL_SUIDGID asks to clear set-user-id and set-group-id.
 * Answered by `reply.attr` with all attributes as they are afterwards.
 */
export class SetattrMessage {
  valid = 0;
  fh = -1;
  size = 0;
  mode = 0;
  uid = 0;
  gid = 0;
  atimeSec = 0;
  atimeNsec = 0;
  mtimeSec = 0;
  mtimeNsec = 0;
  ctimeSec = 0;
  ctimeNsec = 0;
}

/** SYMLINK: `name` in the directory `header.nodeid`, pointing to `target` (1 to 4095 bytes). Answered by `reply.entry`. */
export class SymlinkMessage {
  name: Name = "";
  target: Name = "";
}

/** MKNOD: `mode` has type and permissions; with DONT_MASK the umask is not yet applied to it. Answered by `reply.entry`. */
export class MknodMessage {
  name: Name = "";
  mode = 0;
  rdev = 0;
  umask = 0;
}

/** MKDIR: as MKNOD, but `mode` has no type bits. */
export class MkdirMessage {
  name: Name = "";
  mode = 0;
  umask = 0;
}

/**
 * RENAME and RENAME2: `name` in `header.nodeid` becomes `newName` in `newdir`. `flags` are renameat2's (1 NOREPLACE, 2 EXCHANGE,
 * 4 WHITEOUT), 0 for RENAME. Lookup counts stay where they are: they belong to nodes, not to names.
 */
export class RenameMessage {
  name: Name = "";
  newdirLo = 0;
  newdirHi = 0;
  newName: Name = "";
  flags = 0;
}

/** LINK: the node `oldnodeid` gets the further name `name` in the directory `header.nodeid`. Answered by `reply.entry`. */
export class LinkMessage {
  oldnodeidLo = 0;
  oldnodeidHi = 0;
  name: Name = "";
}

/**
 * OPEN, OPENDIR: `flags` are open(2)'s without O_CREAT, O_EXCL and O_NOCTTY; O_TRUNC only with ATOMIC_O_TRUNC, and then truncating
 * is the handler's duty. `openFlags` may hold FUSE_OPEN_KILL_SUIDGID. Answered by `reply.open`.
 */
export class OpenMessage {
  flags = 0;
  openFlags = 0;
}

/**
 * READ, READDIR, READDIRPLUS. The reply may be shorter than `size`: for READ this says where the file ends.
 * For directories `offset` is 0 or what an earlier entry's `offset` said, and `fh` that of OPENDIR.
 */
export class ReadMessage {
  fh = 0;
  offset = 0;
  size = 0;
  /** The file's status flags (O_APPEND …) at the moment. */
  flags = 0;
}

/**
 * WRITE: `data` is part of the request's own memory and gone when the handler returns. Answered by `reply.written`.
 * With FUSE_WRITE_CACHE in `writeFlags` it comes from the page cache: late, with a guessed handle and no caller.
 */
export class WriteMessage {
  fh = 0;
  offset = 0;
  writeFlags = 0;
  flags = 0;
  data: Buffer = Buffer.alloc(0);
}

/** RELEASE, RELEASEDIR: the last descriptor of an open file is gone. Its error reaches nobody; the caller (pid 0) is long away. */
export class ReleaseMessage {
  fh = 0;
  flags = 0;
  releaseFlags = 0;
}

/** FSYNC, FSYNCDIR: `fsyncFlags` has FUSE_FSYNC_FDATASYNC for fdatasync(2). */
export class FsyncMessage {
  fh = 0;
  fsyncFlags = 0;
}

/** FLUSH: one close(2) of one descriptor; there may be several before RELEASE. Its error is close's. */
export class FlushMessage {
  fh = 0;
}

/** SETXATTR: `value` is part of the request's own memory. `flags` are setxattr(2)'s: 1 CREATE, 2 REPLACE. */
export class SetxattrMessage {
  name: Name = "";
  value: Buffer = Buffer.alloc(0);
  flags = 0;
  /** FUSE_SETXATTR_ACL_KILL_SGID asks to clear set-group-id. */
  setxattrFlags = 0;
}

/** GETXATTR: size 0 asks how long the value is (`reply.xattrSize`); else `reply.bytes`, or ERANGE when it is longer than `size`. */
export class GetxattrMessage {
  name: Name = "";
  size = 0;
}

/** LISTXATTR: as GETXATTR, the names each ended by a NUL. */
export class ListxattrMessage {
  size = 0;
}

/** ACCESS: access(2)'s mask. Never sent with the mount option default_permissions. */
export class AccessMessage {
  mask = 0;
}

/**
 * CREATE: open(2) with O_CREAT where the kernel knows of no such name; without O_EXCL in `flags` the file may be there all the same.
 * Answered by `reply.create`, which counts as one lookup. TMPFILE (O_TMPFILE): the same without a name in it.
 */
export class CreateMessage {
  name: Name = "";
  flags = 0;
  mode = 0;
  umask = 0;
  openFlags = 0;
}

/** FALLOCATE: `mode` is fallocate(2)'s. offset + length never exceeds 2^53-1. */
export class FallocateMessage {
  fh = 0;
  offset = 0;
  length = 0;
  mode = 0;
}

/** LSEEK: only SEEK_DATA (3) and SEEK_HOLE (4); the kernel does the others. Answered by `reply.lseek`. */
export class LseekMessage {
  fh = 0;
  offset = 0;
  whence = 0;
}

/**
 * COPY_FILE_RANGE and COPY_FILE_RANGE_64: `length` bytes from the open file `header.nodeid`. It may copy less.
 * Answered by `reply.copied`. The kernel has written back both ranges before it asks.
 */
export class CopyFileRangeMessage {
  fhIn = 0;
  offsetIn = 0;
  nodeidOutLo = 0;
  nodeidOutHi = 0;
  fhOut = 0;
  offsetOut = 0;
  length = 0;
  flags = 0;
}

/** STATX: sent only for what GETATTR cannot give, which is the birth time. `mask` has statx(2)'s STATX_* bits. */
export class StatxMessage {
  fh = -1;
  flags = 0;
  mask = 0;
}

/** INTERRUPT: the caller of request `unique` got a signal. No reply. Requests here are done before the next is read: too late to act on. */
export class InterruptMessage {
  uniqueLo = 0;
  uniqueHi = 0;
}

/** INIT: the kernel's offer. */
export class InitMessage {
  major = 0;
  minor = 0;
  maxReadahead = 0;
  flags = 0;
  flags2 = 0;
}
