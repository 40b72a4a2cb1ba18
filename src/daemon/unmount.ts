import { execFile } from "node:child_process";
import { constants } from "node:os";
import { detachAsRoot, unmountAsRoot } from "./native.js";

const { EBUSY, EPERM } = constants.errno;

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** Unmounts a directory, as root by the system call, else through fusermount3. Resolves to 0 or an error number such as EBUSY. */
export function unmount(mountPoint: string): Promise<number> {
  if (isRoot()) return unmountAsRoot(mountPoint);
  return new Promise((resolve) => {
    // "--" because a mount point may begin with a dash; LC_ALL because its message is the only thing that tells EBUSY.
    execFile("fusermount3", ["-u", "--", mountPoint], { env: { ...process.env, LC_ALL: "C" } }, (error, _stdout, stderr) => {
      if (error === null) resolve(0);
      else resolve(stderr.includes("busy") ? EBUSY : EPERM);
    });
  });
}

/** Takes a mount out of the tree at once, in use or not. Resolves to 0 or an error number. */
export function detach(mountPoint: string): Promise<number> {
  if (isRoot()) return detachAsRoot(mountPoint);
  return new Promise((resolve) => {
    execFile("fusermount3", ["-u", "-z", "--", mountPoint], (error) => resolve(error === null ? 0 : EPERM));
  });
}
