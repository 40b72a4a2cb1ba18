import type { Test } from "tap";

/** What a case wants of its surroundings beyond a directory. A mount may declare one unsupported, with the reason. */
export type Need =
  | "root"
  | "python3"
  | "fallocate"
  | "seek-hole"
  | "copy-range"
  | "tmpfile"
  | "exchange"
  | "posix-acl"
  | "directory-fsync"
  | "mmap-shared"
  | "killpriv"
  | "birth-time"
  | "syncfs"
  /** Names and targets that are not UTF-8. */
  | "any-name"
  /** Times finer than a millisecond; before 1970; and one of the two set without the other. */
  | "nanoseconds"
  | "early-times"
  | "one-time"
  /** renameat2(2) with RENAME_NOREPLACE. */
  | "noreplace"
  /** A directory without a name answers those who have it open. */
  | "removed-directory"
  /** seekdir(3) to where telldir(3) never was. */
  | "seekdir"
  /** All names of a file are one inode to the kernel, with one page cache and one set of locks. */
  | "one-inode"
  /** open(2) finds one file or the other while a rename(2) replaces it. */
  | "atomic-open";

/** One check: `directory` is empty, writable, and of this case alone. It is removed afterwards. */
export interface Case {
  readonly name: string;
  readonly needs?: readonly Need[];
  run(directory: string, t: Test): void | Promise<void>;
}

/** Cases about one thing, in a file of their own. */
export interface Area {
  readonly name: string;
  readonly cases: readonly Case[];
}
