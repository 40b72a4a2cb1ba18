import { type Name, nameText } from "../base/bytes.js";
import { EBUSY, EEXIST, ENOENT, EROFS, FsError } from "../base/errno.js";
import type { Branch } from "../store/branches.js";
import { dropSnapshot, takeSnapshot } from "../store/snapshots.js";
import { refuseMomentName } from "./moments.js";
import type { Vfs } from "./vfs.js";
import { parseWhen, whenForms } from "./when.js";

/** The branch of a name. Throws ENOENT. */
export function branchNamed(vfs: Vfs, name: Name): Branch {
  const branch = vfs.store.branches.named(nameText(name));
  if (branch === undefined) throw new FsError(ENOENT, `there is no branch "${nameText(name)}"`);
  return branch;
}

/** `mkdir /.branches/NAME`: forks the mounted branch. */
export function forkMounted(vfs: Vfs, name: Name, process: number | null): Branch {
  refuseReadOnly(vfs);
  refuseMomentName(nameText(name));
  return vfs.store.branches.fork(nameText(name), vfs.views.mounted.tree.branch, undefined, "branch", process);
}

/** Throws EBUSY for the mounted branch, and for one with open files. */
export function refuseInUse(vfs: Vfs, branch: Branch): void {
  if (branch.id === vfs.views.mounted.tree.branch) throw new FsError(EBUSY, `"${branch.name}" is mounted; switch to another branch first`);
  const open = vfs.handles.openIn(branch.id);
  if (open > 0) throw new FsError(EBUSY, `"${branch.name}" has ${open} open files; close them first`);
}

/** `rmdir /.branches/NAME`: drops a branch. Throws EBUSY for the mounted one, one with open files, one others descend from. */
export function dropBranch(vfs: Vfs, name: Name, process: number | null): Branch {
  refuseReadOnly(vfs);
  const branch = branchNamed(vfs, name);
  refuseInUse(vfs, branch);
  vfs.store.branches.drop(branch, process);
  vfs.views.forgetBranch(branch.id);
  return branch;
}

/** `mv /.branches/OLD /.branches/NEW`. */
export function renameBranch(vfs: Vfs, name: Name, to: Name, process: number | null): Branch {
  refuseReadOnly(vfs);
  const branch = branchNamed(vfs, name);
  refuseMomentName(nameText(to));
  vfs.store.branches.rename(branch, nameText(to), process);
  return branch;
}

/** `mkdir /.history/NAME`: names the present moment of the mounted branch. Throws EEXIST for a name that means a moment already. */
export function snapshotMounted(vfs: Vfs, name: Name, message: string | null, process: number | null): void {
  refuseReadOnly(vfs);
  const text = nameText(name);
  if (parseWhen(text, 0) !== undefined)
    throw new FsError(EEXIST, `"${text}" already means a moment; a snapshot's name must be none of: ${whenForms}`);
  takeSnapshot(vfs.store, vfs.views.mounted.tree.branch, text, message, process);
}

/** `rmdir /.history/NAME`: forgets a snapshot's name. Throws ENOENT, EROFS for a moment that has no name of its own. */
export function dropMountedSnapshot(vfs: Vfs, name: Name, process: number | null): void {
  refuseReadOnly(vfs);
  const text = nameText(name);
  if (parseWhen(text, 0) !== undefined) throw new FsError(EROFS, `"${text}" is a moment, not a snapshot: it cannot be removed`);
  dropSnapshot(vfs.store, vfs.views.mounted.tree.branch, text, process);
}

/** Throws EROFS where nothing may be changed. */
export function refuseReadOnly(vfs: Vfs): void {
  if (vfs.views.mounted.writable === undefined) throw new FsError(EROFS, "mounted read-only");
}
