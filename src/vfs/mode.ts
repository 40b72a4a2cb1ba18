/** File types and permission bits of st_mode, inode(7). */
export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFBLK = 0o060000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;
export const S_ISUID = 0o4000;
export const S_ISGID = 0o2000;
export const S_ISVTX = 0o1000;
export const S_IXGRP = 0o010;
/** Permission bits with set-user-id, set-group-id and sticky. */
export const permissionBits = 0o7777;

/** Whether a mode is a directory's. */
export function isDirectory(mode: number): boolean {
  return (mode & S_IFMT) === S_IFDIR;
}

/** Whether a mode is a regular file's. */
export function isRegular(mode: number): boolean {
  return (mode & S_IFMT) === S_IFREG;
}

/** Whether a mode is a character or block device's. */
export function isDevice(mode: number): boolean {
  const type = mode & S_IFMT;
  return type === S_IFCHR || type === S_IFBLK;
}

/** d_type of readdir(3). */
export function direntType(mode: number): number {
  return (mode & S_IFMT) >>> 12;
}

/**
 * The mode without what a change of content or owner takes away from anything but a directory: set-user-id, and set-group-id where
 * the group may execute, or where `outsider` says that who changes it does not belong to its group (setattr_should_drop_sgid of
 * fs/attr.c; without the group's execute bit it means mandatory locking).
 */
export function withoutPrivileges(mode: number, outsider: () => boolean): number {
  if (isDirectory(mode) || (mode & (S_ISUID | S_ISGID)) === 0) return mode;
  const kept = mode & ~S_ISUID;
  if ((kept & S_ISGID) === 0) return kept;
  return (kept & S_IXGRP) !== 0 || outsider() ? kept & ~S_ISGID : kept;
}
