import * as abi from "./abi.js";
import { fuse_opcode as op } from "./abi.js";
import * as decode from "./decode.js";
import type { Handlers, MessageOf } from "./handlers.js";
import * as messages from "./messages.js";
import type { Request } from "./request.js";

/** What a reply's body is, for the trace. "none" marks a request that must not be answered at all. */
export type Answer = "none" | "empty" | "entry" | "attr" | "open" | "create" | "count" | "data" | "directory" | "init" | "other";

/** Who serves an opcode: a handler by name, the driver itself, or nobody, for the reason given. */
export type Service =
  | { readonly by: "handler"; readonly handler: keyof Handlers }
  | { readonly by: "driver" }
  | { readonly by: "nobody"; readonly reason: string };

/** All the driver knows of one opcode. */
export interface OpcodeRow {
  readonly name: string;
  readonly opcode: number;
  /** Bytes after the header that every such request has. A shorter one answers EINVAL before it is decoded. */
  readonly requestSize: number;
  /** The one object that `decode` fills. */
  readonly message: object;
  /** Fills the message. Returns 0, an errno, or decode.answerEmpty. (A method, so that rows of all messages fit one type.) */
  decode(request: Request, message: object): number;
  readonly answer: Answer;
  readonly service: Service;
  /** What the kernel makes of ENOSYS here; "" where it passes it on to the caller, each time. */
  readonly enosys: string;
}

const headerless = new messages.EmptyMessage();

function served<Name extends keyof Handlers>(
  handler: Name,
  name: string,
  opcode: number,
  requestSize: number,
  message: MessageOf<Name>,
  decoder: (request: Request, message: MessageOf<Name>) => number,
  answer: Answer,
  enosys: string,
): OpcodeRow {
  return { name, opcode, requestSize, message, decode: decoder, answer, service: { by: "handler", handler }, enosys } as OpcodeRow;
}

function internal<Message extends object>(
  name: string,
  opcode: number,
  requestSize: number,
  message: Message,
  decoder: (request: Request, message: Message) => number,
  answer: Answer,
): OpcodeRow {
  return { name, opcode, requestSize, message, decode: decoder, answer, service: { by: "driver" }, enosys: "" } as OpcodeRow;
}

/** An opcode that always answers ENOSYS. Its request is not decoded. */
function refused(name: string, opcode: number, reason: string): OpcodeRow {
  const service: Service = { by: "nobody", reason };
  return { name, opcode, requestSize: 0, message: headerless, decode: decode.decodeEmpty, answer: "other", service, enosys: "" };
}

const localLocks = "Neither POSIX_LOCKS nor FLOCK_LOCKS is asked for: the kernel keeps file locks itself, and all lockers share this kernel.";
const dax = "Direct mapping of the server's memory is for virtiofs, which shares a window with its guest.";
const cuse = "This is a file system, not a character device (CUSE).";
const foreignEndian = "Marks a kernel of the other byte order; a device in this machine has none.";

