import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { noMounts } from "./harness.js";

/** `nobody`. */
const user = 65534;

function whyNot(): string | false {
  const missing = ["env", "fusermount3", "setpriv", "unshare"].find((program) => !existsSync(`/usr/bin/${program}`));
  if (missing !== undefined) return `there is no /usr/bin/${missing}`;
  const nobody = spawnSync("setpriv", [`--reuid=${user}`, "--clear-groups", "--", process.execPath, "-e", "0", import.meta.url]);
  return nobody.status === 0 ? noMounts() : "an ordinary user cannot run this node";
}

t.test("an ordinary user mounts through fusermount3", { skip: whyNot() }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "stonefs-user-"));
  try {
    const script = fileURLToPath(new URL("./user-mount.js", import.meta.url));
    const command = ["-m", "--propagation", "private", process.execPath, script, directory, String(user)];
    const { stdout, stderr } = spawnSync("unshare", command, { encoding: "utf8", timeout: 60_000, env: { ...process.env, DEBUG: "" } });
    t.equal(stderr, "");
    const seen = JSON.parse(stdout);
    t.match(seen.mounted, /nosuid,nodev.* fuse\.stonefs a,b\\040c\\134d rw,user_id=65534,group_id=65534,default_permissions/);
    t.equal(seen.content, "hello, kernel\n");
    t.match(seen.asRoot, /Permission denied/, "not even root looks into another's private mount");
    t.match(seen.everyone, /allow_other needs the line user_allow_other in \/etc\/fuse\.conf/);
    t.match(seen.missing, /fusermount3 is not installed; it is in the Debian package fuse3/);
    t.match(seen.foreign, /user has no write access to mountpoint/);
    t.match(seen.busy, /busy|in use/i);
    t.equal(seen.unmounted, "");
    t.match(seen.ended, /ended: unmounted/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
