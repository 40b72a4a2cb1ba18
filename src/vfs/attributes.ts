import { type Timespec, timespecOf } from "../base/clock.js";
import { EFBIG, EINVAL, EISDIR, FsError } from "../base/errno.js";
import { fileMaxBytes } from "../base/limits.js";
import type { Inode } from "../store/inode.js";
import type { LiveTree } from "../store/live-tree.js";
import { changeAclMode } from "./acls.js";
import { type Caller, isMember } from "./caller.js";
import { inodeOf, stampChanged, writable } from "./context.js";
import { isDirectory, isRegular, permissionBits, S_IFMT, withoutPrivileges } from "./mode.js";
import type { View } from "./view.js";
import { capabilityName } from "./xattrs.js";

/** What setattr changes; absent fields stay. Whether the caller may is the kernel's check (`default_permissions`). */
export interface AttributeChanges {
  mode?: number;
  uid?: number;
  gid?: number;
  size?: number;
  /** A time, or "now" for UTIME_NOW. */
  atime?: Timespec | "now";
  mtime?: Timespec | "now";
  ctime?: Timespec;
  /** Whether a change of size takes set-user-id and set-group-id away: the kernel says so when the caller has no CAP_FSETID. */
  killPrivileges?: boolean;
}

/** chmod(2), chown(2), truncate(2), utimensat(2) in one, as the kernel asks it. Throws EISDIR, EINVAL, EFBIG, EROFS. */
export function setAttributes(view: View, ino: number, changes: AttributeChanges, caller: Caller): Inode {
  const tree = writable(view);
  const inode = inodeOf(view, ino);
  if (changes.size !== undefined) setSize(tree, inode, changes, caller);
  if (changesOthers(changes)) setOthers(tree, inode, changes, caller);
  return inode;
}

/** Takes away what a write by an unprivileged process must: the set-id bits when told, file capabilities always. */
export function dropPrivileges(tree: LiveTree, inode: Inode, killPrivileges: boolean, caller: Caller): void {
  if (killPrivileges) inode.mode = withoutPrivileges(inode.mode, () => isOutsider(inode, caller));
  dropCapabilities(tree, inode, caller.process);
}

/** Neither root nor of the file's group. Root stands for CAP_FSETID, which no request tells. */
export function isOutsider(inode: Inode, caller: Caller): boolean {
  return caller.uid !== 0 && !isMember(caller, inode.gid);
}

function dropCapabilities(tree: LiveTree, inode: Inode, process: number | null): void {
  if (inode.bare) return;
  if (tree.xattr(inode.ino, capabilityName) === undefined) return;
  const tick = tree.change("removexattr", inode.ino, process, { name: capabilityName });
  tree.setXattr(inode.ino, capabilityName, undefined, tick);
}

function setSize(tree: LiveTree, inode: Inode, changes: AttributeChanges, caller: Caller): void {
  const size = changes.size as number;
  if (isDirectory(inode.mode)) throw new FsError(EISDIR, "truncate of a directory");
  if (!isRegular(inode.mode)) throw new FsError(EINVAL, "truncate of what is no regular file");
  if (size < 0 || size > fileMaxBytes) throw new FsError(EFBIG, `a size of ${size}`);
  tree.truncate(inode, size, caller.process);
  dropPrivileges(tree, inode, changes.killPrivileges === true, caller);
  if (inode.handles === 0) tree.settle(inode);
}

function changesOthers(changes: AttributeChanges): boolean {
  const { mode, uid, gid, atime, mtime, ctime } = changes;
  return mode !== undefined || uid !== undefined || gid !== undefined || atime !== undefined || mtime !== undefined || ctime !== undefined;
}

function setOthers(tree: LiveTree, inode: Inode, changes: AttributeChanges, caller: Caller): void {
  tree.settle(inode);
  const tick = tree.change("setattr", inode.ino, caller.process, {});
  const at = tree.changedAt;
  const { mode, uid, gid, atime, mtime, ctime } = changes;
  if (uid !== undefined || gid !== undefined) {
    // By whom does not matter, except for the group: whoever may give a file away is its owner or root (fs/open.c chown_common).
    inode.mode = withoutPrivileges(inode.mode, () => isOutsider(inode, caller));
    dropCapabilities(tree, inode, caller.process);
  }
  if (uid !== undefined) inode.uid = uid;
  if (gid !== undefined) inode.gid = gid;
  if (mode !== undefined) changeMode(tree, inode, mode, tick);
  if (atime !== undefined) setAtime(inode, atime === "now" ? timespecOf(at) : atime);
  if (mtime !== undefined) setMtime(inode, mtime === "now" ? timespecOf(at) : mtime);
  stampChanged(inode, at);
  if (ctime !== undefined) {
    inode.ctimeSec = ctime.sec;
    inode.ctimeNsec = ctime.nsec;
  }
  if (inode.gone && inode.handles === 0) return;
  tree.record(inode, tick);
}

/** chmod(2): the access control list, if there is one, follows. */
function changeMode(tree: LiveTree, inode: Inode, mode: number, tick: number): void {
  inode.mode = (inode.mode & S_IFMT) | (mode & permissionBits);
  changeAclMode(tree, inode, mode, tick);
}

function setAtime(inode: Inode, time: Timespec): void {
  inode.atimeSec = time.sec;
  inode.atimeNsec = time.nsec;
}

function setMtime(inode: Inode, time: Timespec): void {
  inode.mtimeSec = time.sec;
  inode.mtimeNsec = time.nsec;
}
