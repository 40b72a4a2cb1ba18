// biome-ignore-all format: structs read as in the kernel's header when related fields share a line.
/**
 * The kernel's FUSE protocol 7.45, in the order and under the names of include/uapi/linux/fuse.h (Linux 6.18).
 * Magic numbers and offsets live here and nowhere else. "since 7.N" says which minor version brought a thing;
 * everything without a note is older than 7.31, the oldest this driver speaks.
 */
import { i32, i64, struct, u8, u16, u32, u64 } from "./layout.js";

export const FUSE_KERNEL_VERSION = 7;
export const FUSE_KERNEL_MINOR_VERSION = 45;

/** The node id of the root: low half 1, high half 0. It is never looked up and never forgotten. */
export const FUSE_ROOT_ID = 1;

export const fuse_attr = struct("fuse_attr", 88, {
  ino: u64, size: u64, blocks: u64, atime: u64, mtime: u64, ctime: u64,
  atimensec: u32, mtimensec: u32, ctimensec: u32, mode: u32, nlink: u32, uid: u32, gid: u32, rdev: u32, blksize: u32,
  flags: u32, // since 7.32
});

/** Since 7.39. Bit for bit what statx(2) gives. */
export const fuse_sx_time = struct("fuse_sx_time", 16, { tv_sec: i64, tv_nsec: u32, __reserved: i32 });
export const fuse_statx = struct("fuse_statx", 256, {
  mask: u32, blksize: u32, attributes: u64, nlink: u32, uid: u32, gid: u32, mode: u16, __spare0: [1, u16],
  ino: u64, size: u64, blocks: u64, attributes_mask: u64,
  atime: fuse_sx_time, btime: fuse_sx_time, ctime: fuse_sx_time, mtime: fuse_sx_time,
  rdev_major: u32, rdev_minor: u32, dev_major: u32, dev_minor: u32, __spare2: [14, u64],
});

export const fuse_kstatfs = struct("fuse_kstatfs", 80, {
  blocks: u64, bfree: u64, bavail: u64, files: u64, ffree: u64, bsize: u32, namelen: u32, frsize: u32, padding: u32, spare: [6, u32],
});

export const fuse_file_lock = struct("fuse_file_lock", 24, { start: u64, end: u64, type: u32, pid: u32 });

/** Bits of fuse_setattr_in.valid: which fields to change. */
export const FATTR_MODE = 1 << 0;
export const FATTR_UID = 1 << 1;
export const FATTR_GID = 1 << 2;
export const FATTR_SIZE = 1 << 3;
export const FATTR_ATIME = 1 << 4;
export const FATTR_MTIME = 1 << 5;
export const FATTR_FH = 1 << 6;
export const FATTR_ATIME_NOW = 1 << 7;
export const FATTR_MTIME_NOW = 1 << 8;
export const FATTR_LOCKOWNER = 1 << 9;
export const FATTR_CTIME = 1 << 10;
/** Since 7.33: with HANDLE_KILLPRIV_V2, clear set-user-id and set-group-id; the caller lacks CAP_FSETID. */
export const FATTR_KILL_SUIDGID = 1 << 11;

/** Answers to OPEN, OPENDIR and CREATE. */
export const FOPEN_DIRECT_IO = 1 << 0;
/** Keep what the page cache holds of the file. */
export const FOPEN_KEEP_CACHE = 1 << 1;
export const FOPEN_NONSEEKABLE = 1 << 2;
/** The kernel may answer readdir from its own cache. */
export const FOPEN_CACHE_DIR = 1 << 3;
export const FOPEN_STREAM = 1 << 4;
/** Since 7.35: send no FLUSH at close (unless WRITEBACK_CACHE). */
export const FOPEN_NOFLUSH = 1 << 5;
export const FOPEN_PARALLEL_DIRECT_WRITES = 1 << 6; // since 7.38
export const FOPEN_PASSTHROUGH = 1 << 7; // since 7.40

