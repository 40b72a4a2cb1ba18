/** The helper of mount(8): what it is called with, and a mount by `mount -t stonefs`, by hand and by a line of fstab. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { helperArguments } from "../../src/cli/helper-arguments.js";
import { isMounted } from "../support/mount.js";
import { run } from "../support/run.js";
import { stone } from "../support/stone.js";
import { temporaryDirectory } from "../support/temporary.js";

const helperMain = fileURLToPath(new URL("../../src/cli/mount-helper.js", import.meta.url));
const installed = "/sbin/mount.stonefs";

t.test("arguments as mount(8) gives them", async (t) => {
  t.same(helperArguments(["/a.db", "/mnt", "-o", "rw,allow_other,branch=idea,size=1G"]), {
    args: ["--branch", "idea", "-o", "rw,allow_other,size=1G", "--", "/a.db", "/mnt"],
    pretend: false,
  });
  t.same(helperArguments(["-sn", "/a.db", "/mnt", "-v", "-t", "stonefs", "-o", "at=2026-01-01T00:00"]), {
    args: ["--at", "2026-01-01T00:00", "--", "/a.db", "/mnt"],
    pretend: false,
  });
  t.equal(helperArguments(["-f", "/a.db", "/mnt"])?.pretend, true);
  t.equal(helperArguments(["/a.db"]), undefined);
  t.equal(helperArguments(["/a.db", "/mnt", "/more"]), undefined);
  t.equal(helperArguments(["/a.db", "/mnt", "-o"]), undefined);
  t.equal(helperArguments(["/a.db", "/mnt", "--what"]), undefined);
});

t.test("the helper mounts, and says why it does not", async (t) => {
  const base = temporaryDirectory(t);
  const [database, directory] = [join(base, "a.db"), join(base, "mnt")];
  mkdirSync(directory);
  t.equal(stone(["init", database]).status, 0);
  const helper = (...args: string[]) => run("env", ["-u", "NODE_OPTIONS", process.execPath, helperMain, ...args]);
  t.equal(helper().status, 1);
  t.match(helper(database, directory, "-o", "driver=nonsense"), { status: 1, stderr: /driver=nonsense: must be kernel or fuse-native/ });
  t.match(helper(database, directory, "-o", "frobnicate"), { status: 1, stderr: /mount\.stonefs: -o frobnicate: unknown option/ });
  t.match(helper(join(base, "none.db"), directory), { status: 32, stderr: /mount\.stonefs: .*none\.db/ });
  t.match(helper("-f", database, directory), { status: 0 });
  t.notOk(isMounted(directory));
  t.match(helper(database, directory, "-o", "rw,noatime,fsname=mine,max_read=65536"), { status: 0 });
  t.match(readFileSync("/proc/self/mountinfo", "utf8"), new RegExp(`${directory} .* fuse.stonefs mine .*max_read=65536`));
  t.equal(stone(["umount", directory]).status, 0);
});

const whyNot = process.geteuid?.() !== 0 ? "only root installs it" : existsSync(installed) ? `${installed} is there already` : false;

t.test("mount -t stonefs and fstab", { skip: whyNot }, async (t) => {
  const base = temporaryDirectory(t);
  const [database, directory, fstab] = [join(base, "a.db"), join(base, "mnt"), join(base, "fstab")];
  mkdirSync(directory);
  t.equal(stone(["init", database]).status, 0);
  t.teardown(() => rmSync(installed, { force: true }));
  writeFileSync(installed, `#!/bin/sh\nexec env -u NODE_OPTIONS '${process.execPath}' '${helperMain}' "$@"\n`, { mode: 0o755 });
  t.match(run("mount", ["-t", "stonefs", database, directory, "-o", "allow_other,uid=1000,umask=027"]), { status: 0 });
  writeFileSync(join(directory, "file"), "x");
  t.match(run("stat", ["-c", "%u %a", join(directory, "file")]).stdout, "1000 750\n");
  t.match(run("umount", [directory]), { status: 0 });
  writeFileSync(fstab, `${database} ${directory} stonefs rw,noauto,nofail,branch=main 0 0\n`);
  t.match(run("mount", ["--fstab", fstab, directory]), { status: 0 });
  t.equal(readFileSync(join(directory, "file"), "utf8"), "x");
  t.match(run("umount", [directory]), { status: 0 });
});
