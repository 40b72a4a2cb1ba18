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
  /** What the kernel makes of ENOSYS here, for the rest of the mount's life; "" where it passes it on to the caller, each time. */
  readonly enosys: string;
}

const headerless = new messages.EmptyMessage();

type OpcodeKey = keyof typeof op;

/** `FUSE_LOOKUP` is called LOOKUP and numbered 1. */
function identity(key: OpcodeKey): { name: string; opcode: number } {
  return { name: key.replace(/^FUSE_(?!INIT_B)/, ""), opcode: op[key] };
}

function served<Name extends keyof Handlers>(
  handler: Name,
  key: OpcodeKey,
  requestSize: number,
  message: MessageOf<Name>,
  decoder: (request: Request, message: MessageOf<Name>) => number,
  answer: Answer,
  enosys: string,
): OpcodeRow {
  const service: Service = { by: "handler", handler };
  return { ...identity(key), requestSize, message, decode: decoder, answer, service, enosys } as OpcodeRow;
}

function internal<Message extends object>(
  key: OpcodeKey,
  requestSize: number,
  message: Message,
  decoder: (request: Request, message: Message) => number,
  answer: Answer,
): OpcodeRow {
  return { ...identity(key), requestSize, message, decode: decoder, answer, service: { by: "driver" }, enosys: "" } as OpcodeRow;
}

/** An opcode that always answers ENOSYS. Its request is not decoded. */
function refused(key: OpcodeKey, answer: Answer, reason: string): OpcodeRow {
  const service: Service = { by: "nobody", reason };
  return { ...identity(key), requestSize: 0, message: headerless, decode: decode.decodeEmpty, answer, service, enosys: "" };
}

const localLocks =
  "Neither POSIX_LOCKS nor FLOCK_LOCKS is asked for: the kernel keeps file locks itself, and all lockers share this kernel.";
const blocks = "Files have no blocks on a device; only fuseblk mounts are asked.";
const ioctls = "There is no ioctl to serve; the kernel says ENOTTY, as for any file without one.";
const ready = "Files are always ready; after ENOSYS the kernel says so itself.";
const retrieved = "Answers NOTIFY_RETRIEVE, which is never sent.";
const dax = "Direct mapping of the server's memory is for virtiofs, which shares a window with its guest.";
const cuse = "This is a file system, not a character device (CUSE).";
const foreignEndian = "Marks a kernel of the other byte order; a device in this machine has none.";

/** What the kernel makes of ENOSYS, each for the rest of the mount's life. */
const then = {
  open: "opens every file by itself, with fh 0 and no RELEASE; together with ATOMIC_O_TRUNC this loses truncation, so never both",
  opendir: "opens every directory by itself, with fh 0, CACHE_DIR and no RELEASEDIR",
  release: "ignores it, as any error of a release",
  fsync: "answers every fsync(2) with success, and nothing is synced",
  xattr: "answers EOPNOTSUPP",
  flush: "sends no more FLUSH, and close(2) succeeds",
  access: "allows everything; default_permissions has checked already",
  create: "sends MKNOD and OPEN instead",
  destroy: "ignores it; a plain mount sends none, its end is ENODEV",
  fallocate: "answers EOPNOTSUPP",
  rename2: "answers EINVAL to renames with flags",
  lseek: "takes files to have no holes",
  copy: "copies by reading and writing",
  copy64: "sends COPY_FILE_RANGE instead",
  syncfs: "answers syncfs(2) with success; it sends SYNCFS to virtiofs only",
  tmpfile: "answers EOPNOTSUPP to O_TMPFILE",
  statx: "uses GETATTR, and statx(2) has no birth time",
} as const;