/** INIT flags; see init.ts for which are asked for and why. */
export const FUSE_ASYNC_READ = 1 << 0;
export const FUSE_POSIX_LOCKS = 1 << 1;
export const FUSE_FILE_OPS = 1 << 2;
export const FUSE_ATOMIC_O_TRUNC = 1 << 3;
export const FUSE_EXPORT_SUPPORT = 1 << 4;
export const FUSE_BIG_WRITES = 1 << 5;
export const FUSE_DONT_MASK = 1 << 6;
export const FUSE_SPLICE_WRITE = 1 << 7;
export const FUSE_SPLICE_MOVE = 1 << 8;
export const FUSE_SPLICE_READ = 1 << 9;
export const FUSE_FLOCK_LOCKS = 1 << 10;
export const FUSE_HAS_IOCTL_DIR = 1 << 11;
export const FUSE_AUTO_INVAL_DATA = 1 << 12;
export const FUSE_DO_READDIRPLUS = 1 << 13;
export const FUSE_READDIRPLUS_AUTO = 1 << 14;
export const FUSE_ASYNC_DIO = 1 << 15;
export const FUSE_WRITEBACK_CACHE = 1 << 16;
export const FUSE_NO_OPEN_SUPPORT = 1 << 17;
export const FUSE_PARALLEL_DIROPS = 1 << 18;
export const FUSE_HANDLE_KILLPRIV = 1 << 19;
export const FUSE_POSIX_ACL = 1 << 20;
export const FUSE_ABORT_ERROR = 1 << 21;
export const FUSE_MAX_PAGES = 1 << 22;
export const FUSE_CACHE_SYMLINKS = 1 << 23;
export const FUSE_NO_OPENDIR_SUPPORT = 1 << 24;
export const FUSE_EXPLICIT_INVAL_DATA = 1 << 25;
export const FUSE_MAP_ALIGNMENT = 1 << 26; // since 7.31
export const FUSE_SUBMOUNTS = 1 << 27; // since 7.32
export const FUSE_HANDLE_KILLPRIV_V2 = 1 << 28; // since 7.33
export const FUSE_SETXATTR_EXT = 1 << 29; // since 7.33
export const FUSE_INIT_EXT = 1 << 30; // since 7.36
export const FUSE_INIT_RESERVED = 1 << 31;
/** From here on bits of `flags2` (the header counts them 32..63), since 7.36. */
export const FUSE2_SECURITY_CTX = 1 << 0;
export const FUSE2_HAS_INODE_DAX = 1 << 1;
export const FUSE2_CREATE_SUPP_GROUP = 1 << 2; // since 7.38
export const FUSE2_HAS_EXPIRE_ONLY = 1 << 3; // since 7.38
export const FUSE2_DIRECT_IO_ALLOW_MMAP = 1 << 4; // since 7.39
export const FUSE2_PASSTHROUGH = 1 << 5; // since 7.40
export const FUSE2_NO_EXPORT_SUPPORT = 1 << 6; // since 7.40
export const FUSE2_HAS_RESEND = 1 << 7; // since 7.40
export const FUSE2_ALLOW_IDMAP = 1 << 8; // since 7.41
export const FUSE2_OVER_IO_URING = 1 << 9; // since 7.42
export const FUSE2_REQUEST_TIMEOUT = 1 << 10; // since 7.43

