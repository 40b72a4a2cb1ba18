/** The suite on a mount that an ordinary user made, through fusermount3. Run by root it acts as `nobody`; by a user there is nothing to add. */
import { chownSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { run, without } from "../support/run.js";
import { temporaryDirectory } from "../support/temporary.js";
import { nobody } from "../support/users.js";

const suite = fileURLToPath(new URL("mount.test.js", import.meta.url));
/** In a mount namespace of its own, where a /dev/fuse that is closed to users gets one that is open put over it. */
const openDevice = `
  set -e
  if ! [ "$(stat -c %a /dev/fuse)" = 666 ]; then
    mknod "$TMPDIR/device" c 10 229
    chmod 666 "$TMPDIR/device"
    mount --bind "$TMPDIR/device" /dev/fuse
  fi
  exec "$@"`;
const asNobody = [`--reuid=${nobody.uid}`, `--regid=${nobody.gid}`, "--clear-groups"];

/** Why this cannot be tried here, or false. */
function reason(): string | false {
  if (process.geteuid?.() !== 0) return "mount.test.ts is run by an ordinary user already";
  const missing = without("setpriv", "unshare", "fusermount3");
  if (missing !== false) return missing;
  if (run("setpriv", [...asNobody, "ls", dirname(suite)]).status !== 0) return "the project lies where nobody may not read it";
  return false;
}

const skip = reason();
if (skip !== false) t.plan(0, skip);
else {
  const scratch = temporaryDirectory(t);
  chownSync(scratch, nobody.uid, nobody.gid);
  // tap notes which processes it started in the directory this variable names; nobody may not write the project's.
  const env = { ...process.env, TMPDIR: scratch, HOME: scratch, _TAPJS_PROCESSINFO_CWD_: scratch };
  const command = ["setpriv", ...asNobody, process.execPath, suite];
  await t.spawn("unshare", ["--mount", "sh", "-c", openDevice, "sh", ...command], { cwd: scratch, env }, "as nobody");
}
