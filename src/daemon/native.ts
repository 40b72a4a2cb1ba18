import koffi from "koffi";

/**
 * The system calls Node has no function for. The C library is already loaded in this process, so no library is named.
 * A call that can block runs on a helper thread and resolves to 0 or to a positive error number.
 */
const libc = koffi.load(null);

const umount2Call = libc.func("int umount2(const char *target, int flags)");
const getsockoptCall = libc.func("int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *length)");
const exitCall = libc.func("void _exit(int status)");

const unmountDetach = 2;
const unmountNoFollow = 8;
/** SOL_SOCKET and SO_PEERCRED of socket(7) on x86 and ARM; a struct ucred is three 32-bit numbers. */
const socketLevel = 1;
const peerCredentials = 17;

/** The process at the other end of a connected Unix socket, as the kernel noted it when it connected; pid 0 when it cannot be told. */
export function peerOf(fd: number): { pid: number; uid: number; gid: number } {
  const credentials = Buffer.alloc(12);
  const length = [credentials.length];
  if (getsockoptCall(fd, socketLevel, peerCredentials, credentials, length) !== 0) return { pid: 0, uid: 0, gid: 0 };
  return { pid: credentials.readInt32LE(0), uid: credentials.readUInt32LE(4), gid: credentials.readUInt32LE(8) };
}

function umount2(target: string, flags: number): Promise<number> {
  return new Promise((resolve) => {
    umount2Call.async(target, flags, (_error: unknown, result: number) => resolve(result === 0 ? 0 : koffi.errno()));
  });
}

/** Unmounts, as root. It waits for the thread that serves the mount: the kernel may ask the file system for a last write. */
export function unmountAsRoot(target: string): Promise<number> {
  return umount2(target, unmountNoFollow);
}

/** Takes a mount out of the tree at once, as root; it ends when its last user does, which may be at once, with a last write. */
export function detachAsRoot(target: string): Promise<number> {
  return umount2(target, unmountNoFollow | unmountDetach);
}

/**
 * Ends this process and all its threads now. `process.exit` would wait for the worker to come back to JavaScript, and a worker
 * that polls an idle mount does not.
 */
export function exitNow(status: number): never {
  exitCall(status);
  throw new Error("_exit returned");
}