export const FUSE_RELEASE_FLUSH = 1 << 0;
export const FUSE_RELEASE_FLOCK_UNLOCK = 1 << 1;
export const FUSE_GETATTR_FH = 1 << 0;
export const FUSE_LK_FLOCK = 1 << 0;
/** A delayed write from the page cache; its file handle and pid are guesses. */
export const FUSE_WRITE_CACHE = 1 << 0;
export const FUSE_WRITE_LOCKOWNER = 1 << 1;
/** Clear set-user-id and set-group-id: the writer lacks CAP_FSETID. */
export const FUSE_WRITE_KILL_SUIDGID = 1 << 2;
export const FUSE_READ_LOCKOWNER = 1 << 1;
export const FUSE_IOCTL_COMPAT = 1 << 0;
export const FUSE_IOCTL_UNRESTRICTED = 1 << 1;
export const FUSE_IOCTL_RETRY = 1 << 2;
export const FUSE_IOCTL_32BIT = 1 << 3;
export const FUSE_IOCTL_DIR = 1 << 4;
export const FUSE_IOCTL_COMPAT_X32 = 1 << 5;
export const FUSE_IOCTL_MAX_IOV = 256;
export const FUSE_POLL_SCHEDULE_NOTIFY = 1 << 0;
/** fdatasync(2): the data and what is needed to read it back, not the times. */
export const FUSE_FSYNC_FDATASYNC = 1 << 0;
export const FUSE_ATTR_SUBMOUNT = 1 << 0; // since 7.32
export const FUSE_ATTR_DAX = 1 << 1; // since 7.36
/** Since 7.33: with O_TRUNC and HANDLE_KILLPRIV_V2, clear set-user-id and set-group-id. */
export const FUSE_OPEN_KILL_SUIDGID = 1 << 0;
/** Since 7.33: clear set-group-id when system.posix_acl_access is set. */
export const FUSE_SETXATTR_ACL_KILL_SGID = 1 << 0;
/** Since 7.38: in fuse_notify_inval_entry_out.flags, let the entry time out instead of dropping it. */
export const FUSE_EXPIRE_ONLY = 1 << 0;

/** `enum fuse_ext_type`, since 7.38. */
export const FUSE_MAX_NR_SECCTX = 31;
export const FUSE_EXT_GROUPS = 32;

/** `enum fuse_opcode`. Each has a row in opcodes.ts. */
export const fuse_opcode = {
  FUSE_LOOKUP: 1,
  FUSE_FORGET: 2, // no reply
  FUSE_GETATTR: 3,
  FUSE_SETATTR: 4,
  FUSE_READLINK: 5,
  FUSE_SYMLINK: 6,
  FUSE_MKNOD: 8,
  FUSE_MKDIR: 9,
  FUSE_UNLINK: 10,
  FUSE_RMDIR: 11,
  FUSE_RENAME: 12,
  FUSE_LINK: 13,
  FUSE_OPEN: 14,
  FUSE_READ: 15,
  FUSE_WRITE: 16,
  FUSE_STATFS: 17,
  FUSE_RELEASE: 18,
  FUSE_FSYNC: 20,
  FUSE_SETXATTR: 21,
  FUSE_GETXATTR: 22,
  FUSE_LISTXATTR: 23,
  FUSE_REMOVEXATTR: 24,
  FUSE_FLUSH: 25,
  FUSE_INIT: 26,
  FUSE_OPENDIR: 27,
  FUSE_READDIR: 28,
  FUSE_RELEASEDIR: 29,
  FUSE_FSYNCDIR: 30,
  FUSE_GETLK: 31,
  FUSE_SETLK: 32,
  FUSE_SETLKW: 33,
  FUSE_ACCESS: 34,
  FUSE_CREATE: 35,
  FUSE_INTERRUPT: 36,
  FUSE_BMAP: 37,
  FUSE_DESTROY: 38,
  FUSE_IOCTL: 39,
  FUSE_POLL: 40,
  FUSE_NOTIFY_REPLY: 41,
  FUSE_BATCH_FORGET: 42,
  FUSE_FALLOCATE: 43,
  FUSE_READDIRPLUS: 44,
  FUSE_RENAME2: 45,
  FUSE_LSEEK: 46,
  FUSE_COPY_FILE_RANGE: 47,
  FUSE_SETUPMAPPING: 48, // since 7.31
  FUSE_REMOVEMAPPING: 49, // since 7.31
  FUSE_SYNCFS: 50, // since 7.34
  FUSE_TMPFILE: 51, // since 7.37
  FUSE_STATX: 52, // since 7.39
  FUSE_COPY_FILE_RANGE_64: 53, // since 7.45
  CUSE_INIT: 4096,
  CUSE_INIT_BSWAP_RESERVED: 1048576,
  FUSE_INIT_BSWAP_RESERVED: 436207616,
} as const;

