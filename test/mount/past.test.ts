/** /.history: any moment as a directory. */
import fs from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import t, { type Test } from "tap";
import { fails, failsWithOneOf } from "../support/fails.js";
import { onMount } from "../support/mount.js";
import { copyProject } from "../support/project.js";
import { run, succeed } from "../support/run.js";
import { stone } from "../support/stone.js";
import { setxattr } from "../support/sys.js";
import { describeTree, differences } from "../support/tree.js";
import { asUser, nobody } from "../support/users.js";

const root = process.geteuid?.() === 0;
const read = (...parts: string[]): string => fs.readFileSync(join(...parts), "utf8");

/** A moment between what was done before and what is done after, as ISO time with milliseconds; clocks tick in between. */
async function moment(): Promise<string> {
  await pause(30);
  const iso = new Date().toISOString();
  await pause(30);
  return iso;
}

t.test("every version of a file, by time", (t) =>
  onMount(t, async ({ directory }) => {
    const moments: string[] = [];
    for (const text of ["one", "two", "three"]) {
      fs.writeFileSync(join(directory, "note"), text);
      moments.push(await moment());
    }
    fs.unlinkSync(join(directory, "note"));
    const gone = await moment();
    fs.writeFileSync(join(directory, "note"), "back");
    for (const [index, text] of ["one", "two", "three"].entries()) {
      t.equal(read(directory, ".history", moments[index] as string, "note"), text);
    }
    fails(t, "ENOENT", () => read(directory, ".history", gone, "note"), "while it was removed");
    t.same(fs.readdirSync(join(directory, ".history", gone)), []);
    t.same(fs.readdirSync(join(directory, ".history", moments[0] as string)), ["note"]);
    t.equal(read(directory, "note"), "back");
  }),
);

