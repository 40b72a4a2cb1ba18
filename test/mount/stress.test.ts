/** stress-ng's stressors of file systems, which verify what they do. On the mount none may fail that does not fail on the host too. */
import fs from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { onMount } from "../support/mount.js";
import { type Outcome, run, without } from "../support/run.js";
import { temporaryDirectory } from "../support/temporary.js";

/** Of each group. A longer hunt, each stressor alone and four times at once: STRESS_SECONDS=20 STRESS_ALONE=1. */
const seconds = Number(process.env.STRESS_SECONDS ?? 7);
const alone = process.env.STRESS_ALONE !== undefined;

/** What stress-ng does not count among file systems but works on files. */
const besides = ["aio", "aiol", "mmap", "msync", "readahead", "revio", "seek", "sendfile", "tee", "splice", "vm-splice"];

/** Of its class what is left out. */
const leftOut: Readonly<Record<string, string>> = {
  "bind-mount": "mounts, on no file system of ours",
  binderfs: "mounts, on no file system of ours",
  eventfd: "needs no file",
  fiemap: "an ioctl that the kernel sends to no FUSE file system",
  io: "syncs every file system of the machine, and keeps each busy for tests beside this one",
  ioprio: "needs no file",
  procfs: "is about /proc",
  verity: "an ioctl that the kernel sends to no FUSE file system",
};

/** Arguments without which a stressor does not touch a file. */
const extra: Readonly<Record<string, readonly string[]>> = {
  mmap: ["--mmap-file", "--mmap-bytes", "8M"],
  hdd: ["--hdd-bytes", "64M"],
  fallocate: ["--fallocate-bytes", "64M"],
  readahead: ["--readahead-bytes", "16M"],
  seek: ["--seek-size", "16M"],
  revio: ["--revio-bytes", "16M"],
  iomix: ["--iomix-bytes", "32M"],
};

function stressors(): string[] {
  const { stdout, stderr } = run("stress-ng", ["--class", "filesystem?"]);
  const listed = (stdout + stderr)
    .replace(/^.*stressors:/s, "")
    .trim()
    .split(/\s+/);
  return [...listed, ...besides].filter((name) => leftOut[name] === undefined).sort();
}

function stress(directory: string, names: readonly string[], instances: number, forSeconds = seconds): Outcome {
  const chosen = names.flatMap((name) => [`--${name}`, String(instances), ...(extra[name] ?? [])]);
  const args = ["--temp-path", directory, "--verify", "--timeout", `${forSeconds}s`, "--metrics-brief", "--log-brief", ...chosen];
  return run("stress-ng", args, { cwd: directory, timeoutMs: forSeconds * 1000 + 100_000 });
}

/** Those of a group that did not finish one round, and so proved nothing. */
function idle(names: readonly string[], { stdout, stderr }: Outcome): string[] {
  const worked = new Set(
    [...(stdout + stderr).matchAll(/^(\S+) +([0-9]+) +[0-9.]+ +[0-9.]+ +[0-9.]+ /gm)]
      .filter(([, , n]) => n !== "0")
      .map(([, name]) => name),
  );
  return names.filter((name) => !worked.has(name));
}

/** 0 all well, 3 out of resources, 4 not implemented here: the others are failures. */
const failed = ({ status }: Outcome): boolean => ![0, 3, 4].includes(status ?? -1);

function verify(t: Test, directory: string, names: readonly string[], instances: number): void {
  const outcome = stress(directory, names, instances);
  const none = idle(names, outcome);
  if (none.length > 0) t.comment(`not one round in ${seconds} s, or not possible here: ${none.join(", ")}`);
  if (failed(outcome)) {
    // Whoever fails alone, on the host too, does not count.
    const culprits = names.filter((name) => failed(stress(directory, [name], instances, 2)));
    const host = temporaryDirectory(t);
    const everywhere = culprits.filter((name) => failed(stress(host, [name], instances, 2)));
    if (everywhere.length > 0) t.comment(`fail on the host's file system too: ${everywhere.join(", ")}`);
    const only = culprits.filter((name) => !everywhere.includes(name));
    const text = (outcome.stdout + outcome.stderr).split("\n").filter((line) => /fail|error|unsuccessful|abort/i.test(line));
    t.ok(only.length === 0 && culprits.length > 0, `fail on the mount only: ${only.join(", ") || "none alone, some together"}`, { text });
  } else t.pass(`${names.length - none.length} stressors: ${names.join(" ")}`);
  t.same(fs.readdirSync(directory), [], "nothing is left behind");
}

t.setTimeout(alone ? 7_200_000 : 300_000);

t.test("stress-ng", { skip: without("stress-ng"), timeout: alone ? 7_200_000 : 300_000 }, async (t) => {
  const names = stressors();
  t.ok(names.length > 30, `${names.length} stressors`);
  for (const [name, reason] of Object.entries(leftOut)) t.comment(`left out: ${name} ${reason}`);
  // Neighbours in the alphabet do alike (the locks, the directories): they go to different groups.
  const groups = alone ? names.map((name) => [name]) : [0, 1, 2, 3].map((part) => names.filter((_, index) => index % 4 === part));
  await onMount(
    t,
    (mount) => {
      for (const group of groups) {
        const directory = join(mount.directory, "stress");
        fs.mkdirSync(directory);
        verify(t, directory, group, alone ? 4 : 1);
        fs.rmSync(directory, { recursive: true });
      }
    },
    { deadlineMs: alone ? 7_000_000 : 280_000 },
  );
});