/** `enum fuse_notify_code`: goes into fuse_out_header.error of a message with unique 0. */
export const FUSE_NOTIFY_POLL = 1;
export const FUSE_NOTIFY_INVAL_INODE = 2;
export const FUSE_NOTIFY_INVAL_ENTRY = 3;
export const FUSE_NOTIFY_STORE = 4;
export const FUSE_NOTIFY_RETRIEVE = 5;
export const FUSE_NOTIFY_DELETE = 6;
export const FUSE_NOTIFY_RESEND = 7; // since 7.40
export const FUSE_NOTIFY_INC_EPOCH = 8; // since 7.44
export const FUSE_NOTIFY_PRUNE = 9; // since 7.45

/** A read buffer must hold this much, and max_write with its headers; else read(2) answers EINVAL. */
export const FUSE_MIN_READ_BUFFER = 8192;

export const fuse_entry_out = struct("fuse_entry_out", 128, {
  nodeid: u64, generation: u64, entry_valid: u64, attr_valid: u64, entry_valid_nsec: u32, attr_valid_nsec: u32, attr: fuse_attr,
});
export const fuse_forget_in = struct("fuse_forget_in", 8, { nlookup: u64 });
export const fuse_forget_one = struct("fuse_forget_one", 16, { nodeid: u64, nlookup: u64 });
export const fuse_batch_forget_in = struct("fuse_batch_forget_in", 8, { count: u32, dummy: u32 });
export const fuse_getattr_in = struct("fuse_getattr_in", 16, { getattr_flags: u32, dummy: u32, fh: u64 });
export const fuse_attr_out = struct("fuse_attr_out", 104, { attr_valid: u64, attr_valid_nsec: u32, dummy: u32, attr: fuse_attr });
export const fuse_statx_in = struct("fuse_statx_in", 24, { getattr_flags: u32, reserved: u32, fh: u64, sx_flags: u32, sx_mask: u32 });
export const fuse_statx_out = struct("fuse_statx_out", 288, {
  attr_valid: u64, attr_valid_nsec: u32, flags: u32, spare: [2, u64], stat: fuse_statx,
});
export const fuse_mknod_in = struct("fuse_mknod_in", 16, { mode: u32, rdev: u32, umask: u32, padding: u32 });
export const fuse_mkdir_in = struct("fuse_mkdir_in", 8, { mode: u32, umask: u32 });
export const fuse_rename_in = struct("fuse_rename_in", 8, { newdir: u64 });
export const fuse_rename2_in = struct("fuse_rename2_in", 16, { newdir: u64, flags: u32, padding: u32 });
export const fuse_link_in = struct("fuse_link_in", 8, { oldnodeid: u64 });
export const fuse_setattr_in = struct("fuse_setattr_in", 88, {
  valid: u32, padding: u32, fh: u64, size: u64, lock_owner: u64, atime: u64, mtime: u64, ctime: u64,
  atimensec: u32, mtimensec: u32, ctimensec: u32, mode: u32, unused4: u32, uid: u32, gid: u32, unused5: u32,
});
/** `open_flags` since 7.33. */
export const fuse_open_in = struct("fuse_open_in", 8, { flags: u32, open_flags: u32 });
export const fuse_create_in = struct("fuse_create_in", 16, { flags: u32, mode: u32, umask: u32, open_flags: u32 });
/** `backing_id` since 7.40. */
export const fuse_open_out = struct("fuse_open_out", 16, { fh: u64, open_flags: u32, backing_id: i32 });
export const fuse_release_in = struct("fuse_release_in", 24, { fh: u64, flags: u32, release_flags: u32, lock_owner: u64 });
export const fuse_flush_in = struct("fuse_flush_in", 24, { fh: u64, unused: u32, padding: u32, lock_owner: u64 });
export const fuse_read_in = struct("fuse_read_in", 40, {
  fh: u64, offset: u64, size: u32, read_flags: u32, lock_owner: u64, flags: u32, padding: u32,
});
export const fuse_write_in = struct("fuse_write_in", 40, {
  fh: u64, offset: u64, size: u32, write_flags: u32, lock_owner: u64, flags: u32, padding: u32,
});
export const fuse_write_out = struct("fuse_write_out", 8, { size: u32, padding: u32 });
export const fuse_statfs_out = struct("fuse_statfs_out", 80, { st: fuse_kstatfs });
export const fuse_fsync_in = struct("fuse_fsync_in", 16, { fh: u64, fsync_flags: u32, padding: u32 });
/** Without FUSE_SETXATTR_EXT the kernel sends only `size` and `flags`. */
export const FUSE_COMPAT_SETXATTR_IN_SIZE = 8;
export const fuse_setxattr_in = struct("fuse_setxattr_in", 16, { size: u32, flags: u32, setxattr_flags: u32, padding: u32 });
export const fuse_getxattr_in = struct("fuse_getxattr_in", 8, { size: u32, padding: u32 });
export const fuse_getxattr_out = struct("fuse_getxattr_out", 8, { size: u32, padding: u32 });
export const fuse_lk_in = struct("fuse_lk_in", 48, { fh: u64, owner: u64, lk: fuse_file_lock, lk_flags: u32, padding: u32 });
export const fuse_lk_out = struct("fuse_lk_out", 24, { lk: fuse_file_lock });
export const fuse_access_in = struct("fuse_access_in", 8, { mask: u32, padding: u32 });
/** Before 7.36 it ended after `flags`, at FUSE_COMPAT_INIT_IN_SIZE. */
export const FUSE_COMPAT_INIT_IN_SIZE = 16;
export const fuse_init_in = struct("fuse_init_in", 64, {
  major: u32, minor: u32, max_readahead: u32, flags: u32,
  flags2: u32, unused: [11, u32], // since 7.36
});
export const fuse_init_out = struct("fuse_init_out", 64, {
  major: u32, minor: u32, max_readahead: u32, flags: u32, max_background: u16, congestion_threshold: u16, max_write: u32, time_gran: u32,
  max_pages: u16, map_alignment: u16,
  flags2: u32, // since 7.36
  max_stack_depth: u32, // since 7.40
  request_timeout: u16, // since 7.43
  unused: [11, u16],
});
export const cuse_init_in = struct("cuse_init_in", 16, { major: u32, minor: u32, unused: u32, flags: u32 });
export const fuse_interrupt_in = struct("fuse_interrupt_in", 8, { unique: u64 });
export const fuse_bmap_in = struct("fuse_bmap_in", 16, { block: u64, blocksize: u32, padding: u32 });
export const fuse_bmap_out = struct("fuse_bmap_out", 8, { block: u64 });
export const fuse_ioctl_in = struct("fuse_ioctl_in", 32, { fh: u64, flags: u32, cmd: u32, arg: u64, in_size: u32, out_size: u32 });
export const fuse_ioctl_iovec = struct("fuse_ioctl_iovec", 16, { base: u64, len: u64 });
export const fuse_ioctl_out = struct("fuse_ioctl_out", 16, { result: i32, flags: u32, in_iovs: u32, out_iovs: u32 });
export const fuse_poll_in = struct("fuse_poll_in", 24, { fh: u64, kh: u64, flags: u32, events: u32 });
export const fuse_poll_out = struct("fuse_poll_out", 8, { revents: u32, padding: u32 });
export const fuse_notify_poll_wakeup_out = struct("fuse_notify_poll_wakeup_out", 8, { kh: u64 });
export const fuse_fallocate_in = struct("fuse_fallocate_in", 32, { fh: u64, offset: u64, length: u64, mode: u32, padding: u32 });

