/**
 * A seeded row of operations, each of them one change of the tree or none, so that whoever applies the same row to another
 * directory passes through the same states.
 */
import fs from "node:fs";
import { join } from "node:path";
import { Random } from "./random.js";
import { AT_SYMLINK_NOFOLLOW, RENAME_EXCHANGE, RENAME_NOREPLACE, removexattr, renameat2, setxattr, utimensat } from "./sys.js";

type What =
  | ("create" | "write" | "truncate" | "unlink" | "rename" | "exchange" | "rename-new" | "link" | "symlink" | "mkdir" | "rmdir")
  | ("chmod" | "set-times" | "setxattr" | "removexattr" | "fsync");

export interface Operation {
  readonly what: What;
  readonly name: string;
  readonly other: string;
  readonly offset: number;
  readonly length: number;
  readonly fill: number;
}

const kinds: readonly Operation["what"][] = [
  ...Array.from({ length: 4 }, () => "create" as const),
  ...Array.from({ length: 14 }, () => "write" as const),
  ...Array.from({ length: 3 }, () => "truncate" as const),
  ...["unlink", "rename", "rename", "exchange", "exchange", "rename-new", "link", "link", "symlink", "mkdir", "rmdir", "fsync"],
  ...["chmod", "set-times", "set-times", "setxattr", "setxattr", "removexattr"],
] as Operation["what"][];

const names = ["a", "b", "c", "d", "sub", "sub/a", "sub/b", "sub/deep", "sub/deep/a"];

/** The endless row of a seed. */
export function* operations(seed: number): Generator<Operation> {
  const random = new Random(seed);
  for (;;) {
    yield {
      what: random.pick(kinds),
      name: random.pick(names),
      other: random.pick(names),
      offset: random.below(random.chance(1 / 4) ? 400_000 : 20_000),
      length: random.below(random.chance(1 / 3) ? 60_000 : 3000),
      fill: random.below(256),
    };
  }
}

/** What an operation may meet in a tree that is as it should be. */
const refusals = ["ENOENT", "EEXIST", "ENOTEMPTY", "ENOTDIR", "EISDIR", "EINVAL", "EPERM", "ELOOP", "ENODATA"];

/** Times that operations set are before this, in seconds: all others are those of the run itself. */
export const setTimesBefore = 1_000_000_000;

function withFile(path: string, action: (fd: number) => void): void {
  const fd = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_NOFOLLOW);
  try {
    action(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function perform(directory: string, { what, name, other, offset, length, fill }: Operation): void {
  const path = join(directory, name);
  if (what === "create") fs.closeSync(fs.openSync(path, "wx"));
  else if (what === "write") withFile(path, (fd) => fs.writeSync(fd, Buffer.alloc(length, fill), 0, length, offset));
  else if (what === "truncate") withFile(path, (fd) => fs.ftruncateSync(fd, offset));
  else if (what === "unlink") fs.unlinkSync(path);
  else if (what === "rename") fs.renameSync(path, join(directory, other));
  else if (what === "exchange") renameat2(path, join(directory, other), RENAME_EXCHANGE);
  else if (what === "rename-new") renameat2(path, join(directory, other), RENAME_NOREPLACE);
  else if (what === "chmod") withFile(path, (fd) => fs.fchmodSync(fd, 0o600 | fill));
  else if (what === "set-times") {
    utimensat(path, { sec: offset, nsec: length }, { sec: setTimesBefore - 1 - offset, nsec: fill }, AT_SYMLINK_NOFOLLOW);
  }
  // All attributes of a file fit one block of the host's file system.
  else if (what === "setxattr") withFile(path, () => setxattr(path, `user.${fill % 3}`, Buffer.alloc(length % 900, fill)));
  else if (what === "removexattr") removexattr(path, `user.${fill % 3}`);
  else if (what === "link") fs.linkSync(path, join(directory, other));
  else if (what === "symlink") fs.symlinkSync(`target ${fill}`, path);
  else if (what === "mkdir") fs.mkdirSync(path);
  else if (what === "rmdir") fs.rmdirSync(path);
  else withFile(path, (fd) => fs.fsyncSync(fd));
}

/** Applies one operation; whether it did anything. What a healthy tree refuses is no error. */
export function apply(directory: string, operation: Operation): boolean {
  try {
    perform(directory, operation);
    return true;
  } catch (error) {
    if (refusals.includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}
