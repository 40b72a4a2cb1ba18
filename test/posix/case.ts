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
  | "syncfs";

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