/** `total_extlen` since 7.38: the length of the extensions at the message's end, in units of 8 bytes. */
export const fuse_in_header = struct("fuse_in_header", 40, {
  len: u32, opcode: u32, unique: u64, nodeid: u64, uid: u32, gid: u32, pid: u32, total_extlen: u16, padding: u16,
});
export const fuse_out_header = struct("fuse_out_header", 16, { len: u32, error: i32, unique: u64 });
/** The name follows at SIZE. */
export const fuse_dirent = struct("fuse_dirent", 24, { ino: u64, off: u64, namelen: u32, type: u32 });
/** The name follows at SIZE. */
export const fuse_direntplus = struct("fuse_direntplus", 152, { entry_out: fuse_entry_out, dirent: fuse_dirent });

/** FUSE_REC_ALIGN: a record in a directory reply ends at a multiple of 8 bytes. */
export function FUSE_REC_ALIGN(bytes: number): number {
  return (bytes + 7) & ~7;
}

export const fuse_notify_inval_inode_out = struct("fuse_notify_inval_inode_out", 24, { ino: u64, off: i64, len: i64 });
/** `flags` since 7.38; padding before. */
export const fuse_notify_inval_entry_out = struct("fuse_notify_inval_entry_out", 16, { parent: u64, namelen: u32, flags: u32 });
export const fuse_notify_delete_out = struct("fuse_notify_delete_out", 24, { parent: u64, child: u64, namelen: u32, padding: u32 });
export const fuse_notify_store_out = struct("fuse_notify_store_out", 24, { nodeid: u64, offset: u64, size: u32, padding: u32 });
export const fuse_notify_retrieve_out = struct("fuse_notify_retrieve_out", 32, {
  notify_unique: u64, nodeid: u64, offset: u64, size: u32, padding: u32,
});
export const fuse_notify_retrieve_in = struct("fuse_notify_retrieve_in", 40, {
  dummy1: u64, offset: u64, size: u32, dummy2: u32, dummy3: u64, dummy4: u64,
});
export const fuse_notify_prune_out = struct("fuse_notify_prune_out", 16, { count: u32, padding: u32, spare: u64 });
export const fuse_backing_map = struct("fuse_backing_map", 16, { fd: i32, flags: u32, padding: u64 });

