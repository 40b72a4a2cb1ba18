import * as abi from "./abi.js";
import type { InitMessage } from "./messages.js";
import { maxWriteBytes } from "./request.js";

/** The oldest kernel protocol served: 7.31, Linux 5.4. Older ones lack MAX_PAGES, CACHE_DIR or EXPLICIT_INVAL_DATA. */
export const oldestMinor = 31;

/** What the file system can do beyond the common part. */
export interface InitOptions {
  /** Access control lists: the kernel enforces what system.posix_acl_access and _default hold. Implies default_permissions. */
  readonly posixAcl: "on" | "off";
  /**
   * Delayed writes: the kernel collects small ones in its page cache. Then a WRITE may come after the RENAME that followed it,
   * without a caller, and the kernel keeps size and modification time itself.
   */
  readonly writebackCache: "on" | "off";
  /** HANDLE_KILLPRIV_V2: clearing set-user-id, set-group-id and capabilities on write, truncate and chown is the handlers' duty. */
  readonly killPrivilegesV2: "on" | "off";
  /** Truncation arrives with OPEN instead of as a SETATTR before it. Off where OPEN may be answered ENOSYS. */
  readonly atomicTruncate: "on" | "off";
  /** Requests without a waiting caller (read-ahead, delayed writes, RELEASE) that the kernel keeps under way at once; its own number is 12. */
  readonly maxBackground: number;
  /** From how many on the kernel holds delayed writes and read-ahead back. */
  readonly congestionThreshold: number;
}

export const defaultInitOptions: InitOptions = {
  posixAcl: "off",
  writebackCache: "off",
  killPrivilegesV2: "on",
  atomicTruncate: "on",
  maxBackground: 64,
  congestionThreshold: 48,
};

/** What both sides agreed on. */
export interface Negotiated {
  /** Of protocol 7: the smaller of both minors. */
  readonly minor: number;
  /** The INIT flags that hold: offered by the kernel and wanted here. `flags2` are those from bit 32 on. */
  readonly flags: number;
  readonly flags2: number;
  readonly maxReadaheadBytes: number;
  readonly maxWriteBytes: number;
  readonly maxPages: number;
  readonly maxBackground: number;
  readonly congestionThreshold: number;
  /** Kernels from 7.38 on let an entry expire where older ones drop it, with what is mounted below. */
  readonly expireOnly: boolean;
  /** Bytes of struct fuse_setxattr_in in each SETXATTR. */
  readonly setxattrSize: number;
}

/** The outcome of an offer: agreed, or a later offer is to be waited for, or there is no common ground. */
export type Negotiation =
  | { readonly kind: "agreed"; readonly negotiated: Negotiated }
  | { readonly kind: "newer-major" }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * The flags asked for where the kernel offers them.
 * - ASYNC_READ: several reads of one file at once, so read-ahead works.
 * - BIG_WRITES, MAX_PAGES: requests of up to 1 MiB instead of 4 or 128 KiB.
 * - DO_READDIRPLUS, READDIRPLUS_AUTO: listing with attributes in one request, when the lister wants them.
 * - PARALLEL_DIROPS: the kernel need not hold a directory's lock while it asks.
 * - CACHE_SYMLINKS, EXPLICIT_INVAL_DATA: caches hold until told otherwise; we are the only writer.
 * - DONT_MASK: the umask comes with the request, because a default ACL replaces it.
 * - SETXATTR_EXT: says when setting an ACL must clear set-group-id.
 * - never POSIX_LOCKS, FLOCK_LOCKS: the kernel keeps locks itself.
 */
const alwaysWanted =
  abi.FUSE_ASYNC_READ |
  abi.FUSE_BIG_WRITES |
  abi.FUSE_MAX_PAGES |
  abi.FUSE_DO_READDIRPLUS |
  abi.FUSE_READDIRPLUS_AUTO |
  abi.FUSE_PARALLEL_DIROPS |
  abi.FUSE_CACHE_SYMLINKS |
  abi.FUSE_EXPLICIT_INVAL_DATA |
  abi.FUSE_DONT_MASK |
  abi.FUSE_SETXATTR_EXT |
  abi.FUSE_INIT_EXT;

