import { constants } from "node:os";
import koffi from "koffi";

const libc = koffi.load(null);
const flock = libc.func("int flock(int fd, int operation)");

/** flock(2). */
const lockShared = 1;
const lockExclusive = 2;
const lockNonBlocking = 4;

/** Holds a file together with others, until the descriptor is closed. Waits for who has it alone. */
export function holdShared(fd: number): void {
  flock(fd, lockShared);
}

/** Whether nobody else holds a file; then nobody does until the descriptor is closed. Where there are no such locks nobody is known to. */
export function holdAlone(fd: number): boolean {
  return flock(fd, lockExclusive | lockNonBlocking) === 0 || koffi.errno() !== constants.errno.EWOULDBLOCK;
}