/** In the order of the kernel's `enum fuse_opcode`, none missing. */
export const opcodeRows: readonly OpcodeRow[] = [
  served("lookup", "LOOKUP", op.FUSE_LOOKUP, 0, new messages.NameMessage(), decode.decodeName, "entry", ""),
  served("forget", "FORGET", op.FUSE_FORGET, abi.fuse_forget_in.SIZE, new messages.ForgetMessage(), decode.decodeForget, "none", ""),
  served("getattr", "GETATTR", op.FUSE_GETATTR, abi.fuse_getattr_in.SIZE, new messages.GetattrMessage(), decode.decodeGetattr, "attr", ""),
  served("setattr", "SETATTR", op.FUSE_SETATTR, abi.fuse_setattr_in.SIZE, new messages.SetattrMessage(), decode.decodeSetattr, "attr", ""),
  served("readlink", "READLINK", op.FUSE_READLINK, 0, headerless, decode.decodeEmpty, "data", ""),
  served("symlink", "SYMLINK", op.FUSE_SYMLINK, 0, new messages.SymlinkMessage(), decode.decodeSymlink, "entry", ""),
  served("mknod", "MKNOD", op.FUSE_MKNOD, abi.fuse_mknod_in.SIZE, new messages.MknodMessage(), decode.decodeMknod, "entry", ""),
  served("mkdir", "MKDIR", op.FUSE_MKDIR, abi.fuse_mkdir_in.SIZE, new messages.MkdirMessage(), decode.decodeMkdir, "entry", ""),
  served("unlink", "UNLINK", op.FUSE_UNLINK, 0, new messages.NameMessage(), decode.decodeName, "empty", ""),
  served("rmdir", "RMDIR", op.FUSE_RMDIR, 0, new messages.NameMessage(), decode.decodeName, "empty", ""),
  served("rename", "RENAME", op.FUSE_RENAME, abi.fuse_rename_in.SIZE, new messages.RenameMessage(), decode.decodeRename, "empty", ""),
  served("link", "LINK", op.FUSE_LINK, abi.fuse_link_in.SIZE, new messages.LinkMessage(), decode.decodeLink, "entry", ""),
  served("open", "OPEN", op.FUSE_OPEN, abi.fuse_open_in.SIZE, new messages.OpenMessage(), decode.decodeOpen, "open",
    "opens every file by itself from then on, with fh 0 and no RELEASE; with ATOMIC_O_TRUNC this loses truncation, so never both"),
  served("read", "READ", op.FUSE_READ, abi.fuse_read_in.SIZE, new messages.ReadMessage(), decode.decodeRead, "data", ""),
  served("write", "WRITE", op.FUSE_WRITE, abi.fuse_write_in.SIZE, new messages.WriteMessage(), decode.decodeWrite, "count", ""),
  served("statfs", "STATFS", op.FUSE_STATFS, 0, headerless, decode.decodeEmpty, "other", ""),
  served("release", "RELEASE", op.FUSE_RELEASE, abi.fuse_release_in.SIZE, new messages.ReleaseMessage(), decode.decodeRelease, "empty",
    "ignores it, as any error of RELEASE"),
  served("fsync", "FSYNC", op.FUSE_FSYNC, abi.fuse_fsync_in.SIZE, new messages.FsyncMessage(), decode.decodeFsync, "empty",
    "answers every fsync(2) with success from then on"),
  served("setxattr", "SETXATTR", op.FUSE_SETXATTR, abi.FUSE_COMPAT_SETXATTR_IN_SIZE, new messages.SetxattrMessage(), decode.decodeSetxattr,
    "empty", "answers EOPNOTSUPP from then on"),
  served("getxattr", "GETXATTR", op.FUSE_GETXATTR, abi.fuse_getxattr_in.SIZE, new messages.GetxattrMessage(), decode.decodeGetxattr, "data",
    "answers EOPNOTSUPP from then on"),
  served("listxattr", "LISTXATTR", op.FUSE_LISTXATTR, abi.fuse_getxattr_in.SIZE, new messages.ListxattrMessage(), decode.decodeListxattr,
    "data", "answers EOPNOTSUPP from then on"),
  served("removexattr", "REMOVEXATTR", op.FUSE_REMOVEXATTR, 0, new messages.NameMessage(), decode.decodeXattrName, "empty",
    "answers EOPNOTSUPP from then on"),
  served("flush", "FLUSH", op.FUSE_FLUSH, abi.fuse_flush_in.SIZE, new messages.FlushMessage(), decode.decodeFlush, "empty",
    "sends no more FLUSH, and close(2) succeeds"),
  internal("INIT", op.FUSE_INIT, abi.FUSE_COMPAT_INIT_IN_SIZE, new messages.InitMessage(), decode.decodeInit, "init"),
  served("opendir", "OPENDIR", op.FUSE_OPENDIR, abi.fuse_open_in.SIZE, new messages.OpenMessage(), decode.decodeOpen, "open",
    "opens every directory by itself from then on, with fh 0, CACHE_DIR and no RELEASEDIR"),
  served("readdir", "READDIR", op.FUSE_READDIR, abi.fuse_read_in.SIZE, new messages.ReadMessage(), decode.decodeReaddir, "directory", ""),
  served("releasedir", "RELEASEDIR", op.FUSE_RELEASEDIR, abi.fuse_release_in.SIZE, new messages.ReleaseMessage(), decode.decodeRelease,
    "empty", "ignores it, as any error of RELEASEDIR"),
  served("fsyncdir", "FSYNCDIR", op.FUSE_FSYNCDIR, abi.fuse_fsync_in.SIZE, new messages.FsyncMessage(), decode.decodeFsync, "empty",
    "answers every fsync(2) of a directory with success from then on"),
  refused("GETLK", op.FUSE_GETLK, localLocks),
  refused("SETLK", op.FUSE_SETLK, localLocks),
  refused("SETLKW", op.FUSE_SETLKW, localLocks),
  served("access", "ACCESS", op.FUSE_ACCESS, abi.fuse_access_in.SIZE, new messages.AccessMessage(), decode.decodeAccess, "empty",
    "allows everything from then on; default_permissions has checked already"),
  served("create", "CREATE", op.FUSE_CREATE, abi.fuse_create_in.SIZE, new messages.CreateMessage(), decode.decodeCreate, "create",
    "sends MKNOD and OPEN instead from then on"),
  internal("INTERRUPT", op.FUSE_INTERRUPT, abi.fuse_interrupt_in.SIZE, new messages.InterruptMessage(), decode.decodeInterrupt, "none"),
  refused("BMAP", op.FUSE_BMAP, "Files have no blocks on a device; only fuseblk mounts are asked."),
  served("destroy", "DESTROY", op.FUSE_DESTROY, 0, headerless, decode.decodeEmpty, "empty", "ignores it; a plain mount sends none, its end is ENODEV"),
  refused("IOCTL", op.FUSE_IOCTL, "There is no ioctl to serve; the kernel says ENOTTY, as for any file without one."),
  refused("POLL", op.FUSE_POLL, "Files are always ready; after ENOSYS the kernel says so itself."),
  { ...refused("NOTIFY_REPLY", op.FUSE_NOTIFY_REPLY, "Answers NOTIFY_RETRIEVE, which is never sent."), answer: "none" },
  internal("BATCH_FORGET", op.FUSE_BATCH_FORGET, abi.fuse_batch_forget_in.SIZE, new messages.BatchForgetMessage(), decode.decodeBatchForget,
    "none"),
  served("fallocate", "FALLOCATE", op.FUSE_FALLOCATE, abi.fuse_fallocate_in.SIZE, new messages.FallocateMessage(), decode.decodeFallocate,
    "empty", "answers EOPNOTSUPP from then on"),
  served("readdirplus", "READDIRPLUS", op.FUSE_READDIRPLUS, abi.fuse_read_in.SIZE, new messages.ReadMessage(), decode.decodeReaddir,
    "directory", ""),
  served("rename", "RENAME2", op.FUSE_RENAME2, abi.fuse_rename2_in.SIZE, new messages.RenameMessage(), decode.decodeRename2, "empty",
    "answers EINVAL to renames with flags from then on"),
  served("lseek", "LSEEK", op.FUSE_LSEEK, abi.fuse_lseek_in.SIZE, new messages.LseekMessage(), decode.decodeLseek, "other",
    "takes files to have no holes from then on"),
  served("copyFileRange", "COPY_FILE_RANGE", op.FUSE_COPY_FILE_RANGE, abi.fuse_copy_file_range_in.SIZE, new messages.CopyFileRangeMessage(),
    decode.decodeCopyFileRange, "count", "copies by reading and writing from then on"),
  refused("SETUPMAPPING", op.FUSE_SETUPMAPPING, dax),
  refused("REMOVEMAPPING", op.FUSE_REMOVEMAPPING, dax),
  served("syncfs", "SYNCFS", op.FUSE_SYNCFS, abi.fuse_syncfs_in.SIZE, headerless, decode.decodeEmpty, "empty",
    "answers syncfs(2) with success; it sends SYNCFS to virtiofs only"),
  served("tmpfile", "TMPFILE", op.FUSE_TMPFILE, abi.fuse_create_in.SIZE, new messages.CreateMessage(), decode.decodeTmpfile, "create",
    "answers EOPNOTSUPP to O_TMPFILE from then on"),
  served("statx", "STATX", op.FUSE_STATX, abi.fuse_statx_in.SIZE, new messages.StatxMessage(), decode.decodeStatx, "other",
    "uses GETATTR from then on, and statx(2) has no birth time"),
  served("copyFileRange", "COPY_FILE_RANGE_64", op.FUSE_COPY_FILE_RANGE_64, abi.fuse_copy_file_range_in.SIZE,
    new messages.CopyFileRangeMessage(), decode.decodeCopyFileRange, "count", "sends COPY_FILE_RANGE instead from then on"),
  refused("CUSE_INIT", op.CUSE_INIT, cuse),
  refused("CUSE_INIT_BSWAP_RESERVED", op.CUSE_INIT_BSWAP_RESERVED, foreignEndian),
  refused("FUSE_INIT_BSWAP_RESERVED", op.FUSE_INIT_BSWAP_RESERVED, foreignEndian),
];

/** Stands for opcodes that the header does not know: a newer kernel's, which takes ENOSYS as "not here". */
export const unknownOpcode: OpcodeRow = refused("unknown", 0, "The protocol this driver speaks has no such opcode.");

/** Rows by opcode, dense up to the last of the file system's own. */
const dense: OpcodeRow[] = [];
const sparse = new Map<number, OpcodeRow>();
for (let opcode = 0; opcode <= op.FUSE_COPY_FILE_RANGE_64; opcode++) dense.push(unknownOpcode);
for (const row of opcodeRows) {
  if (row.opcode < dense.length) dense[row.opcode] = row;
  else sparse.set(row.opcode, row);
}

/** The row of an opcode, `unknownOpcode` if there is none. */
export function rowOf(opcode: number): OpcodeRow {
  return dense[opcode] ?? sparse.get(opcode) ?? unknownOpcode;
}
