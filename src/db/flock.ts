import { constants } from "node:os";
import koffi from "koffi";

/** flock(2), which Node has no function for. A lock is given back when its descriptor is closed, however the process ends. */
const flock = koffi.load(null).func("int flock(int fd, int operation)");

const lockShared = 1;
const lockExclusive = 2;
const lockNonBlocking = 4;

/** Holds a file together with others, until the descriptor is closed. Waits for who has it alone. */
export function holdShared(fd: number): void {
  flock(fd, lockShared);
}

/** Takes the exclusive lock of an open file at once. Returns 0, or a positive error number: EWOULDBLOCK when somebody else has it. */
export function tryLock(fd: number): number {
  return flock(fd, lockExclusive | lockNonBlocking) === 0 ? 0 : koffi.errno();
}

/** Waits on a helper thread until the exclusive lock of an open file is free, and takes it. Resolves to 0 or a positive error number. */
export function waitLock(fd: number): Promise<number> {
  return new Promise((resolve) => {
    flock.async(fd, lockExclusive, (_error: unknown, result: number) => resolve(result === 0 ? 0 : koffi.errno()));
  });
}

/** Whether nobody else holds a file; then nobody does until the descriptor is closed. Where there are no such locks nobody is known to. */
export function holdAlone(fd: number): boolean {
  return tryLock(fd) !== constants.errno.EWOULDBLOCK;
}
