import { type Name, nameText } from "../base/bytes.js";
import { timespecOf } from "../base/clock.js";
import { EEXIST, EINVAL, ENAMETOOLONG, ENOENT, ENOTDIR, EPERM, EROFS, ESTALE, FsError } from "../base/errno.js";
import { nameMaxBytes } from "../base/limits.js";
import type { Inode } from "../store/inode.js";
import type { LiveTree } from "../store/live-tree.js";
import { isDirectory } from "./mode.js";
import type { View } from "./view.js";

/** The names kept for views, in the root (and with `dirhistory` in every directory). */
export const historyName = ".history";
export const branchesName = ".branches";

/** The tree of a view that may be changed. Throws EROFS. */
export function writable(view: View): LiveTree {
  if (view.writable === undefined) throw new FsError(EROFS, view.tree.asOf === undefined ? "mounted read-only" : "the past is read-only");
  return view.writable;
}

/** The inode of a number the caller was given before. Throws ESTALE when it is gone. */
export function inodeOf(view: View, ino: number): Inode {
  const inode = view.tree.inode(ino);
  if (inode === undefined) throw new FsError(ESTALE, `inode ${ino} is gone`);
  return inode;
}

/** A directory that still has a name. Throws ENOTDIR, ENOENT. */
export function directoryOf(view: View, ino: number): Inode {
  const inode = inodeOf(view, ino);
  if (!isDirectory(inode.mode)) throw new FsError(ENOTDIR, `inode ${ino} is not a directory`);
  if (inode.gone) throw new FsError(ENOENT, `directory ${ino} was removed`);
  return inode;
}

/** Checks a name that is about to be made or removed. Throws ENAMETOOLONG, EINVAL, EEXIST, EPERM for reserved names. */
export function checkName(view: View, parent: number, name: Name): void {
  if (name.length > nameMaxBytes) throw new FsError(ENAMETOOLONG, `a name of ${name.length} bytes`);
  if (name === "" || name.includes("/") || name.includes("\0")) throw new FsError(EINVAL, `the name ${JSON.stringify(nameText(name))}`);
  if (name === "." || name === "..") throw new FsError(EEXIST, `the name ${name}`);
  if (parent === view.rootIno && (name === historyName || name === branchesName)) throw new FsError(EPERM, `the name ${name} is reserved`);
}

/** Sets modification and change time. `at` in microseconds since 1970. */
export function stampModified(inode: Inode, at: number): void {
  const { sec, nsec } = timespecOf(at);
  inode.mtimeSec = sec;
  inode.mtimeNsec = nsec;
  inode.ctimeSec = sec;
  inode.ctimeNsec = nsec;
}

/** Sets the change time. `at` in microseconds since 1970. */
export function stampChanged(inode: Inode, at: number): void {
  const { sec, nsec } = timespecOf(at);
  inode.ctimeSec = sec;
  inode.ctimeNsec = nsec;
}
