/** A mount through libfuse and fuse-native: that all of the file system works on it, and what it cannot do says so. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import t from "tap";
import { spawnAsNobody, whyNotAsNobody } from "../support/as-nobody.js";
import { fails } from "../support/fails.js";
import { whyNoLibfuse } from "../support/libfuse.js";
import { isMounted, type Mount, type MountOptions, onMount } from "../support/mount.js";
import { git, makeRepository } from "../support/project.js";
import { succeed, without } from "../support/run.js";
import { stone, stoneMain } from "../support/stone.js";
import { temporaryDirectory } from "../support/temporary.js";
import { compareTrees } from "../support/tree.js";

const skip = whyNoLibfuse();
/** Who is not root may let others in only where /etc/fuse.conf says so. */
const others = process.geteuid?.() === 0 ? "allow_other" : "";
const libfuse: MountOptions = { options: ["driver=fuse-native"] };
const read = (...parts: string[]): string => fs.readFileSync(join(...parts), "utf8");
const write = (text: string, ...parts: string[]): void => fs.writeFileSync(join(...parts), text);

/** Runs `stone` inside a mount; it must succeed. */
function stoneIn(mount: Mount, ...args: string[]): string {
  const { status, stdout, stderr } = stone(args, { cwd: mount.directory });
  if (status !== 0) throw new Error(`stone ${args.join(" ")}: status ${status}: ${stderr}`);
  return stdout;
}

t.setTimeout(400_000);

t.test("git", { skip }, (t) =>
  onMount(
    t,
    ({ directory }) => {
      const repository = join(directory, "project");
      makeRepository(t, repository);
      t.equal(git(t, repository, "status", "--porcelain"), "");
      git(t, repository, "checkout", "-q", "-b", "work", "HEAD~3");
      write("on a branch\n", repository, "new file");
      git(t, repository, "add", "new file");
      git(t, repository, "commit", "-q", "-m", "on a branch");
      git(t, repository, "checkout", "-q", "main");
      git(t, repository, "merge", "-q", "--no-edit", "work");
      git(t, repository, "gc", "-q", "--prune=now");
      git(t, repository, "fsck", "--full", "--strict");
      t.equal(git(t, repository, "status", "--porcelain"), "");
    },
    libfuse,
  ),
);

t.test("the past and branches", { skip }, (t) =>
  onMount(
    t,
    (mount) => {
      const { directory } = mount;
      fs.mkdirSync(join(directory, "d"));
      write("one", directory, "d", "note");
      fs.mkdirSync(join(directory, ".history", "before"));
      write("two", directory, "d", "note");
      t.equal(read(directory, ".history", "before", "d", "note"), "one");
      t.equal(read(directory, ".history", "0s-ago", "d", "note"), "two");
      fails(t, "EROFS", () => write("x", directory, ".history", "before", "d", "note"), "the past stays");
      // Files with equal numbers would pass for one, and not be compared.
      const { status, stdout } = spawnSync("diff", ["-r", ".history/before", "d/.."], { cwd: directory, encoding: "utf8" });
      t.match({ status, stdout }, { status: 1, stdout: /< one/ });
      fs.mkdirSync(join(directory, ".branches", "idea"));
      write("three", directory, ".branches", "idea", "d", "note");
      t.equal(read(directory, "d", "note"), "two");
      fs.renameSync(join(directory, ".branches", "idea"), join(directory, ".branches", "plan"));
      t.equal(read(directory, ".branches", "plan", "d", "note"), "three");
      t.match(fs.readdirSync(join(directory, ".branches")), ["main", "plan"]);
      t.match(stoneIn(mount, "history", "d/note"), /\n.*\n/);
    },
    libfuse,
  ),
);

