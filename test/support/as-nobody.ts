/** Running compiled tests as `nobody`, whose mounts go through fusermount3. */
import { chownSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import { type Outcome, run, without } from "./run.js";
import { temporaryDirectory } from "./temporary.js";
import { nobody } from "./users.js";

/** In a mount namespace of its own, where a /dev/fuse that is closed to users gets one that is open put over it. */
const openDevice = `
  set -e
  if ! [ "$(stat -c %a /dev/fuse)" = 666 ]; then
    mknod "$TMPDIR/device" c 10 229
    chmod 666 "$TMPDIR/device"
    mount --bind "$TMPDIR/device" /dev/fuse
  fi
  exec "$@"`;

/** Makes root nobody for one command. */
export const asNobody: readonly string[] = ["setpriv", `--reuid=${nobody.uid}`, `--regid=${nobody.gid}`, "--clear-groups"];

/** Why tests cannot be run as nobody here, or false. */
export function whyNotAsNobody(): string | false {
  if (process.geteuid?.() !== 0) return "an ordinary user runs these tests already";
  const missing = without("setpriv", "unshare", "fusermount3");
  if (missing !== false) return missing;
  const [program = "", ...rest] = asNobody;
  const here = dirname(fileURLToPath(import.meta.url));
  if (run(program, [...rest, "ls", here]).status !== 0) return "the project lies where nobody may not read it";
  return false;
}

interface Surroundings {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A directory of nobody's own, and the variables that lead there. */
function surroundings(t: Test): Surroundings {
  const directory = temporaryDirectory(t);
  chownSync(directory, nobody.uid, nobody.gid);
  // tap notes which processes it started in the directory the last variable names; nobody may not write the project's.
  return { directory, env: { TMPDIR: directory, HOME: directory, _TAPJS_PROCESSINFO_CWD_: directory } };
}

/** Runs a compiled test file as a subtest. */
export async function spawnAsNobody(t: Test, file: string, variables: Readonly<Record<string, string>> = {}): Promise<void> {
  const { directory, env } = surroundings(t);
  const command = [...asNobody, process.execPath, file];
  const options = { cwd: directory, env: { ...process.env, ...env, ...variables } };
  await t.spawn("unshare", ["--mount", "sh", "-c", openDevice, "sh", ...command], options, "as nobody");
}

/** Runs a shell script as root where `/dev/fuse` is open to all; `$TMPDIR` is nobody's, "$@" are its arguments. */
export function runWithOpenDevice(t: Test, script: string, args: readonly string[]): Outcome {
  const { directory, env } = surroundings(t);
  return run("unshare", ["--mount", "sh", "-c", openDevice, "sh", "sh", "-c", script, "sh", ...args], { cwd: directory, env });
}
