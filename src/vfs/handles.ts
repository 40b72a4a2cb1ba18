import { nowMicros, timespecOf } from "../base/clock.js";
import { EBADF, EFBIG, EINVAL, EISDIR, ELOOP, FsError } from "../base/errno.js";
import { fileMaxBytes } from "../base/limits.js";
import type { Inode } from "../store/inode.js";
import type { LiveTree } from "../store/live-tree.js";
import { dropPrivileges } from "./attributes.js";
import type { Caller } from "./caller.js";
import { inodeOf, writable } from "./context.js";
import { isDirectory, isRegular, S_IFLNK, S_IFMT } from "./mode.js";
import type { View } from "./view.js";

/** Access of an open file, from the low bits of the open(2) flags. */
const accessMask = 0o3;
const readOnlyAccess = 0;

/** An open file. */
export interface Handle {
  readonly view: View;
  readonly inode: Inode;
  readonly writes: boolean;
  /** Who wrote last through it, else who opened it: a version is theirs (RELEASE and mmap carry no caller). */
  process: number | null;
}

/** "kept": as it was set; "relative": a read moves it on when it is not after the last change, or a day old. */
export type AccessTimes = "kept" | "relative";

const dayMicros = 86_400e6;

function noteAccess(tree: LiveTree, inode: Inode): void {
  const { atimeSec, atimeNsec, mtimeSec, mtimeNsec, ctimeSec, ctimeNsec } = inode;
  const read = atimeSec * 1e6 + atimeNsec / 1000;
  const now = nowMicros();
  const changed = Math.max(mtimeSec * 1e6 + mtimeNsec / 1000, ctimeSec * 1e6 + ctimeNsec / 1000);
  if (read > changed && now - read < dayMicros) return;
  const { sec, nsec } = timespecOf(now);
  inode.atimeSec = sec;
  inode.atimeNsec = nsec;
  tree.amend(inode);
}

/** Open files: open(2), read(2), write(2), close(2), by small numbers that are used again. */
export class Handles {
  readonly #open: (Handle | undefined)[] = [undefined];
  readonly #free: number[] = [];
  readonly #accessTimes: AccessTimes;

  constructor(accessTimes: AccessTimes) {
    this.#accessTimes = accessTimes;
  }

  /** How many files are open. */
  get count(): number {
    return this.#open.length - 1 - this.#free.length;
  }

  /** Processes that versions of open files would be of. */
  processes(): number[] {
    return this.#open.flatMap((handle) => handle?.process ?? []);
  }

  /** How many files of one view are open. */
  openIn(slot: number): number {
    return this.#open.filter((handle) => handle?.view.slot === slot).length;
  }

  /**
   * Opens a file. Returns its handle's number, at least 1. Throws EISDIR, ELOOP, EINVAL, EROFS.
   * @param flags as of open(2)
   */
  open(view: View, ino: number, flags: number, caller: Caller): number {
    const inode = inodeOf(view, ino);
    if (isDirectory(inode.mode)) throw new FsError(EISDIR, "open of a directory");
    if ((inode.mode & S_IFMT) === S_IFLNK) throw new FsError(ELOOP, "open of a symlink");
    if (!isRegular(inode.mode)) throw new FsError(EINVAL, "open of what is no regular file");
    const writes = (flags & accessMask) !== readOnlyAccess;
    if (writes) writable(view);
    view.writable?.hold(inode);
    const number = this.#free.pop() ?? this.#open.length;
    this.#open[number] = { view, inode, writes, process: caller.process };
    return number;
  }

  /** The open file of a number. Throws EBADF. */
  get(number: number): Handle {
    const handle = this.#open[number];
    if (handle === undefined) throw new FsError(EBADF, `handle ${number}`);
    return handle;
  }

  /** Reads into `into` from `offset`. Returns how many bytes; fewer than asked only at the end of the file. */
  read(number: number, offset: number, into: Buffer): number {
    const { view, inode } = this.get(number);
    if (this.#accessTimes === "relative" && view.writable !== undefined) noteAccess(view.writable, inode);
    return view.tree.read(inode, offset, into);
  }

  /**
   * Writes; the data is copied. Throws EFBIG, ENOSPC.
   * @param killPrivileges whether set-user-id and set-group-id go: the kernel says so
   */
  write(number: number, offset: number, data: Buffer, killPrivileges: boolean, caller: Caller): number {
    const handle = this.get(number);
    const { inode } = handle;
    const tree = writable(handle.view);
    if (!handle.writes) throw new FsError(EBADF, "the handle is not open for writing");
    if (offset + data.length > fileMaxBytes) throw new FsError(EFBIG, `a file of ${offset + data.length} bytes`);
    if (data.length === 0) return 0;
    handle.process = caller.process ?? handle.process;
    if (killPrivileges || inode.draft === undefined) dropPrivileges(tree, inode, killPrivileges, caller);
    tree.write(inode, offset, data, handle.process);
    return data.length;
  }

  /** Closes a handle: what was written through it becomes a version, and with the last handle what a truncate(2) meanwhile did. */
  release(number: number): void {
    const { view, inode, writes } = this.get(number);
    this.#open[number] = undefined;
    this.#free.push(number);
    const tree = view.writable;
    if (tree === undefined) return;
    try {
      if (!inode.gone && (writes || inode.handles === 1)) tree.settle(inode);
    } finally {
      tree.letGo(inode);
    }
  }

  /** Closes what is still open: at the end of the mount. */
  releaseAll(): void {
    this.#open.forEach((handle, number) => {
      if (handle !== undefined) this.release(number);
    });
  }
}
