/**
 * Decoders: one function for each shape of request, which fills a message from the request's bytes. Nothing is allocated but
 * names and views of data, nothing is thrown, nothing is read beyond `request.end` or the caller's check of the fixed part.
 * Each returns what is to become of the request: 0 (hand it to its handler), a positive errno (answer that), or `answerEmpty`.
 */
import { EBADF, EFBIG, EINVAL, ENAMETOOLONG, ENXIO } from "../base/errno.js";
import { symlinkMaxBytes, xattrMaxBytes } from "../base/limits.js";
import * as abi from "./abi.js";
import { body, int64, isTime, nameAfter, nameProblem, terminator, uint64, xattrNameAfter } from "./fields.js";
import type * as messages from "./messages.js";
import type { Request } from "./request.js";

/** The request is fine and its answer is nothing: a READ beyond any file's end. */
export const answerEmpty = -1;

export function decodeEmpty(): number {
  return 0;
}

export function decodeName(request: Request, message: messages.NameMessage): number {
  return nameAfter(request, message, 0);
}

export function decodeXattrName(request: Request, message: messages.NameMessage): number {
  return xattrNameAfter(request, message, 0);
}

/** A lookup count beyond 2^53 cannot have grown by lookups; it forgets all there is. */
function lookups(view: DataView, at: number): number {
  const count = uint64(view, at);
  return count === -1 ? Number.MAX_SAFE_INTEGER : count;
}

export function decodeForget(request: Request, message: messages.ForgetMessage): number {
  message.nodeidLo = request.header.nodeidLo;
  message.nodeidHi = request.header.nodeidHi;
  message.nlookup = lookups(request.view, body + abi.fuse_forget_in.nlookup);
  return 0;
}

export function decodeBatchForget(request: Request, message: messages.BatchForgetMessage): number {
  const count = request.view.getUint32(body + abi.fuse_batch_forget_in.count, true);
  const room = request.end - body - abi.fuse_batch_forget_in.SIZE;
  message.count = count;
  return count * abi.fuse_forget_one.SIZE <= room ? 0 : EINVAL;
}

/** Item `index` of a BATCH_FORGET that decodeBatchForget has let through. */
export function decodeForgetItem(request: Request, message: messages.ForgetMessage, index: number): void {
  const at = body + abi.fuse_batch_forget_in.SIZE + index * abi.fuse_forget_one.SIZE;
  message.nodeidLo = request.view.getUint32(at + abi.fuse_forget_one.nodeid, true);
  message.nodeidHi = request.view.getUint32(at + abi.fuse_forget_one.nodeid + 4, true);
  message.nlookup = lookups(request.view, at + abi.fuse_forget_one.nlookup);
}

export function decodeGetattr(request: Request, message: messages.GetattrMessage): number {
  const { view } = request;
  const flags = view.getUint32(body + abi.fuse_getattr_in.getattr_flags, true);
  if ((flags & abi.FUSE_GETATTR_FH) === 0) {
    message.fh = -1;
    return 0;
  }
  message.fh = uint64(view, body + abi.fuse_getattr_in.fh);
  return message.fh === -1 ? EBADF : 0;
}

export function decodeSetattr(request: Request, message: messages.SetattrMessage): number {
  const { view } = request;
  const layout = abi.fuse_setattr_in;
  const valid = view.getUint32(body + layout.valid, true);
  message.valid = valid;
  message.fh = (valid & abi.FATTR_FH) === 0 ? -1 : uint64(view, body + layout.fh);
  message.size = (valid & abi.FATTR_SIZE) === 0 ? 0 : uint64(view, body + layout.size);
  message.mode = view.getUint32(body + layout.mode, true);
  message.uid = view.getUint32(body + layout.uid, true);
  message.gid = view.getUint32(body + layout.gid, true);
  message.atimeSec = int64(view, body + layout.atime);
  message.mtimeSec = int64(view, body + layout.mtime);
  message.ctimeSec = int64(view, body + layout.ctime);
  message.atimeNsec = view.getUint32(body + layout.atimensec, true);
  message.mtimeNsec = view.getUint32(body + layout.mtimensec, true);
  message.ctimeNsec = view.getUint32(body + layout.ctimensec, true);
  if (message.size === -1) return EFBIG;
  if ((valid & abi.FATTR_FH) !== 0 && message.fh === -1) return EBADF;
  return setattrTimeProblem(message);
}

