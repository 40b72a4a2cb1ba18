import type { Name } from "../base/bytes.js";
import { EACCES, EOPNOTSUPP, FsError } from "../base/errno.js";
import type { Inode } from "../store/inode.js";
import type { LiveTree } from "../store/live-tree.js";
import { accessAclName, defaultAclName, formatAcl, inherited, isMinimal, modeOf, parseAcl, withMode } from "./acl.js";
import { isOutsider } from "./attributes.js";
import type { Caller } from "./caller.js";
import { stampChanged } from "./context.js";
import { isDirectory, S_IFLNK, S_IFMT, S_ISGID } from "./mode.js";

/**
 * setxattr(2) of an access control list. The access list's bits become the mode's, and a list that says no more than they do is
 * not kept. Throws EINVAL, EACCES for a default list of anything but a directory, EOPNOTSUPP for symlinks.
 */
export function setAcl(tree: LiveTree, inode: Inode, name: Name, value: Uint8Array, caller: Caller): void {
  const acl = parseAcl(value);
  if ((inode.mode & S_IFMT) === S_IFLNK) throw new FsError(EOPNOTSUPP, "an access control list of a symlink");
  if (name === defaultAclName && !isDirectory(inode.mode)) throw new FsError(EACCES, "a default list of what is no directory");
  tree.settle(inode);
  const tick = tree.change("setxattr", inode.ino, caller.process, { name });
  if (name === accessAclName) {
    inode.mode = (inode.mode & ~0o777) | modeOf(acl);
    if ((inode.mode & S_ISGID) !== 0 && isOutsider(inode, caller)) inode.mode &= ~S_ISGID;
  }
  const kept = name === defaultAclName || !isMinimal(acl);
  if (kept || tree.xattr(inode.ino, name) !== undefined) tree.setXattr(inode.ino, name, kept ? formatAcl(acl) : undefined, tick);
  stampChanged(inode, tree.changedAt);
  if (!inode.gone || inode.handles > 0) tree.record(inode, tick);
}

/** chmod(2) of a file: its access list, if it has one, follows. */
export function changeAclMode(tree: LiveTree, inode: Inode, mode: number, tick: number): void {
  if (inode.bare) return;
  const acl = tree.xattr(inode.ino, accessAclName);
  if (acl !== undefined) tree.setXattr(inode.ino, accessAclName, formatAcl(withMode(parseAcl(acl), mode)), tick);
}

/**
 * The mode a new inode gets in a directory with a default list: what that allows, and the caller's umask does not count. The list is
 * handed down, to a directory as its own default too. Undefined where the directory has no such list.
 */
export function inheritAcl(tree: LiveTree, inode: Inode, directory: Inode, mode: number, tick: number): number | undefined {
  if (directory.bare) return undefined;
  const bytes = tree.xattr(directory.ino, defaultAclName);
  if (bytes === undefined) return undefined;
  const acl = inherited(parseAcl(bytes), mode);
  if (!isMinimal(acl)) tree.setXattr(inode.ino, accessAclName, formatAcl(acl), tick);
  if (isDirectory(mode)) tree.setXattr(inode.ino, defaultAclName, bytes, tick);
  return (mode & ~0o777) | modeOf(acl);
}
