/** Opening 100,000 files at once: names, bytes and nameless files stay apart, and memory does not follow. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import t from "tap";
import { onMount } from "../support/mount.js";
import { run } from "../support/run.js";

const count = Number(process.env.STONE_TEST_FILES ?? 100_000);
const limitBytes = 400 * 1024 * 1024;
const mostProcesses = 64;

/**
 * Opens a share of the files, says so, waits for the end of its standard input, then looks at each. Every second file has
 * lost its name by then.
 */
const script = `
  const fs = require("fs");
  const count = Number(process.argv[1]);
  const descriptors = [];
  for (let i = 0; i < count; i++) {
    if (i % 1000 === 0) fs.mkdirSync("d" + i / 1000);
    const path = "d" + Math.floor(i / 1000) + "/f" + i;
    const fd = fs.openSync(path, "wx+");
    fs.writeSync(fd, process.cwd() + i);
    if (i % 2 === 1) fs.unlinkSync(path);
    descriptors.push(fd);
  }
  console.log("open");
  fs.readFileSync(0);
  const inodes = new Set();
  const buffer = Buffer.alloc(4096);
  for (const [i, fd] of descriptors.entries()) {
    const text = buffer.toString("utf8", 0, fs.readSync(fd, buffer, 0, 4096, 0));
    if (text !== process.cwd() + i) throw new Error("file " + i + ": " + text);
    const stat = fs.fstatSync(fd);
    if (stat.nlink !== (i + 1) % 2) throw new Error("file " + i + " has " + stat.nlink + " names");
    inodes.add(stat.ino);
  }
  if (inodes.size !== count) throw new Error(inodes.size + " inode numbers");`;

/** How many files one process may open: root may raise the limit unless the machine withholds the capability. */
function shareOfOne(): number {
  const raised = run("sh", ["-c", `ulimit -n ${count + 200} 2>/dev/null || ulimit -n $(ulimit -Hn); ulimit -n`]);
  return Math.min(count, Number(raised.stdout.trim()) - 200);
}

function opener(directory: string, share: number): ChildProcess {
  fs.mkdirSync(directory);
  const command = ["-c", `ulimit -n ${share + 200} && exec "$@"`, "sh", process.execPath, "-e", script, String(share)];
  // tap's hooks in each process would count for nothing but time.
  const env = { ...process.env, NODE_OPTIONS: "" };
  return spawn("sh", command, { cwd: directory, env, stdio: ["pipe", "pipe", "inherit"] });
}

const namesBelow = (directory: string): number =>
  fs.readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;

t.setTimeout(400_000);

t.test(`${count} files open at once`, { timeout: 400_000 }, (t) =>
  onMount(
    t,
    async (mount) => {
      const processes = Math.min(mostProcesses, Math.ceil(count / shareOfOne()));
      const share = Math.min(shareOfOne(), Math.ceil(count / processes));
      t.comment(`${share} files in each of ${processes} processes`);
      if (share * processes < count) t.comment(`the limit of open files allows no more than ${share * processes} of ${count}`);
      const before = mount.residentBytes();
      const children = Array.from({ length: processes }, (_, index) => opener(join(mount.directory, `p${index}`), share));
      const ended = children.map((child) => once(child, "close"));
      const opened = await Promise.all(children.map((child, index) => Promise.race([once(child.stdout!, "data"), ended[index]])));
      t.same(
        opened.map((each) => String(each?.[0]).trim()),
        children.map(() => "open"),
      );
      const during = mount.residentBytes();
      t.ok(during < limitBytes, `${during >> 20} MiB resident with all of them open, ${before >> 20} before`);
      t.equal(namesBelow(mount.directory), processes * Math.ceil(share / 2), "half of them kept their names");
      for (const child of children) child.stdin?.end();
      for (const each of ended) t.same(await each, [0, null], "each holds its own bytes");
      fs.rmSync(join(mount.directory, "p0"), { recursive: true });
      t.comment(`${mount.residentBytes() >> 20} MiB resident afterwards`);
    },
    { deadlineMs: 390_000 },
  ),
);
