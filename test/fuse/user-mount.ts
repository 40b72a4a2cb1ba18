/**
 * Mounts as an ordinary user through fusermount3: `unshare -m node user-mount.js DIRECTORY USER-ID`, run as root in a mount
 * namespace of its own, so that whatever it leaves ends with it. Where /dev/fuse is closed to users it puts one that is open
 * over it. DIRECTORY is an empty one, to be removed afterwards. Prints one JSON object: what was seen.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startTiny, type Tiny } from "./harness.js";

const [directory = "", user = ""] = process.argv.slice(2);
const tinyScript = fileURLToPath(new URL("./tiny.js", import.meta.url));
// tap's NODE_OPTIONS make each node process write into this directory, which that user may not.
const withoutTap = ["/usr/bin/env", "-u", "NODE_OPTIONS"];
const asUser = ["/usr/bin/setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups", "--", ...withoutTap];

function run(command: readonly string[]): string {
  const [program = "", ...args] = command;
  const { stdout, stderr } = spawnSync(program, args, { encoding: "utf8", timeout: 20_000 });
  return stdout + stderr;
}

function openDevice(): void {
  if ((statSync("/dev/fuse").mode & 0o6) === 0o6) return;
  const node = join(directory, "device");
  run(["mknod", node, "c", "10", "229"]);
  chmodSync(node, 0o666);
  run(["mount", "--bind", node, "/dev/fuse"]);
}

/** What hinders a mount, in the driver's words. */
async function refusal(root: string, options: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  try {
    const tiny = await startTiny(root, options, asUser, env);
    tiny.child.kill("SIGKILL");
    return "it was mounted";
  } catch (error) {
    return (error as Error).message;
  }
}

/** Holds a file of the mount open while the command runs. */
function holding(file: string, command: readonly string[]): readonly string[] {
  return [...asUser, "sh", "-c", `exec 3< "$0"; exec "$@"`, file, ...command];
}

async function main(): Promise<Record<string, string>> {
  chmodSync(directory, 0o755);
  const root = join(directory, "mount");
  mkdirSync(root);
  chownSync(root, Number(user), Number(user));
  openDevice();
  const everyone = await refusal(root, [], {});
  const missing = await refusal(root, ["private"], { PATH: "/nonexistent" });
  const foreign = await refusal(directory, ["private"], {});
  let tiny: Tiny | undefined;
  try {
    tiny = await startTiny(root, ["private", "fsname=a,b c\\d"], asUser);
    const mounted = run(["grep", root, "/proc/self/mountinfo"]);
    const content = run([...asUser, "cat", join(root, "file")]);
    const asRoot = run(["cat", join(root, "file")]);
    const unmount = [process.execPath, tinyScript, root, "unmount"];
    const busy = run(holding(join(root, "file"), unmount));
    const unmounted = run([...asUser, ...unmount]);
    const ended = unmounted === "" ? await tiny.ended : "";
    return { everyone, missing, foreign, mounted, content, asRoot, busy, unmounted, ended };
  } finally {
    tiny?.child.kill("SIGKILL");
  }
}

process.stdout.write(`${JSON.stringify(await main())}\n`);
