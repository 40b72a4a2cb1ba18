import { spawnSync } from "node:child_process";
import { closeSync } from "node:fs";
import { MountError } from "./mount-error.js";
import { receiveDescriptor, setNonBlocking, unixSocketPair } from "./syscalls.js";

/** The setuid helper that mounts for ordinary users. */
const helper = "fusermount3";

/** fusermount3 splits its options at commas, unless a backslash stands before one. */
function escaped(value: string): string {
  return value.replace(/[\\,]/g, "\\$&");
}

/** What the helper said, as a reason for a person. */
function reasonOf(stderr: string, mountPoint: string): string {
  const said = stderr.trim().replace(/^fusermount3?: /gm, "");
  if (said.includes("user_allow_other")) {
    return "the option allow_other needs the line user_allow_other in /etc/fuse.conf when an ordinary user mounts";
  }
  if (said.includes("/dev/fuse")) return `${said}; the device must exist and be open to this user (mode 0666)`;
  return said === "" ? `${helper} failed for ${mountPoint} and did not say why` : said;
}

function run(args: string[], descriptor: number | undefined): { status: number; stderr: string } {
  const result = spawnSync(helper, args, {
    // Descriptor 3 is the helper's end of the socket; all others are closed on exec.
    stdio: descriptor === undefined ? ["ignore", "ignore", "pipe"] : ["ignore", "ignore", "pipe", descriptor],
    env: { PATH: process.env.PATH, LC_ALL: "C", ...(descriptor === undefined ? {} : { _FUSE_COMMFD: "3" }) },
    encoding: "utf8",
  });
  if (result.error !== undefined) {
    const missing = (result.error as NodeJS.ErrnoException).code === "ENOENT";
    throw new MountError(missing ? `${helper} is not installed; it is in the Debian package fuse3` : `${helper}: ${result.error.message}`);
  }
  return { status: result.status ?? -1, stderr: result.stderr };
}

/** Mounts through fusermount3 and returns the device's descriptor, non-blocking and closed on exec. `options` as for mount(8). */
export function mountByHelper(mountPoint: string, source: string, subtype: string, options: readonly string[]): number {
  const [ours, theirs] = unixSocketPair();
  try {
    const all = [...options, `fsname=${escaped(source)}`, `subtype=${escaped(subtype)}`].join(",");
    const { status, stderr } = run(["-o", all, "--", mountPoint], theirs);
    closeSync(theirs);
    if (status !== 0) throw new MountError(reasonOf(stderr, mountPoint));
    const fd = receiveDescriptor(ours);
    if (fd === undefined) throw new MountError(`${helper} mounted ${mountPoint} but sent no descriptor`);
    setNonBlocking(fd);
    return fd;
  } finally {
    closeSync(ours);
  }
}

/** Unmounts through fusermount3. Throws MountError with what it said. */
export function unmountByHelper(mountPoint: string, options: readonly string[]): void {
  const { status, stderr } = run(["-u", ...options, "--", mountPoint], undefined);
  if (status !== 0) throw new MountError(reasonOf(stderr, mountPoint));
}
