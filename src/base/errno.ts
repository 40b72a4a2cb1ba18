import { constants } from "node:os";

/** Linux error numbers by name, positive, as `errno(3)` gives them. */
export const {
  E2BIG,
  EACCES,
  EAGAIN,
  EBADF,
  EBUSY,
  EEXIST,
  EFBIG,
  EILSEQ,
  EINTR,
  EINVAL,
  EIO,
  EISDIR,
  ELOOP,
  EMFILE,
  EMLINK,
  ENAMETOOLONG,
  ENODATA,
  ENODEV,
  ENOENT,
  ENOMEM,
  ENOSPC,
  ENOSYS,
  ENOTCONN,
  ENOTDIR,
  ENOTEMPTY,
  ENOTSUP,
  ENOTTY,
  ENXIO,
  EOPNOTSUPP,
  EOVERFLOW,
  EPERM,
  EPROTO,
  ERANGE,
  EROFS,
  ESTALE,
  ETXTBSY,
  EXDEV,
} = constants.errno;

const names = new Map<number, string>(Object.entries(constants.errno).map(([name, number]) => [number, name]));

/** The name of an error number (`2` gives `ENOENT`), or the number itself where Linux has no name for it. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `errno ${errno}`;
}

/**
 * An operation's refusal. `errno` is positive; `what` says what was refused, for a log line.
 * It carries no stack: refusals are ordinary answers, and a captured stack costs 5 µs.
 */
export class FsError extends Error {
  override readonly name = "FsError";
  readonly errno: number;

  constructor(errno: number, what: string) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(what);
    Error.stackTraceLimit = limit;
    this.errno = errno;
  }
}
