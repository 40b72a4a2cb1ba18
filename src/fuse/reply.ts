import type { Name } from "../base/bytes.js";
import type { Attributes, FileSystemStatistics, StatxAttributes } from "./attributes.js";

/**
 * What a handler answers with. Which driver carries the answer, and in what form, is not the handler's business.
 * A handler calls exactly one of the answering methods; an exception after it still becomes an error. A second answer throws.
 */
export interface Reply {
  /** Answers an errno, positive. */
  error(errno: number): void;

  /** Answers success without a body. */
  ok(): void;

  /** LOOKUP, MKNOD, MKDIR, SYMLINK, LINK: the node by that name. Adds one to the node's lookup count. Timeouts in seconds, Infinity allowed. */
  entry(nodeidLo: number, nodeidHi: number, generation: number, attr: Attributes, entryTimeoutSec: number, attrTimeoutSec: number): void;

  /** LOOKUP: there is nothing by that name, which may be believed for `timeoutSec`. */
  negativeEntry(timeoutSec: number): void;

  /** GETATTR, SETATTR. */
  attr(attr: Attributes, timeoutSec: number): void;

  /** OPEN, OPENDIR: `fh` is any number from 0 to 2^53-1, `openFlags` are FOPEN_*. */
  open(fh: number, openFlags: number): void;

  /** CREATE, TMPFILE: entry and open in one. Adds one to the node's lookup count. */
  create(
    nodeidLo: number,
    nodeidHi: number,
    generation: number,
    attr: Attributes,
    entryTimeoutSec: number,
    attrTimeoutSec: number,
    fh: number,
    openFlags: number,
  ): void;

  /** WRITE: bytes taken. Fewer than were sent is a short write. */
  written(bytes: number): void;

  /** COPY_FILE_RANGE and COPY_FILE_RANGE_64: bytes copied. */
  copied(bytes: number): void;

  /** GETXATTR, LISTXATTR: the first `length` bytes of `bytes`; ERANGE when the caller's buffer is smaller. */
  bytes(bytes: Uint8Array, length: number): void;

  /** READLINK: the target, one byte a character. */
  target(target: Name): void;

  /** READ: where to put up to `maxLength` bytes. Answer with `payloadLength` afterwards. The memory is not zeroed. */
  payload(maxLength: number): Buffer;

  /** Answers the first `length` bytes put in `payload`. */
  payloadLength(length: number): void;

  statfs(statistics: FileSystemStatistics): void;

  /** GETXATTR and LISTXATTR of size 0: how many bytes there would be. */
  xattrSize(bytes: number): void;

  lseek(offset: number): void;

  /** STATX: `mask` (STATX_* bits) says which fields `attr` really has. */
  statx(mask: number, attr: StatxAttributes, timeoutSec: number): void;

  /**
   * READDIR: packs one entry; false, and nothing packed, when it does not fit. `offset` is where the next READDIR goes on after
   * this entry, `type` a DT_* number (`mode >>> 12`). Answer with `directory` when done.
   */
  dirent(inoLo: number, inoHi: number, offset: number, type: number, name: Name): boolean;

  /**
   * READDIRPLUS: packs one entry with its attributes, which counts as a lookup of the node; false, and no lookup, when it does
   * not fit. For "." and "..", which are not counted, use `direntPlusUncounted`.
   */
  direntPlus(
    nodeidLo: number,
    nodeidHi: number,
    generation: number,
    attr: Attributes,
    entryTimeoutSec: number,
    attrTimeoutSec: number,
    offset: number,
    name: Name,
  ): boolean;

  /** READDIRPLUS: packs one entry without attributes. No lookup is counted; the kernel looks the name up itself if it needs to. */
  direntPlusUncounted(inoLo: number, inoHi: number, offset: number, type: number, name: Name): boolean;

  /** READDIR, READDIRPLUS: answers what was packed. Nothing packed says that the directory has ended. */
  directory(): void;
}