export const fuse_lseek_in = struct("fuse_lseek_in", 24, { fh: u64, offset: u64, whence: u32, padding: u32 });
export const fuse_lseek_out = struct("fuse_lseek_out", 8, { offset: u64 });
export const fuse_copy_file_range_in = struct("fuse_copy_file_range_in", 56, {
  fh_in: u64, off_in: u64, nodeid_out: u64, fh_out: u64, off_out: u64, len: u64, flags: u64,
});
/** Answers FUSE_COPY_FILE_RANGE_64, since 7.45; the older opcode is answered by fuse_write_out. */
export const fuse_copy_file_range_out = struct("fuse_copy_file_range_out", 8, { bytes_copied: u64 });
export const fuse_setupmapping_in = struct("fuse_setupmapping_in", 40, { fh: u64, foffset: u64, len: u64, flags: u64, moffset: u64 });
export const fuse_removemapping_in = struct("fuse_removemapping_in", 4, { count: u32 });
export const fuse_removemapping_one = struct("fuse_removemapping_one", 16, { moffset: u64, len: u64 });
export const fuse_syncfs_in = struct("fuse_syncfs_in", 8, { padding: u64 });
export const fuse_secctx = struct("fuse_secctx", 8, { size: u32, padding: u32 });
export const fuse_secctx_header = struct("fuse_secctx_header", 8, { size: u32, nr_secctx: u32 });
export const fuse_ext_header = struct("fuse_ext_header", 8, { size: u32, type: u32 });
export const fuse_uring_ent_in_out = struct("fuse_uring_ent_in_out", 32, {
  flags: u64, commit_id: u64, payload_sz: u32, padding: u32, reserved: u64,
});
export const fuse_uring_cmd_req = struct("fuse_uring_cmd_req", 24, { flags: u64, commit_id: u64, qid: u16, padding: [6, u8] });