t.test("what commands change is seen at once", { skip }, (t) =>
  onMount(
    t,
    (mount) => {
      const { directory } = mount;
      for (const name of ["d", "other"]) fs.mkdirSync(join(directory, name));
      write("one", directory, "d", "note");
      stoneIn(mount, "branch", "idea");
      write("better", directory, ".branches", "idea", "d", "note");
      write("new", directory, ".branches", "idea", "d", "added");
      fs.rmdirSync(join(directory, ".branches", "idea", "other"));
      fs.mkdirSync(join(directory, ".branches", "idea", "moved"));
      t.same(fs.readdirSync(join(directory, "d")), ["note"]);
      stoneIn(mount, "merge", "idea");
      t.equal(read(directory, "d", "note"), "better");
      t.equal(fs.statSync(join(directory, "d", "note")).size, 6);
      t.equal(read(directory, "d", "added"), "new");
      t.same(fs.readdirSync(directory).sort(), ["d", "moved"]);
      stoneIn(mount, "undo");
      t.equal(read(directory, "d", "note"), "one");
      fails(t, "ENOENT", () => read(directory, "d", "added"), "undone");
      stoneIn(mount, "switch", "idea");
      t.equal(read(directory, "d", "note"), "better");
      t.equal(read(directory, ".branches", "main", "d", "note"), "one");
      stoneIn(mount, "switch", "main");
      stoneIn(mount, "branch", "-d", "idea");
      fails(t, "ENOENT", () => fs.statSync(join(directory, ".branches", "idea")), "dropped");
      stoneIn(mount, "tx", "--", "sh", "-c", "echo four > d/note; mv d e");
      t.equal(read(directory, "e", "note"), "four\n");
      stoneIn(mount, "snapshot", "here");
      write("five", directory, "e", "note");
      stoneIn(mount, "restore", "here", "e");
      t.equal(read(directory, "e", "note"), "four\n");
      t.match(stoneIn(mount, "gc", "--keep", "0s"), /./);
      t.equal(read(directory, "e", "note"), "four\n");
    },
    libfuse,
  ),
);

t.test("a removed file lives on for who has it open, and is gone for history", { skip }, (t) =>
  onMount(
    t,
    (mount) => {
      const path = join(mount.directory, "d", "file");
      fs.mkdirSync(join(mount.directory, "d"));
      write("still there", path);
      const fd = fs.openSync(path, "r+");
      fs.unlinkSync(path);
      t.same(fs.readdirSync(join(mount.directory, "d")), []);
      fs.writeSync(fd, "S", 0);
      t.equal(fs.fstatSync(fd).nlink, 0);
      t.equal(fs.readFileSync(`/proc/self/fd/${fd}`, "utf8"), "Still there");
      fails(t, "ENOTEMPTY", () => fs.rmdirSync(join(mount.directory, "d")), "libfuse needs the directory");
      fs.closeSync(fd);
      fs.rmSync(join(mount.directory, "d"), { recursive: true });
      t.notMatch(stoneIn(mount, "log"), /fuse_hidden/);
    },
    libfuse,
  ),
);

t.test("two names of a file are one file", { skip }, (t) =>
  onMount(
    t,
    ({ directory }) => {
      const [a, b] = [join(directory, "a"), join(directory, "b")];
      write("one", a);
      fs.linkSync(a, b);
      t.match(fs.statSync(b), { ino: fs.statSync(a).ino, nlink: 2 });
      fs.appendFileSync(b, " more");
      t.equal(read(a), "one more");
      fs.unlinkSync(a);
      t.match(fs.statSync(b), { nlink: 1 });
    },
    libfuse,
  ),
);

t.test("a tree with its times, copied there and back", { skip: skip || without("rsync") }, (t) =>
  onMount(
    t,
    ({ directory }) => {
      const source = join(directory, "..", "source");
      fs.mkdirSync(join(source, "deep", "er"), { recursive: true });
      for (const [index, name] of ["a", "ä", "with space", "deep/b", "deep/er/c"].entries()) {
        write("x".repeat(index * 100_000), source, name);
        fs.utimesSync(join(source, name), 1_000_000_000 + index, 1_100_000_000.5 + index);
      }
      fs.symlinkSync("deep/b", join(source, "link"));
      // Of directories and links it sets the one time only, which libfuse drops.
      succeed(t, "rsync", ["-aOJ", `${source}/`, join(directory, "copy")]);
      t.same(compareTrees(source, join(directory, "copy"), { ignore: ["mtime"] }), []);
      for (const name of ["a", "deep/er/c"]) {
        t.equal(fs.statSync(join(directory, "copy", name)).mtimeMs, fs.statSync(join(source, name)).mtimeMs, name);
      }
      t.equal(succeed(t, "rsync", ["-aOJin", `${source}/`, join(directory, "copy")]), "", "nothing is left to copy");
    },
    libfuse,
  ),
);

