import type { Name } from "../base/bytes.js";
import { EEXIST, EINVAL, EISDIR, ENOENT, ENOTDIR, FsError } from "../base/errno.js";
import type { Inode } from "../store/inode.js";
import type { LiveTree } from "../store/live-tree.js";
import { rootIno } from "../store/tree.js";
import type { Caller } from "./caller.js";
import { checkName, directoryOf, inodeOf, stampChanged, stampModified, writable } from "./context.js";
import { direntType, isDirectory } from "./mode.js";
import { endDirectory, loseName, requireEmpty } from "./removing.js";
import type { View } from "./view.js";

/** How a rename treats a target that exists: renameat2(2). */
export type RenameMode = "replace" | "noreplace" | "exchange";

/** One end of a rename: a directory and a name in it. */
interface Place {
  readonly directory: Inode;
  readonly name: Name;
}

/**
 * rename(2) and renameat2(2). Throws ENOENT, EEXIST (noreplace), EINVAL (a directory into itself), ENOTDIR, EISDIR, ENOTEMPTY.
 * Renaming a name to another name of the same file does nothing, as POSIX says.
 */
export function rename(view: View, parent: number, name: Name, toParent: number, toName: Name, mode: RenameMode, caller: Caller): void {
  const tree = writable(view);
  const from = { directory: directoryOf(view, parent), name };
  const to = { directory: directoryOf(view, toParent), name: toName };
  checkName(view, parent, name);
  checkName(view, toParent, toName);
  const moving = find(tree, view, from);
  if (moving === undefined) throw new FsError(ENOENT, "the name to move does not exist");
  const over = find(tree, view, to);
  if (mode === "noreplace" && over !== undefined) throw new FsError(EEXIST, "the target exists");
  if (isDirectory(moving.mode)) refuseLoop(tree, moving.ino, toParent);
  if (mode === "exchange") {
    if (over === undefined) throw new FsError(ENOENT, "the name to exchange with does not exist");
    if (isDirectory(over.mode)) refuseLoop(tree, over.ino, parent);
    exchange(tree, moving, from, over, to, caller);
    return;
  }
  if (over !== undefined) {
    if (over.ino === moving.ino) return;
    refuseReplacing(tree, moving, over);
  }
  move(tree, moving, from, over, to, caller);
}

function move(tree: LiveTree, moving: Inode, from: Place, over: Inode | undefined, to: Place, caller: Caller): void {
  tree.settle(moving);
  if (over !== undefined && (over.nlink > 1 || over.handles > 0)) tree.settle(over);
  const tick = tree.change("rename", moving.ino, caller.process, names(from, to));
  tree.setDirent(from.directory.ino, from.name, undefined, tick);
  tree.setDirent(to.directory.ino, to.name, { ino: moving.ino, type: direntType(moving.mode) }, tick);
  if (over !== undefined) {
    if (isDirectory(over.mode)) {
      endDirectory(tree, over, tick);
      to.directory.nlink -= 1;
    } else loseName(tree, over, tick);
  }
  reparent(moving, from.directory, to.directory);
  stampChanged(moving, tree.changedAt);
  tree.record(moving, tick);
  recordDirectories(tree, from.directory, to.directory, tick);
}

function exchange(tree: LiveTree, moving: Inode, from: Place, over: Inode, to: Place, caller: Caller): void {
  if (moving.ino === over.ino) return;
  tree.settle(moving);
  tree.settle(over);
  const tick = tree.change("exchange", moving.ino, caller.process, names(from, to));
  tree.setDirent(from.directory.ino, from.name, { ino: over.ino, type: direntType(over.mode) }, tick);
  tree.setDirent(to.directory.ino, to.name, { ino: moving.ino, type: direntType(moving.mode) }, tick);
  reparent(moving, from.directory, to.directory);
  reparent(over, to.directory, from.directory);
  stampChanged(moving, tree.changedAt);
  stampChanged(over, tree.changedAt);
  tree.record(moving, tick);
  tree.record(over, tick);
  recordDirectories(tree, from.directory, to.directory, tick);
}

function find(tree: LiveTree, view: View, place: Place): Inode | undefined {
  const entry = tree.lookup(place.directory.ino, place.name);
  return entry === undefined ? undefined : inodeOf(view, entry.ino);
}

function names(from: Place, to: Place): { parent: number; name: Name; toParent: number; toName: Name } {
  return { parent: from.directory.ino, name: from.name, toParent: to.directory.ino, toName: to.name };
}

function refuseReplacing(tree: LiveTree, moving: Inode, over: Inode): void {
  if (isDirectory(moving.mode)) {
    if (!isDirectory(over.mode)) throw new FsError(ENOTDIR, "a directory over what is none");
    requireEmpty(tree, over);
  } else if (isDirectory(over.mode)) throw new FsError(EISDIR, "a file over a directory");
}

/** Throws EINVAL when directory `ino` is `destination` or one of its ancestors. */
function refuseLoop(tree: LiveTree, ino: number, destination: number): void {
  for (let at = destination; ; ) {
    if (at === ino) throw new FsError(EINVAL, "a directory into itself");
    if (at === rootIno) return;
    const directory = tree.inode(at);
    if (directory === undefined) return;
    at = directory.parent;
  }
}

/** Moves an inode's parent from one directory to another, and of a directory the link that its `..` is. */
function reparent(inode: Inode, from: Inode, to: Inode): void {
  inode.parent = to.ino;
  if (!isDirectory(inode.mode)) return;
  from.nlink -= 1;
  to.nlink += 1;
}

function recordDirectories(tree: LiveTree, from: Inode, to: Inode, tick: number): void {
  stampModified(from, tree.changedAt);
  tree.recordTimes(from, tick);
  if (to === from) return;
  stampModified(to, tree.changedAt);
  tree.recordTimes(to, tick);
}
