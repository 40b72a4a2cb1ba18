import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { errnoName } from "../base/errno.js";
import { tryLock, waitLock } from "../db/flock.js";

/** The lock beside a database: whoever writes it holds this, and the kernel gives it back however that process ends. */
export interface DatabaseLock {
  release(): void;
}

/** Another process holds the lock. `holder` is what that process wrote about itself. */
export class LockedError extends Error {
  override readonly name = "LockedError";
  readonly holder: LockHolder | undefined;

  constructor(database: string, holder: LockHolder | undefined) {
    const who = holder === undefined ? "another process" : `pid ${holder.pid} (${holder.purpose})`;
    super(`${database} is in use by ${who}`);
    this.holder = holder;
  }
}

export interface LockHolder {
  readonly pid: number;
  /** What it uses the database for, such as `mounted on /home/ann/stone`. */
  readonly purpose: string;
}

export function lockPath(database: string): string {
  return `${database}.lock`;
}

/** What the lock file says, whether or not the lock is still held. */
export function readHolder(database: string): LockHolder | undefined {
  try {
    const [pid, purpose] = readFileSync(lockPath(database), "utf8").split("\n");
    return pid && /^[0-9]+$/.test(pid) ? { pid: Number(pid), purpose: purpose ?? "" } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an open file is still the one its path leads to. */
function isCurrent(fd: number, path: string): boolean {
  const named = statSync(path, { throwIfNoEntry: false });
  return named !== undefined && named.ino === fstatSync(fd).ino;
}

/** Takes a database's lock or throws LockedError. `purpose` goes into the file for whoever comes next. */
export function lockDatabase(database: string, purpose: string): DatabaseLock {
  const path = lockPath(database);
  for (;;) {
    const fd = openSync(path, "a+", 0o600);
    const errno = tryLock(fd);
    if (errno !== 0) {
      closeSync(fd);
      if (errno === constants.errno.EWOULDBLOCK) throw new LockedError(database, readHolder(database));
      throw new Error(`cannot lock ${path}: ${errnoName(errno)}`);
    }
    // Its last holder removes the file just before letting go: then this lock is one of nothing, and the next try makes the file anew.
    if (!isCurrent(fd, path)) {
      closeSync(fd);
      continue;
    }
    ftruncateSync(fd, 0);
    writeSync(fd, `${process.pid}\n${purpose}\n`);
    return {
      release() {
        // With its directory, somebody may have removed it already.
        rmSync(path, { force: true });
        closeSync(fd);
      },
    };
  }
}

/** Waits until no process holds a database's lock. */
export async function waitUnlocked(database: string): Promise<void> {
  let fd: number;
  try {
    fd = openSync(lockPath(database), "r");
  } catch {
    return;
  }
  try {
    await waitLock(fd);
  } finally {
    closeSync(fd);
  }
}
