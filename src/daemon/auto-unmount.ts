import { spawn } from "node:child_process";

/**
 * What `auto_unmount` runs beside the daemon. It waits until its standard input ends, which is when the daemon does, by whatever way,
 * and then takes away what is mounted at "$0", if that is dead: a mount that was unmounted properly, or another that came after it, is not.
 * Dead is what answers ENOTCONN, or ECONNABORTED when it died while it was asked: pipes may be closed before the device.
 */
const script = `cat >/dev/null
case $(LC_ALL=C stat -f -- "$0" 2>&1) in
*"endpoint is not connected"* | *"connection abort"*) umount -l -- "$0" 2>/dev/null || fusermount3 -u -z -- "$0" ;;
esac`;

/** Has a mount point freed when this process is gone. The kernel lets none but the last descriptor's end tell. */
export function unmountWhenDead(mountPoint: string): void {
  const watcher = spawn("sh", ["-c", script, mountPoint], { cwd: "/", detached: true, stdio: ["pipe", "ignore", "ignore"] });
  // Without a shell the mount is as good as without the option.
  watcher.on("error", () => {});
  watcher.unref();
}