function setattrTimeProblem(message: messages.SetattrMessage): number {
  const { valid } = message;
  if ((valid & abi.FATTR_ATIME) !== 0 && !isTime(message.atimeSec, message.atimeNsec)) return EINVAL;
  if ((valid & abi.FATTR_MTIME) !== 0 && !isTime(message.mtimeSec, message.mtimeNsec)) return EINVAL;
  if ((valid & abi.FATTR_CTIME) !== 0 && !isTime(message.ctimeSec, message.ctimeNsec)) return EINVAL;
  return 0;
}

export function decodeSymlink(request: Request, message: messages.SymlinkMessage): number {
  const problem = nameAfter(request, message, 0);
  if (problem !== 0) return problem;
  const start = body + message.name.length + 1;
  const end = terminator(request, start);
  if (end <= start) return EINVAL;
  if (end - start > symlinkMaxBytes) return ENAMETOOLONG;
  message.target = request.buffer.latin1Slice(start, end);
  return 0;
}

export function decodeMknod(request: Request, message: messages.MknodMessage): number {
  const { view } = request;
  message.mode = view.getUint32(body + abi.fuse_mknod_in.mode, true);
  message.rdev = view.getUint32(body + abi.fuse_mknod_in.rdev, true);
  message.umask = view.getUint32(body + abi.fuse_mknod_in.umask, true);
  return nameAfter(request, message, abi.fuse_mknod_in.SIZE);
}

export function decodeMkdir(request: Request, message: messages.MkdirMessage): number {
  message.mode = request.view.getUint32(body + abi.fuse_mkdir_in.mode, true);
  message.umask = request.view.getUint32(body + abi.fuse_mkdir_in.umask, true);
  return nameAfter(request, message, abi.fuse_mkdir_in.SIZE);
}

/** The old and the new name after a fixed part of `size` bytes that begins with the new directory. */
function renameAfter(request: Request, message: messages.RenameMessage, size: number): number {
  message.newdirLo = request.view.getUint32(body + abi.fuse_rename_in.newdir, true);
  message.newdirHi = request.view.getUint32(body + abi.fuse_rename_in.newdir + 4, true);
  const problem = nameAfter(request, message, size);
  if (problem !== 0) return problem;
  const start = body + size + message.name.length + 1;
  const end = terminator(request, start);
  const newProblem = nameProblem(request, start, end);
  if (newProblem === 0) message.newName = request.buffer.latin1Slice(start, end);
  return newProblem;
}

export function decodeRename(request: Request, message: messages.RenameMessage): number {
  message.flags = 0;
  return renameAfter(request, message, abi.fuse_rename_in.SIZE);
}

export function decodeRename2(request: Request, message: messages.RenameMessage): number {
  message.flags = request.view.getUint32(body + abi.fuse_rename2_in.flags, true);
  return renameAfter(request, message, abi.fuse_rename2_in.SIZE);
}

export function decodeLink(request: Request, message: messages.LinkMessage): number {
  message.oldnodeidLo = request.view.getUint32(body + abi.fuse_link_in.oldnodeid, true);
  message.oldnodeidHi = request.view.getUint32(body + abi.fuse_link_in.oldnodeid + 4, true);
  return nameAfter(request, message, abi.fuse_link_in.SIZE);
}

export function decodeOpen(request: Request, message: messages.OpenMessage): number {
  message.flags = request.view.getUint32(body + abi.fuse_open_in.flags, true);
  message.openFlags = request.view.getUint32(body + abi.fuse_open_in.open_flags, true);
  return 0;
}

function readFields(request: Request, message: messages.ReadMessage): number {
  const { view } = request;
  message.fh = uint64(view, body + abi.fuse_read_in.fh);
  message.offset = uint64(view, body + abi.fuse_read_in.offset);
  message.size = view.getUint32(body + abi.fuse_read_in.size, true);
  message.flags = view.getUint32(body + abi.fuse_read_in.flags, true);
  request.replyLimit = message.size;
  return message.fh === -1 ? EBADF : 0;
}