function wantedFlags(options: InitOptions): number {
  let wanted = alwaysWanted;
  if (options.posixAcl === "on") wanted |= abi.FUSE_POSIX_ACL;
  if (options.writebackCache === "on") wanted |= abi.FUSE_WRITEBACK_CACHE;
  if (options.killPrivilegesV2 === "on") wanted |= abi.FUSE_HANDLE_KILLPRIV_V2;
  if (options.atomicTruncate === "on") wanted |= abi.FUSE_ATOMIC_O_TRUNC;
  return wanted;
}

const pageBytes = 4096;

/** Weighs the kernel's offer. Pure: the session sends what comes of it. */
export function negotiate(offer: InitMessage, options: InitOptions): Negotiation {
  if (offer.major > abi.FUSE_KERNEL_VERSION) return { kind: "newer-major" };
  if (offer.major < abi.FUSE_KERNEL_VERSION || offer.minor < oldestMinor) {
    const spoken = `${offer.major}.${offer.minor}`;
    return { kind: "refused", reason: `this kernel speaks FUSE ${spoken}; 7.${oldestMinor} is needed, which Linux has had since 5.4` };
  }
  const flags = offer.flags & wantedFlags(options);
  const setxattrSize = (flags & abi.FUSE_SETXATTR_EXT) !== 0 ? abi.fuse_setxattr_in.SIZE : abi.FUSE_COMPAT_SETXATTR_IN_SIZE;
  return {
    kind: "agreed",
    negotiated: {
      minor: Math.min(offer.minor, abi.FUSE_KERNEL_MINOR_VERSION),
      flags,
      // None of the second half is asked for; without INIT_EXT the field does not count at all.
      flags2: 0,
      maxReadaheadBytes: offer.maxReadahead,
      maxWriteBytes,
      maxPages: maxWriteBytes / pageBytes,
      maxBackground: options.maxBackground,
      congestionThreshold: options.congestionThreshold,
      expireOnly: (offer.flags2 & abi.FUSE2_HAS_EXPIRE_ONLY) !== 0,
      setxattrSize,
    },
  };
}

/** Writes struct fuse_init_out at `at`. Times have a grain of 1 ns. */
export function putInit(view: DataView, at: number, negotiated: Negotiated): void {
  const layout = abi.fuse_init_out;
  for (let offset = 0; offset < layout.SIZE; offset += 4) view.setUint32(at + offset, 0, true);
  view.setUint32(at + layout.major, abi.FUSE_KERNEL_VERSION, true);
  view.setUint32(at + layout.minor, abi.FUSE_KERNEL_MINOR_VERSION, true);
  view.setUint32(at + layout.max_readahead, negotiated.maxReadaheadBytes, true);
  view.setUint32(at + layout.flags, negotiated.flags, true);
  view.setUint16(at + layout.max_background, negotiated.maxBackground, true);
  view.setUint16(at + layout.congestion_threshold, negotiated.congestionThreshold, true);
  view.setUint32(at + layout.max_write, negotiated.maxWriteBytes, true);
  view.setUint32(at + layout.time_gran, 1, true);
  view.setUint16(at + layout.max_pages, negotiated.maxPages, true);
  view.setUint32(at + layout.flags2, negotiated.flags2, true);
}

/** The answer to a kernel of a newer major version: ours, and it offers again. */
export function putMajor(view: DataView, at: number): void {
  for (let offset = 0; offset < abi.fuse_init_out.SIZE; offset += 4) view.setUint32(at + offset, 0, true);
  view.setUint32(at + abi.fuse_init_out.major, abi.FUSE_KERNEL_VERSION, true);
  view.setUint32(at + abi.fuse_init_out.minor, abi.FUSE_KERNEL_MINOR_VERSION, true);
}
