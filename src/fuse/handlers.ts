import type * as messages from "./messages.js";
import type { Reply } from "./reply.js";
import type { RequestHeader } from "./request.js";

/**
 * Answers one kind of request. All three objects are reused: what must outlive the call has to be copied. A handler answers
 * exactly once, by one of the reply's methods, or throws: an FsError becomes its errno, anything else EIO and a log line.
 */
export type Handler<Message> = (header: RequestHeader, message: Message, reply: Reply) => void;

/**
 * What a file system can serve, under the kernel's names. Whatever is missing answers ENOSYS, which the kernel remembers for the
 * life of the mount; opcodes.ts says for each what it makes of that. (Above all: without `fsync`, fsync(2) succeeds and does nothing.)
 */
export interface Handlers {
  lookup?: Handler<messages.NameMessage>;
  /** No reply. Called for FORGET, and for each item of BATCH_FORGET. */
  forget?: Handler<messages.ForgetMessage>;
  getattr?: Handler<messages.GetattrMessage>;
  setattr?: Handler<messages.SetattrMessage>;
  readlink?: Handler<messages.EmptyMessage>;
  symlink?: Handler<messages.SymlinkMessage>;
  mknod?: Handler<messages.MknodMessage>;
  mkdir?: Handler<messages.MkdirMessage>;
  unlink?: Handler<messages.NameMessage>;
  rmdir?: Handler<messages.NameMessage>;
  /** RENAME and RENAME2. */
  rename?: Handler<messages.RenameMessage>;
  link?: Handler<messages.LinkMessage>;
  open?: Handler<messages.OpenMessage>;
  read?: Handler<messages.ReadMessage>;
  write?: Handler<messages.WriteMessage>;
  statfs?: Handler<messages.EmptyMessage>;
  release?: Handler<messages.ReleaseMessage>;
  fsync?: Handler<messages.FsyncMessage>;
  setxattr?: Handler<messages.SetxattrMessage>;
  getxattr?: Handler<messages.GetxattrMessage>;
  listxattr?: Handler<messages.ListxattrMessage>;
  removexattr?: Handler<messages.NameMessage>;
  flush?: Handler<messages.FlushMessage>;
  opendir?: Handler<messages.OpenMessage>;
  readdir?: Handler<messages.ReadMessage>;
  releasedir?: Handler<messages.ReleaseMessage>;
  fsyncdir?: Handler<messages.FsyncMessage>;
  access?: Handler<messages.AccessMessage>;
  create?: Handler<messages.CreateMessage>;
  destroy?: Handler<messages.EmptyMessage>;
  fallocate?: Handler<messages.FallocateMessage>;
  readdirplus?: Handler<messages.ReadMessage>;
  lseek?: Handler<messages.LseekMessage>;
  /** COPY_FILE_RANGE and COPY_FILE_RANGE_64. */
  copyFileRange?: Handler<messages.CopyFileRangeMessage>;
  syncfs?: Handler<messages.EmptyMessage>;
  tmpfile?: Handler<messages.CreateMessage>;
  statx?: Handler<messages.StatxMessage>;
}

/** The message that the handler `Name` gets. */
export type MessageOf<Name extends keyof Handlers> = Parameters<NonNullable<Handlers[Name]>>[1];