t.test("by event, and by age", (t) =>
  onMount(t, async ({ directory }) => {
    fs.writeFileSync(join(directory, "note"), "one");
    await pause(1600);
    fs.writeFileSync(join(directory, "note"), "two");
    t.equal(read(directory, ".history", "1s-ago", "note"), "one");
    t.equal(read(directory, "note"), "two");
    await pause(1600);
    t.equal(read(directory, ".history", "1s-ago", "note"), "one", "a moment in use stays where it was");

    const listed = stone(["history", "--json", join(directory, "note")]);
    t.equal(listed.status, 0, listed.stderr);
    const text = JSON.stringify(JSON.parse(listed.stdout));
    const events = [...text.matchAll(/"event":"?(\d+)/g)].map((match) => Number(match[1])).sort((a, b) => a - b);
    t.ok(events.length >= 2, `events in ${text}`);
    t.equal(read(directory, ".history", `@${events.at(-1)}`, "note"), "two");
    const contents = events.map((event) => read(directory, ".history", `@${event}`, "note"));
    t.ok(contents.includes("one"), `contents at each event: ${contents}`);
  }),
);

t.test("what is no moment does not exist", (t) =>
  onMount(t, ({ directory }) => {
    fs.writeFileSync(join(directory, "note"), "one");
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const nonsense = [
      "nonsense",
      "now-ish",
      "5",
      "5m",
      "ago",
      "s-ago",
      "-5s-ago",
      "5x-ago",
      "@",
      "@x",
      "@-1",
      "@1.5",
      "@99999999",
      "2026-13-01",
      "2026-02-30",
      "2026-01-01T25:00",
      "99999999999999999999s-ago",
      "\u00fcmlaut",
      "new\nline",
      "x".repeat(255),
    ];
    for (const name of nonsense) fails(t, "ENOENT", () => fs.statSync(join(directory, ".history", name)), JSON.stringify(name));
    fails(t, "ENOENT", () => fs.readdirSync(join(directory, ".history", later)), "the future");
    fails(t, "ENOENT", () => fs.readdirSync(join(directory, ".history", "2001-01-01T00:00:00")), "before the file system");
    fails(t, "ENOENT", () => fs.readdirSync(join(directory, ".history", "100w-ago")), "before the file system, by age");
    fails(t, "ENOENT", () => fs.readdirSync(join(directory, ".history", "yesterday")), "yesterday, before the file system");
    const { status, stderr } = run("ls", [join(directory, ".history", "nonsense")]);
    t.equal(status, 2);
    t.match(stderr, /No such file or directory/);
  }),
);

t.test("the past cannot be changed", (t) =>
  onMount(t, async ({ directory }) => {
    fs.mkdirSync(join(directory, "sub"));
    fs.writeFileSync(join(directory, "sub", "file"), "fixed");
    const then = join(directory, ".history", await moment());
    const attempts: Record<string, () => unknown> = {
      create: () => fs.writeFileSync(join(then, "new"), ""),
      "open for writing": () => fs.openSync(join(then, "sub", "file"), "r+"),
      append: () => fs.appendFileSync(join(then, "sub", "file"), "x"),
      truncate: () => fs.truncateSync(join(then, "sub", "file"), 0),
      unlink: () => fs.unlinkSync(join(then, "sub", "file")),
      mkdir: () => fs.mkdirSync(join(then, "sub", "new")),
      rmdir: () => fs.rmdirSync(join(then, "sub")),
      rename: () => fs.renameSync(join(then, "sub"), join(then, "new")),
      symlink: () => fs.symlinkSync("x", join(then, "new")),
      link: () => fs.linkSync(join(then, "sub", "file"), join(then, "new")),
      chmod: () => fs.chmodSync(join(then, "sub", "file"), 0o777),
      chown: () => fs.chownSync(join(then, "sub", "file"), 1, 1),
      utimes: () => fs.utimesSync(join(then, "sub", "file"), 1, 1),
      setxattr: () => setxattr(join(then, "sub", "file"), "user.x", "x"),
    };
    for (const [call, action] of Object.entries(attempts)) fails(t, "EROFS", action, call);
    failsWithOneOf(t, ["EROFS", "EXDEV"], () => fs.renameSync(join(then, "sub", "file"), join(directory, "out")), "rename out of the past");
    failsWithOneOf(t, ["EROFS", "EXDEV"], () => fs.renameSync(join(directory, "sub"), join(then, "in")), "rename into the past");
    failsWithOneOf(t, ["EROFS", "EXDEV"], () => fs.linkSync(join(then, "sub", "file"), join(directory, "out")), "link out of the past");
    t.equal(read(then, "sub", "file"), "fixed");
    t.same(fs.readdirSync(directory), ["sub"]);
  }),
);

t.test("names of the past are reserved in the root only, and listed only in themselves", (t) =>
  onMount(t, async ({ directory }) => {
    fs.mkdirSync(join(directory, "sub"));
    fs.writeFileSync(join(directory, "file"), "");
    t.same(fs.readdirSync(directory).sort(), ["file", "sub"]);
    t.equal(succeed(t, "find", [directory]).trimEnd().split("\n").length, 3);
    t.ok(fs.statSync(join(directory, ".history")).isDirectory());
    for (const action of [
      () => fs.mkdirSync(join(directory, ".history")),
      () => fs.writeFileSync(join(directory, ".history"), "", { flag: "wx" }),
      () => fs.renameSync(join(directory, "file"), join(directory, ".history")),
      () => fs.rmdirSync(join(directory, ".history")),
      () => fs.unlinkSync(join(directory, ".history")),
    ]) {
      t.throws(action);
    }
    t.same(fs.readdirSync(directory).sort(), ["file", "sub"]);
    fs.mkdirSync(join(directory, "sub", ".history"));
    t.same(fs.readdirSync(join(directory, "sub")), [".history"]);
    fails(t, "ENOENT", () => fs.statSync(join(directory, ".history", new Date().toISOString(), ".history")), "no past inside the past");
  }),
);

t.test("ls /.history: recent points of change, oldest first, usable as they are", (t) =>
  onMount(t, async ({ directory }) => {
    for (const text of ["one", "two", "three"]) {
      const fd = fs.openSync(join(directory, "note"), "w");
      fs.writeSync(fd, text);
      // Durable, so that each is a point of its own.
      fs.fsyncSync(fd);
      fs.closeSync(fd);
      await pause(1100);
    }
    const points = succeed(t, "ls", ["-1", join(directory, ".history")])
      .trimEnd()
      .split("\n");
    t.ok(points.length >= 3, `points: ${points}`);
    t.same(points, [...points].sort(), "in order");
    for (const point of points) t.match(point, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
    const contents = points.map((point) => {
      const path = join(directory, ".history", point, "note");
      return fs.existsSync(path) ? fs.readFileSync(path, "utf8") : "";
    });
    for (const text of ["one", "two", "three"]) t.ok(contents.includes(text), `${text} among ${contents}`);
    t.equal(contents.at(-1), "three", "the newest is last");
  }),
);

t.test("the past belongs to who mounted", { skip: root ? false : "only root can act as several users" }, (t) =>
  onMount(
    t,
    async ({ directory }) => {
      fs.writeFileSync(join(directory, "file"), "");
      const then = await moment();
      t.equal(fs.statSync(join(directory, ".history")).mode & 0o777, 0o700);
      asUser(nobody, () => {
        t.equal(read(directory, "file"), "");
        fails(t, "EACCES", () => fs.readdirSync(join(directory, ".history")), "list");
        fails(t, "EACCES", () => read(directory, ".history", then, "file"), "read");
      });
    },
    { options: ["allow_other"] },
  ),
);

/** Everything a version has: links, modes, times, attributes, owners. */
function fill(directory: string): void {
  copyProject(join(directory, "project"));
  const path = (name: string): string => join(directory, "project", name);
  fs.symlinkSync("src", path("link"));
  fs.linkSync(path("package.json"), path("second name"));
  setxattr(path("package.json"), "user.note", "kept");
  fs.writeFileSync(path("sparse"), "start");
  fs.truncateSync(path("sparse"), 10_000_000);
  if (root) fs.chownSync(path("src"), 12, 34);
}

t.test("a tree then is exactly what it was", (t) =>
  onMount(t, async ({ directory }) => {
    fill(directory);
    const before = describeTree(join(directory, "project"));
    // Ends the batch, so that the times of directories are exact too.
    succeed(t, "sync", [join(directory, "project", "package.json")]);
    const then = await moment();
    succeed(
      t,
      "sh",
      [
        "-c",
        "cd project && mv src source && echo changed >> package.json && chmod 600 README.md && rm -r test && ln -sfn elsewhere link && touch -d 2001-01-01 schema && truncate -s 5 sparse",
      ],
      { cwd: directory },
    );
    t.not(differences(before, describeTree(join(directory, "project"))).length, 0);
    t.same(differences(before, describeTree(join(directory, ".history", then, "project"))), []);
    const [live, past] = [
      fs.statSync(join(directory, "project", "README.md")),
      fs.statSync(join(directory, ".history", then, "project", "README.md")),
    ];
    t.not(`${live.dev}:${live.ino}`, `${past.dev}:${past.ino}`, "the same file in two trees is two files to cp and diff");
  }),
);

t.test("diff -r against a past moment says what changed", (t) =>
  onMount(t, async ({ directory }) => {
    fill(directory);
    const then = join(directory, ".history", await moment(), "project");
    const now = join(directory, "project");
    t.equal(succeed(t, "diff", ["-r", "--no-dereference", then, now]), "");
    fs.appendFileSync(join(now, "package.json"), "one more line\n");
    fs.writeFileSync(join(now, "added"), "");
    fs.unlinkSync(join(now, "tsconfig.json"));
    const { status, stdout } = run("diff", ["-rq", "--no-dereference", then, now]);
    t.equal(status, 1);
    const lines = stdout.trimEnd().split("\n").sort();
    const expected = [
      `Files ${then}/package.json and ${now}/package.json differ`,
      `Files ${then}/second name and ${now}/second name differ`,
      `Only in ${now}: added`,
      `Only in ${then}: tsconfig.json`,
    ];
    t.same(lines, expected.sort());
  }),
);

/** Times of directories in the past are exact to the batch only: nothing is synced here, so they are not compared. */
async function removeAndRestore(t: Test, directory: string): Promise<void> {
  const ignore = ["directory-mtime"] as const;
  fill(directory);
  const before = describeTree(join(directory, "project"), { ignore });
  const then = await moment();
  succeed(t, "rm", ["-rf", join(directory, "project")]);
  t.same(fs.readdirSync(directory), []);
  succeed(t, "cp", ["-a", join(directory, ".history", then, "project"), directory]);
  t.same(differences(before, describeTree(join(directory, "project"), { ignore })), []);
}

t.test("rm -rf of a whole project, and back from a moment ago", (t) => onMount(t, ({ directory }) => removeAndRestore(t, directory)));

t.test("the past survives unmounting", (t) =>
  onMount(t, async (mount) => {
    fs.writeFileSync(join(mount.directory, "note"), "one");
    const then = await moment();
    fs.writeFileSync(join(mount.directory, "note"), "two");
    mount.unmount();
    mount.mount();
    t.equal(read(mount.directory, ".history", then, "note"), "one");
    t.equal(read(mount.directory, "note"), "two");
  }),
);