t.test("what happens before it is killed is kept, and the mount comes back", { skip }, (t) =>
  onMount(
    t,
    async (mount) => {
      const fd = fs.openSync(join(mount.directory, "file"), "w");
      fs.writeSync(fd, "synced");
      fs.fsyncSync(fd);
      fs.closeSync(fd);
      await mount.kill();
      mount.mount();
      t.equal(read(mount.directory, "file"), "synced");
      const open = fs.openSync(join(mount.directory, "file"), "a");
      t.match(stone(["umount", mount.directory]), { status: 1, stderr: /in use/ });
      fs.writeSync(open, " and more");
      fs.closeSync(open);
      mount.unmount();
      mount.mount();
      t.equal(read(mount.directory, "file"), "synced and more");
    },
    libfuse,
  ),
);

t.test("SIGTERM commits and unmounts", { skip }, (t) =>
  onMount(
    t,
    async (mount) => {
      write("x", mount.directory, "file");
      process.kill(mount.daemonPid(), "SIGTERM");
      while (fs.existsSync(`${mount.database}.lock`)) await new Promise((resolve) => setTimeout(resolve, 10));
      t.notOk(isMounted(mount.directory));
      mount.mount();
      t.equal(read(mount.directory, "file"), "x");
    },
    libfuse,
  ),
);

t.test("a moment, read-only, open to everybody", { skip }, (t) =>
  onMount(
    t,
    (mount) => {
      fails(t, "EROFS", () => write("x", mount.directory, "file"), "read-only");
      t.match(fs.readFileSync("/proc/self/mountinfo", "utf8"), new RegExp(` ${mount.directory} ro,.*fuse.stonefs .*${others}`));
    },
    { options: ["driver=fuse-native", "ro", ...(others === "" ? [] : [others])] },
  ),
);

t.test("refused is what it does not carry", { skip }, (t) =>
  onMount(
    t,
    ({ directory }) => {
      const path = join(directory, "file");
      write("x", path);
      fails(t, "EINVAL", () => fs.utimesSync(path, new Date(-1000), new Date(-1000)), "before 1970");
      fails(t, "EILSEQ", () => fs.writeFileSync(Buffer.from(`${directory}/\xff`, "latin1"), "x"), "a name that is not UTF-8");
    },
    libfuse,
  ),
);

t.test("without the package there is one line that says so", async (t) => {
  const project = temporaryDirectory(t);
  fs.mkdirSync(join(project, "node_modules"));
  const root = join(stoneMain, "../../../..");
  fs.cpSync(join(root, "build", "src"), join(project, "build", "src"), { recursive: true });
  for (const name of ["package.json", "schema"]) fs.symlinkSync(join(root, name), join(project, name));
  for (const name of fs.readdirSync(join(root, "node_modules"))) {
    if (name !== "fuse-native") fs.symlinkSync(join(root, "node_modules", name), join(project, "node_modules", name));
  }
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(project, "build/src/cli/main.js"), ...args], {
      cwd: project,
      encoding: "utf8",
      env: { ...process.env, NODE_OPTIONS: "" },
    });
  fs.mkdirSync(join(project, "mnt"));
  t.equal(run("init", "test.db").status, 0);
  const { status, stderr } = run("mount", "test.db", "mnt", "-o", "driver=fuse-native");
  t.equal(status, 1);
  t.match(stderr, /^stone: driver=fuse-native: the package fuse-native is not installed; install it with: npm install .*\n$/);
  t.notOk(isMounted(join(project, "mnt")));
  t.equal(run("check", "test.db").status, 0, "and the database is closed and whole");
});

const notAsNobody = skip || process.env.STONE_TEST_AS_NOBODY !== undefined ? skip || "this is it" : whyNotAsNobody();
t.test("mounted by an ordinary user", { skip: notAsNobody }, (t) =>
  spawnAsNobody(t, join(import.meta.dirname, "libfuse.test.js"), { STONE_TEST_AS_NOBODY: "1" }),
);