export function decodeRead(request: Request, message: messages.ReadMessage): number {
  const problem = readFields(request, message);
  if (problem !== 0) return problem;
  return message.offset === -1 ? answerEmpty : 0;
}

/** A directory's offsets are ours to hand out: one beyond 2^53-1 is none of them. */
export function decodeReaddir(request: Request, message: messages.ReadMessage): number {
  const problem = readFields(request, message);
  if (problem !== 0) return problem;
  return message.offset === -1 ? EINVAL : 0;
}

export function decodeWrite(request: Request, message: messages.WriteMessage): number {
  const { view } = request;
  const size = view.getUint32(body + abi.fuse_write_in.size, true);
  const start = body + abi.fuse_write_in.SIZE;
  if (size > request.end - start) return EINVAL;
  message.fh = uint64(view, body + abi.fuse_write_in.fh);
  message.offset = uint64(view, body + abi.fuse_write_in.offset);
  message.writeFlags = view.getUint32(body + abi.fuse_write_in.write_flags, true);
  message.flags = view.getUint32(body + abi.fuse_write_in.flags, true);
  message.data = request.buffer.subarray(start, start + size);
  if (message.fh === -1) return EBADF;
  return message.offset === -1 || message.offset + size > Number.MAX_SAFE_INTEGER ? EFBIG : 0;
}

export function decodeRelease(request: Request, message: messages.ReleaseMessage): number {
  const { view } = request;
  message.fh = uint64(view, body + abi.fuse_release_in.fh);
  message.flags = view.getUint32(body + abi.fuse_release_in.flags, true);
  message.releaseFlags = view.getUint32(body + abi.fuse_release_in.release_flags, true);
  return message.fh === -1 ? EBADF : 0;
}

export function decodeFsync(request: Request, message: messages.FsyncMessage): number {
  message.fh = uint64(request.view, body + abi.fuse_fsync_in.fh);
  message.fsyncFlags = request.view.getUint32(body + abi.fuse_fsync_in.fsync_flags, true);
  return message.fh === -1 ? EBADF : 0;
}

export function decodeFlush(request: Request, message: messages.FlushMessage): number {
  message.fh = uint64(request.view, body + abi.fuse_flush_in.fh);
  return message.fh === -1 ? EBADF : 0;
}

export function decodeSetxattr(request: Request, message: messages.SetxattrMessage): number {
  const { view } = request;
  const size = view.getUint32(body + abi.fuse_setxattr_in.size, true);
  const extended = request.setxattrSize === abi.fuse_setxattr_in.SIZE;
  if (request.end - body < request.setxattrSize) return EINVAL;
  message.flags = view.getUint32(body + abi.fuse_setxattr_in.flags, true);
  message.setxattrFlags = extended ? view.getUint32(body + abi.fuse_setxattr_in.setxattr_flags, true) : 0;
  const problem = xattrNameAfter(request, message, request.setxattrSize);
  if (problem !== 0) return problem;
  const start = body + request.setxattrSize + message.name.length + 1;
  if (size > xattrMaxBytes || size > request.end - start) return EINVAL;
  message.value = request.buffer.subarray(start, start + size);
  return 0;
}

export function decodeGetxattr(request: Request, message: messages.GetxattrMessage): number {
  message.size = request.view.getUint32(body + abi.fuse_getxattr_in.size, true);
  request.replyLimit = message.size;
  return xattrNameAfter(request, message, abi.fuse_getxattr_in.SIZE);
}

export function decodeListxattr(request: Request, message: messages.ListxattrMessage): number {
  message.size = request.view.getUint32(body + abi.fuse_getxattr_in.size, true);
  request.replyLimit = message.size;
  return 0;
}

export function decodeAccess(request: Request, message: messages.AccessMessage): number {
  message.mask = request.view.getUint32(body + abi.fuse_access_in.mask, true);
  return 0;
}

/** TMPFILE carries a name too, but it is "/", which names nothing. */
export function decodeTmpfile(request: Request, message: messages.CreateMessage): number {
  const { view } = request;
  message.name = "";
  message.flags = view.getUint32(body + abi.fuse_create_in.flags, true);
  message.mode = view.getUint32(body + abi.fuse_create_in.mode, true);
  message.umask = view.getUint32(body + abi.fuse_create_in.umask, true);
  message.openFlags = view.getUint32(body + abi.fuse_create_in.open_flags, true);
  return 0;
}

