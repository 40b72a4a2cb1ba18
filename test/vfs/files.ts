import type { Test } from "tap";
import { errnoName, FsError } from "../../src/base/errno.js";
import { mainBranch, type Store, type StoreOptions } from "../../src/store/store.js";
import type { Caller } from "../../src/vfs/caller.js";
import { Vfs, type VfsOptions } from "../../src/vfs/vfs.js";
import { newDatabase, open } from "../store/database.js";

/** Who asks in most tests. */
export const root: Caller = { uid: 0, gid: 0, process: null };

export const readWrite: VfsOptions = { branch: mainBranch, access: "read-write", dirHistory: false, viewsVisible: false };

/** The file system of a store. */
export function vfsOf(store: Store, options: Partial<VfsOptions> = {}): Vfs {
  return new Vfs(store, { ...readWrite, ...options });
}

/** A new, empty file system. */
export function newVfs(t: Test, options: Partial<VfsOptions> = {}, storeOptions: StoreOptions = {}): Vfs {
  return vfsOf(open(t, newDatabase(t), storeOptions), options);
}

/** The errno that refuses `action`, 0 when it goes through. Anything but an FsError passes on. */
export function errnoOf(action: () => unknown): number {
  try {
    action();
  } catch (error) {
    if (error instanceof FsError) return error.errno;
    throw error;
  }
  return 0;
}

/** Asserts that `action` is refused with `errno`. */
export function refused(t: Test, errno: number, action: () => unknown, what: string): void {
  t.equal(errnoName(errnoOf(action)), errnoName(errno), `${what}: ${errnoName(errno)}`);
}