/** In the order of the kernel's `enum fuse_opcode`, none missing. */
export const opcodeRows: readonly OpcodeRow[] = [
  served("lookup", "FUSE_LOOKUP", 0, new messages.NameMessage(), decode.decodeName, "entry", ""),
  served("forget", "FUSE_FORGET", abi.fuse_forget_in.SIZE, new messages.ForgetMessage(), decode.decodeForget, "none", ""),
  served("getattr", "FUSE_GETATTR", abi.fuse_getattr_in.SIZE, new messages.GetattrMessage(), decode.decodeGetattr, "attr", ""),
  served("setattr", "FUSE_SETATTR", abi.fuse_setattr_in.SIZE, new messages.SetattrMessage(), decode.decodeSetattr, "attr", ""),
  served("readlink", "FUSE_READLINK", 0, headerless, decode.decodeEmpty, "data", ""),
  served("symlink", "FUSE_SYMLINK", 0, new messages.SymlinkMessage(), decode.decodeSymlink, "entry", ""),
  served("mknod", "FUSE_MKNOD", abi.fuse_mknod_in.SIZE, new messages.MknodMessage(), decode.decodeMknod, "entry", ""),
  served("mkdir", "FUSE_MKDIR", abi.fuse_mkdir_in.SIZE, new messages.MkdirMessage(), decode.decodeMkdir, "entry", ""),
  served("unlink", "FUSE_UNLINK", 0, new messages.NameMessage(), decode.decodeName, "empty", ""),
  served("rmdir", "FUSE_RMDIR", 0, new messages.NameMessage(), decode.decodeName, "empty", ""),
  served("rename", "FUSE_RENAME", abi.fuse_rename_in.SIZE, new messages.RenameMessage(), decode.decodeRename, "empty", ""),
  served("link", "FUSE_LINK", abi.fuse_link_in.SIZE, new messages.LinkMessage(), decode.decodeLink, "entry", ""),
  served("open", "FUSE_OPEN", abi.fuse_open_in.SIZE, new messages.OpenMessage(), decode.decodeOpen, "open", then.open),
  served("read", "FUSE_READ", abi.fuse_read_in.SIZE, new messages.ReadMessage(), decode.decodeRead, "data", ""),
  served("write", "FUSE_WRITE", abi.fuse_write_in.SIZE, new messages.WriteMessage(), decode.decodeWrite, "count", ""),
  served("statfs", "FUSE_STATFS", 0, headerless, decode.decodeEmpty, "other", ""),
  served("release", "FUSE_RELEASE", abi.fuse_release_in.SIZE, new messages.ReleaseMessage(), decode.decodeRelease, "empty", then.release),
  served("fsync", "FUSE_FSYNC", abi.fuse_fsync_in.SIZE, new messages.FsyncMessage(), decode.decodeFsync, "empty", then.fsync),
  served(
    "setxattr",
    "FUSE_SETXATTR",
    abi.FUSE_COMPAT_SETXATTR_IN_SIZE,
    new messages.SetxattrMessage(),
    decode.decodeSetxattr,
    "empty",
    then.xattr,
  ),
  served("getxattr", "FUSE_GETXATTR", abi.fuse_getxattr_in.SIZE, new messages.GetxattrMessage(), decode.decodeGetxattr, "data", then.xattr),
  served(
    "listxattr",
    "FUSE_LISTXATTR",
    abi.fuse_getxattr_in.SIZE,
    new messages.ListxattrMessage(),
    decode.decodeListxattr,
    "data",
    then.xattr,
  ),
  served("removexattr", "FUSE_REMOVEXATTR", 0, new messages.NameMessage(), decode.decodeXattrName, "empty", then.xattr),
  served("flush", "FUSE_FLUSH", abi.fuse_flush_in.SIZE, new messages.FlushMessage(), decode.decodeFlush, "empty", then.flush),
  internal("FUSE_INIT", abi.FUSE_COMPAT_INIT_IN_SIZE, new messages.InitMessage(), decode.decodeInit, "init"),
  served("opendir", "FUSE_OPENDIR", abi.fuse_open_in.SIZE, new messages.OpenMessage(), decode.decodeOpen, "open", then.opendir),
  served("readdir", "FUSE_READDIR", abi.fuse_read_in.SIZE, new messages.ReadMessage(), decode.decodeReaddir, "directory", ""),
  served(
    "releasedir",
    "FUSE_RELEASEDIR",
    abi.fuse_release_in.SIZE,
    new messages.ReleaseMessage(),
    decode.decodeRelease,
    "empty",
    then.release,
  ),
  served("fsyncdir", "FUSE_FSYNCDIR", abi.fuse_fsync_in.SIZE, new messages.FsyncMessage(), decode.decodeFsync, "empty", then.fsync),
  refused("FUSE_GETLK", "other", localLocks),
  refused("FUSE_SETLK", "other", localLocks),
  refused("FUSE_SETLKW", "other", localLocks),
  served("access", "FUSE_ACCESS", abi.fuse_access_in.SIZE, new messages.AccessMessage(), decode.decodeAccess, "empty", then.access),
  served("create", "FUSE_CREATE", abi.fuse_create_in.SIZE, new messages.CreateMessage(), decode.decodeCreate, "create", then.create),
  internal("FUSE_INTERRUPT", abi.fuse_interrupt_in.SIZE, new messages.InterruptMessage(), decode.decodeInterrupt, "none"),
  refused("FUSE_BMAP", "other", blocks),
  served("destroy", "FUSE_DESTROY", 0, headerless, decode.decodeEmpty, "empty", then.destroy),
  refused("FUSE_IOCTL", "other", ioctls),
  refused("FUSE_POLL", "other", ready),
  refused("FUSE_NOTIFY_REPLY", "none", retrieved),
  internal("FUSE_BATCH_FORGET", abi.fuse_batch_forget_in.SIZE, new messages.BatchForgetMessage(), decode.decodeBatchForget, "none"),
  served(
    "fallocate",
    "FUSE_FALLOCATE",
    abi.fuse_fallocate_in.SIZE,
    new messages.FallocateMessage(),
    decode.decodeFallocate,
    "empty",
    then.fallocate,
  ),
  served("readdirplus", "FUSE_READDIRPLUS", abi.fuse_read_in.SIZE, new messages.ReadMessage(), decode.decodeReaddir, "directory", ""),
  served("rename", "FUSE_RENAME2", abi.fuse_rename2_in.SIZE, new messages.RenameMessage(), decode.decodeRename2, "empty", then.rename2),
  served("lseek", "FUSE_LSEEK", abi.fuse_lseek_in.SIZE, new messages.LseekMessage(), decode.decodeLseek, "other", then.lseek),
  served(
    "copyFileRange",
    "FUSE_COPY_FILE_RANGE",
    abi.fuse_copy_file_range_in.SIZE,
    new messages.CopyFileRangeMessage(),
    decode.decodeCopyFileRange,
    "count",
    then.copy,
  ),
  refused("FUSE_SETUPMAPPING", "other", dax),
  refused("FUSE_REMOVEMAPPING", "other", dax),
  served("syncfs", "FUSE_SYNCFS", abi.fuse_syncfs_in.SIZE, headerless, decode.decodeEmpty, "empty", then.syncfs),
  served("tmpfile", "FUSE_TMPFILE", abi.fuse_create_in.SIZE, new messages.CreateMessage(), decode.decodeTmpfile, "create", then.tmpfile),
  served("statx", "FUSE_STATX", abi.fuse_statx_in.SIZE, new messages.StatxMessage(), decode.decodeStatx, "other", then.statx),
  served(
    "copyFileRange",
    "FUSE_COPY_FILE_RANGE_64",
    abi.fuse_copy_file_range_in.SIZE,
    new messages.CopyFileRangeMessage(),
    decode.decodeCopyFileRange,
    "count",
    then.copy64,
  ),
  refused("CUSE_INIT", "other", cuse),
  refused("CUSE_INIT_BSWAP_RESERVED", "other", foreignEndian),
  refused("FUSE_INIT_BSWAP_RESERVED", "other", foreignEndian),
];

/** Stands for opcodes that the header does not know: a newer kernel's, which takes ENOSYS as "not here". */
export const unknownOpcode: OpcodeRow = {
  name: "unknown",
  opcode: 0,
  requestSize: 0,
  message: headerless,
  decode: decode.decodeEmpty,
  answer: "other",
  service: { by: "nobody", reason: "The protocol this driver speaks has no such opcode." },
  enosys: "",
};

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