export function decodeCreate(request: Request, message: messages.CreateMessage): number {
  decodeTmpfile(request, message);
  return nameAfter(request, message, abi.fuse_create_in.SIZE);
}

export function decodeFallocate(request: Request, message: messages.FallocateMessage): number {
  const { view } = request;
  message.fh = uint64(view, body + abi.fuse_fallocate_in.fh);
  message.offset = uint64(view, body + abi.fuse_fallocate_in.offset);
  message.length = uint64(view, body + abi.fuse_fallocate_in.length);
  message.mode = view.getUint32(body + abi.fuse_fallocate_in.mode, true);
  if (message.fh === -1) return EBADF;
  if (message.offset === -1 || message.length === -1) return EFBIG;
  return message.offset + message.length > Number.MAX_SAFE_INTEGER ? EFBIG : 0;
}

/** Beyond the end of any file lseek(2) says ENXIO to SEEK_DATA and SEEK_HOLE alike. */
export function decodeLseek(request: Request, message: messages.LseekMessage): number {
  message.fh = uint64(request.view, body + abi.fuse_lseek_in.fh);
  message.offset = uint64(request.view, body + abi.fuse_lseek_in.offset);
  message.whence = request.view.getUint32(body + abi.fuse_lseek_in.whence, true);
  if (message.fh === -1) return EBADF;
  return message.offset === -1 ? ENXIO : 0;
}

export function decodeCopyFileRange(request: Request, message: messages.CopyFileRangeMessage): number {
  const { view } = request;
  const layout = abi.fuse_copy_file_range_in;
  message.fhIn = uint64(view, body + layout.fh_in);
  message.offsetIn = uint64(view, body + layout.off_in);
  message.nodeidOutLo = view.getUint32(body + layout.nodeid_out, true);
  message.nodeidOutHi = view.getUint32(body + layout.nodeid_out + 4, true);
  message.fhOut = uint64(view, body + layout.fh_out);
  message.offsetOut = uint64(view, body + layout.off_out);
  message.length = uint64(view, body + layout.len);
  message.flags = view.getUint32(body + layout.flags, true);
  if (message.fhIn === -1 || message.fhOut === -1) return EBADF;
  if (message.offsetIn === -1 || message.length === -1) return EINVAL;
  if (message.offsetIn + message.length > Number.MAX_SAFE_INTEGER) return EINVAL;
  return message.offsetOut === -1 || message.offsetOut + message.length > Number.MAX_SAFE_INTEGER ? EFBIG : 0;
}

export function decodeStatx(request: Request, message: messages.StatxMessage): number {
  const { view } = request;
  const flags = view.getUint32(body + abi.fuse_statx_in.getattr_flags, true);
  const hasFh = (flags & abi.FUSE_GETATTR_FH) !== 0;
  message.fh = hasFh ? uint64(view, body + abi.fuse_statx_in.fh) : -1;
  message.flags = view.getUint32(body + abi.fuse_statx_in.sx_flags, true);
  message.mask = view.getUint32(body + abi.fuse_statx_in.sx_mask, true);
  return hasFh && message.fh === -1 ? EBADF : 0;
}

export function decodeInterrupt(request: Request, message: messages.InterruptMessage): number {
  message.uniqueLo = request.view.getUint32(body + abi.fuse_interrupt_in.unique, true);
  message.uniqueHi = request.view.getUint32(body + abi.fuse_interrupt_in.unique + 4, true);
  return 0;
}

/** Kernels before 7.36 send the first 16 bytes only. */
export function decodeInit(request: Request, message: messages.InitMessage): number {
  const { view } = request;
  message.major = view.getUint32(body + abi.fuse_init_in.major, true);
  message.minor = view.getUint32(body + abi.fuse_init_in.minor, true);
  message.maxReadahead = view.getUint32(body + abi.fuse_init_in.max_readahead, true);
  message.flags = view.getUint32(body + abi.fuse_init_in.flags, true);
  const extended = request.end - body >= abi.fuse_init_in.flags2 + 4 && (message.flags & abi.FUSE_INIT_EXT) !== 0;
  message.flags2 = extended ? view.getUint32(body + abi.fuse_init_in.flags2, true) : 0;
  return 0;
}
