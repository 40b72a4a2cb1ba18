import type { Name } from "../base/bytes.js";
import { EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, FsError } from "../base/errno.js";
import type { Inode } from "../store/inode.js";
import type { LiveTree } from "../store/live-tree.js";
import type { Caller } from "./caller.js";
import { checkName, directoryOf, inodeOf, stampChanged, stampModified, writable } from "./context.js";
import { isDirectory } from "./mode.js";
import type { View } from "./view.js";

/** unlink(2). Throws ENOENT, EISDIR. */
export function unlink(view: View, parent: number, name: Name, caller: Caller): void {
  const { tree, directory, inode } = target(view, parent, name);
  if (isDirectory(inode.mode)) throw new FsError(EISDIR, "unlink of a directory");
  if (inode.nlink > 1 || inode.handles > 0) tree.settle(inode);
  const tick = tree.change("unlink", inode.ino, caller.process, { parent, name }, "removing");
  tree.setDirent(parent, name, undefined, tick);
  loseName(tree, inode, tick);
  stampModified(directory, tree.changedAt);
  tree.recordTimes(directory, tick);
}

/** rmdir(2). Throws ENOENT, ENOTDIR, ENOTEMPTY. */
export function rmdir(view: View, parent: number, name: Name, caller: Caller): void {
  const { tree, directory, inode } = target(view, parent, name);
  if (!isDirectory(inode.mode)) throw new FsError(ENOTDIR, "rmdir of what is no directory");
  requireEmpty(tree, inode);
  const tick = tree.change("rmdir", inode.ino, caller.process, { parent, name }, "removing");
  tree.setDirent(parent, name, undefined, tick);
  endDirectory(tree, inode, tick);
  directory.nlink -= 1;
  stampModified(directory, tree.changedAt);
  tree.recordTimes(directory, tick);
}

/** Takes one name away from a file at event `tick`; without its last one it ends, or lives on while it is open. */
export function loseName(tree: LiveTree, inode: Inode, tick: number): void {
  inode.nlink -= 1;
  stampChanged(inode, tree.changedAt);
  if (inode.nlink === 0) tree.recordUnlinked(inode, tick);
  else tree.record(inode, tick);
}

/** Ends an empty directory at event `tick`. */
export function endDirectory(tree: LiveTree, inode: Inode, tick: number): void {
  inode.nlink = 0;
  stampChanged(inode, tree.changedAt);
  tree.recordUnlinked(inode, tick);
}

/** Throws ENOTEMPTY unless the directory is empty. */
export function requireEmpty(tree: LiveTree, inode: Inode): void {
  if (inode.nlink > 2 || tree.list(inode.ino, 0, 1).length > 0) throw new FsError(ENOTEMPTY, "the directory is not empty");
}

function target(view: View, parent: number, name: Name): { tree: LiveTree; directory: Inode; inode: Inode } {
  const tree = writable(view);
  const directory = directoryOf(view, parent);
  checkName(view, parent, name);
  const entry = tree.lookup(parent, name);
  if (entry === undefined) throw new FsError(ENOENT, "no such name");
  return { tree, directory, inode: inodeOf(view, entry.ino) };
}
