/** Real programs on mounts that an ordinary user made, through fusermount3; and who else may enter such a mount. */
import { fileURLToPath } from "node:url";
import t from "tap";
import { asNobody, runWithOpenDevice, spawnAsNobody, whyNotAsNobody } from "../support/as-nobody.js";
import { stoneCommand } from "../support/stone.js";

const skip = whyNotAsNobody();
t.setTimeout(600_000);

if (skip !== false) t.plan(0, skip);
else {
  for (const name of ["programs", "git", "postgres", "contents"]) {
    await t.test(name, { timeout: 300_000 }, (t) =>
      spawnAsNobody(t, fileURLToPath(new URL(`${name}.test.js`, import.meta.url)), { CONTENTS_SECONDS: "8", PGBENCH_SECONDS: "3" }),
    );
  }
}

/** $1 is how nobody runs stone, $2 the options of the mount. Says for each user whether the mount is open to them. */
const whoEnters = `
  cd "$TMPDIR"
  echo user_allow_other > fuse.conf
  mount --bind fuse.conf /etc/fuse.conf
  nobody="$1" stone="$2" options="$3"
  mkdir mnt && chown 65534 mnt
  $nobody $stone init test.db > /dev/null || exit 1
  $nobody $stone mount test.db mnt $options > /dev/null || exit 1
  $nobody sh -c 'echo open > mnt/file; chmod 644 mnt/file'
  look() { who=$1; shift; printf '%s: ' "$who"; "$@" cat mnt/file 2>&1 || true; }
  look nobody $nobody
  look root
  look alice setpriv --reuid=40001 --regid=40001 --clear-groups
  $nobody $stone umount mnt > /dev/null || exit 1
  $nobody $stone check --db test.db > /dev/null`;

t.test("another user, root too, may enter only with allow_other", { skip }, (t) => {
  const [program, args] = stoneCommand([]);
  const enter = (options: string) => runWithOpenDevice(t, whoEnters, [asNobody.join(" "), [program, ...args].join(" "), options]);
  const closed = enter("");
  const denied = "cat: mnt/file: Permission denied";
  t.equal(closed.stdout, `nobody: open\nroot: ${denied}\nalice: ${denied}\n`, closed.stderr);
  t.equal(closed.status, 0);
  const open = enter("-o allow_other");
  t.equal(open.stdout, "nobody: open\nroot: open\nalice: open\n", open.stderr);
  t.equal(open.status, 0);
  t.end();
});
