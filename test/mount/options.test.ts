/** Mount options that change what files show, and what the kernel asks. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import t from "tap";
import { findMount } from "../../src/fuse/mountinfo.js";
import { fails } from "../support/fails.js";
import { isMounted, onMount } from "../support/mount.js";
import { getxattr, setxattr } from "../support/sys.js";

const root = process.geteuid?.() === 0;

t.test("uid, gid and umask", (t) =>
  onMount(
    t,
    (mount) => {
      const path = join(mount.directory, "file");
      fs.writeFileSync(path, "x", { mode: 0o600 });
      t.match(fs.statSync(path), { uid: 40001, gid: 40002, mode: 0o100750 });
      t.match(fs.statSync(mount.directory), { uid: 40001, gid: 40002, mode: 0o40750 });
    },
    { options: ["uid=40001", "gid=40002", "umask=027", ...(root ? ["allow_other"] : [])] },
  ),
);

t.test("the kernel reads a mebibyte ahead", { skip: root ? false : "only root may say so" }, (t) =>
  onMount(t, (mount) => {
    fs.statSync(mount.directory);
    const { device } = findMount(mount.directory) ?? {};
    t.equal(fs.readFileSync(`/sys/class/bdi/${device}/read_ahead_kb`, "utf8").trim(), "1024");
  }),
);

t.test("noacl", (t) =>
  onMount(
    t,
    (mount) => {
      const path = join(mount.directory, "file");
      fs.writeFileSync(path, "x");
      fails(t, "EOPNOTSUPP", () => getxattr(path, "system.posix_acl_access"), "get");
      fails(
        t,
        "EOPNOTSUPP",
        () => setxattr(path, "system.posix_acl_access", Buffer.from("0200000001000600ffffffff04000400ffffffff20000400ffffffff", "hex")),
        "set",
      );
    },
    { options: ["noacl"] },
  ),
);

t.test("access times: kept, or relative", async (t) => {
  const read = async (path: string): Promise<boolean> => {
    fs.utimesSync(path, 1, 2);
    // A fresh descriptor after the page cache was dropped: what the kernel reads from its own memory nobody sees.
    spawnSync("dd", [`of=${path}`, "oflag=nocache", "conv=notrunc,fdatasync", "count=0"]);
    fs.readFileSync(path);
    return fs.statSync(path).atimeMs > 1000;
  };
  for (const [options, moves] of [
    [[], false],
    [["relatime"], true],
  ] as const) {
    await onMount(
      t,
      async (mount) => {
        const path = join(mount.directory, "file");
        fs.writeFileSync(path, "x".repeat(10_000));
        mount.unmount();
        mount.mount();
        t.equal(await read(path), moves, options.join() || "default");
        if (!moves) return;
        const { atimeMs } = fs.statSync(path);
        mount.unmount();
        mount.mount();
        t.equal(fs.statSync(path).atimeMs, atimeMs, "it is stored");
      },
      { options },
    );
  }
});

t.test("auto_unmount leaves no dead mount", (t) =>
  onMount(
    t,
    async (mount) => {
      fs.writeFileSync(join(mount.directory, "file"), "x");
      await mount.kill();
      const end = Date.now() + 10_000;
      while (isMounted(mount.directory) && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
      t.notOk(isMounted(mount.directory));
      t.same(fs.readdirSync(mount.directory), []);
    },
    { options: ["auto_unmount"] },
  ),
);
