/**
 * What a command changes, every program sees when the command returns: through open files, shared maps, cached names, listings and
 * attributes, while others keep the mount busy. A call that hangs ends with the daemon, which is killed after a while.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import type { DaemonClient } from "../../src/daemon/client.js";
import { daemonOf } from "../support/daemon.js";
import { onMount } from "../support/mount.js";
import { type FileMap, getxattr, map, setxattr } from "../support/sys.js";
import { lookAgain } from "./stale.js";

const hammerFile = fileURLToPath(new URL("./hammer.js", import.meta.url));
const rounds = 6;
const fileBytes = 40_000;
const plainly = { resolutions: [], markers: "none", intent: "apply" } as const;

/** The file's bytes in a round, on every page of it; of another length in each, so that the size changes too. */
const bytesOf = (who: string): Buffer => Buffer.alloc(fileBytes + who.length * 100, `${who} `);

/** As existsSync, which takes every error for an answer. */
function isThere(path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Everything about a directory that the kernel keeps, asked as programs do that have been at it for long. */
class Watcher {
  readonly #directory: string;
  /** The file as it was opened and mapped at the beginning, and stays. */
  readonly #held: { readonly fd: number; readonly map: FileMap } | undefined;

  constructor(directory: string, file: "open" | "closed") {
    this.#directory = directory;
    if (file === "closed") return;
    const fd = fs.openSync(join(directory, "file"), "r+");
    this.#held = { fd, map: map(fd, 0, fileBytes) };
  }

  /** What it sees; asked twice, so that the second answer, as those after it, comes from the kernel's caches. */
  look(): Record<string, unknown> {
    this.now();
    return this.now();
  }

  /** What it sees, asked once. */
  now(): Record<string, unknown> {
    return lookAgain(() => this.#see());
  }

  #see(): Record<string, unknown> {
    const at = (name: string): string => join(this.#directory, name);
    const { size, mode, mtimeMs } = this.#held === undefined ? fs.statSync(at("file")) : fs.fstatSync(this.#held.fd);
    return {
      ...(this.#held === undefined ? {} : this.#throughHeld(this.#held, size)),
      size,
      mode,
      mtimeMs,
      path: fs.readFileSync(at("file"), "latin1"),
      stat: fs.statSync(at("file")).size,
      attribute: getxattr(at("file"), "user.who").toString(),
      listing: fs.readdirSync(this.#directory).sort(),
      there: ["old", "missing", "made", "dir", "moved"].filter((name) => isThere(at(name))),
      inner: ["dir/inner", "moved/inner"].filter((name) => isThere(at(name))),
      links: fs.statSync(this.#directory).nlink,
      link: fs.readlinkSync(at("link")),
    };
  }

  close(): void {
    if (this.#held === undefined) return;
    this.#held.map.unmap();
    fs.closeSync(this.#held.fd);
  }

  #throughHeld({ fd, map }: { readonly fd: number; readonly map: FileMap }, size: number): Record<string, unknown> {
    const whole = Buffer.alloc(size + 1);
    const length = fs.readSync(fd, whole, 0, whole.length, 0);
    return { descriptor: whole.toString("latin1", 0, length), map: map.read().toString("latin1") };
  }
}

/** The directory as round `who` makes it, made in place, through another branch. */
function change(directory: string, who: string): void {
  const fd = fs.openSync(join(directory, "file"), "r+");
  fs.writeSync(fd, bytesOf(who));
  fs.ftruncateSync(fd, bytesOf(who).length);
  fs.closeSync(fd);
  fs.chmodSync(join(directory, "file"), 0o640);
  setxattr(join(directory, "file"), "user.who", who);
  fs.rmSync(join(directory, "old"));
  fs.writeFileSync(join(directory, "missing"), who);
  fs.mkdirSync(join(directory, "made"));
  fs.renameSync(join(directory, "dir"), join(directory, "moved"));
  fs.rmSync(join(directory, "link"));
  fs.symlinkSync(who, join(directory, "link"));
}

function prepare(directory: string): void {
  fs.mkdirSync(join(directory, "dir"), { recursive: true });
  fs.writeFileSync(join(directory, "file"), bytesOf("the beginning"));
  setxattr(join(directory, "file"), "user.who", "the beginning");
  for (const name of ["old", "dir/inner"]) fs.writeFileSync(join(directory, name), name);
  fs.symlinkSync("nowhere", join(directory, "link"));
}

/** What a watcher must see after `change`. */
function expectChanged(t: Test, seen: Record<string, unknown>, who: string, when: string): void {
  const text = bytesOf(who).toString("latin1");
  const { descriptor, map, path, ...rest } = seen;
  if (descriptor !== undefined) {
    t.ok(descriptor === text, `${when}: an open file's bytes`);
    t.ok(map === text.slice(0, fileBytes), `${when}: a shared map`);
  }
  t.ok(path === text, `${when}: the file opened again`);
  t.match(
    rest,
    {
      size: text.length,
      stat: text.length,
      mode: 0o100640,
      attribute: who,
      listing: ["file", "link", "made", "missing", "moved"],
      there: ["missing", "made", "moved"],
      inner: ["moved/inner"],
      links: 4,
      link: who,
    },
    `${when}: attributes, names and listings`,
  );
}

function expectSame(t: Test, seen: Record<string, unknown>, before: Record<string, unknown>, when: string): void {
  for (const [what, value] of Object.entries(before)) {
    if (seen[what] !== value && JSON.stringify(seen[what]) !== JSON.stringify(value)) {
      t.fail(`${when}: ${what}`, { found: String(seen[what]).slice(0, 60), wanted: String(value).slice(0, 60) });
      return;
    }
  }
  t.pass(when);
}

/** A process that keeps the mount busy; `stop` ends it and fails the test if it met anything unexpected. */
interface Hammer {
  stop(): Promise<void>;
}

function startHammer(t: Test, directory: string, number: number): Hammer {
  const own = join(directory, `own-${number}`);
  fs.mkdirSync(own);
  const args = [hammerFile, join(directory, "shared"), own, String(number)];
  const hammer = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  let output = "";
  hammer.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  // It may have ended by itself.
  hammer.stdin.on("error", () => undefined);
  const closed = once(hammer, "close");
  return {
    async stop() {
      hammer.stdin.end();
      const [status] = await closed;
      t.equal(status, 0, `a process that kept the mount busy: ${output.trim()}`);
      t.ok(Number.parseInt(output, 10) > 100, "which it did");
    },
  };
}

async function roundOf(t: Test, directory: string, daemon: DaemonClient, who: string, file: "open" | "closed"): Promise<void> {
  const shared = join(directory, "shared");
  const there = join(directory, ".branches", who);
  t.notOk(fs.existsSync(there), "a branch that is not there yet");
  const watcher = lookAgain(() => new Watcher(shared, file));
  try {
    await watchRound(t, directory, daemon, who, watcher, () => lookAgain(() => new Watcher(shared, file)));
  } finally {
    watcher.close();
  }
}

async function watchRound(
  t: Test,
  directory: string,
  daemon: DaemonClient,
  who: string,
  watcher: Watcher,
  open: () => Watcher,
): Promise<void> {
  const shared = join(directory, "shared");
  const there = join(directory, ".branches", who);
  const before = watcher.look();
  await daemon.ask("fork", { name: who });
  t.ok(fs.existsSync(there), `${who}: a fork`);
  change(join(there, "shared"), who);
  expectSame(t, watcher.now(), before, `${who}: nothing shows before the merge`);

  const { event, conflicts } = await daemon.ask("merge", { source: who, ...plainly });
  expectChanged(t, watcher.now(), who, `${who}, merged`);
  t.same(conflicts, []);
  const merged = watcher.look();

  await daemon.ask("undo", { count: 1, by: process.pid, intent: "apply" });
  const undone = watcher.now();
  expectSame(t, undone, { ...before, mtimeMs: undone.mtimeMs }, `${who}, undone`);
  watcher.look();

  await daemon.ask("restore", { when: `@${event}`, paths: ["shared"], intent: "apply" });
  const restored = watcher.now();
  expectSame(t, restored, { ...merged, mtimeMs: restored.mtimeMs }, `${who}, restored`);
  watcher.look();
  await daemon.ask("restore", { when: `@${(event ?? 0) - 1}`, paths: ["shared"], intent: "apply" });
  const back = watcher.now();
  expectSame(t, back, { ...before, mtimeMs: back.mtimeMs }, `${who}, restored to what was before`);

  // Through the root another branch shows; what is open stays in its own.
  const viaRoot = (): Record<string, unknown> => {
    const again = open();
    const seen = again.look();
    again.close();
    return seen;
  };
  watcher.look();
  await daemon.ask("switch", { name: who });
  const read = (): string => lookAgain(() => fs.readFileSync(join(shared, "file"), "latin1"));
  t.ok(read() === bytesOf(who).toString("latin1"), `${who}, switched: the path leads to the other branch at once`);
  expectChanged(t, viaRoot(), who, `${who}, switched`);
  await daemon.ask("switch", { name: "main" });
  t.ok(read() === before.path, `${who}, switched back`);
  expectSame(t, watcher.now(), back, `${who}, switched back`);
}

/** Rounds of changes on a mount that so many processes keep busy. */
function watch(t: Test, file: "open" | "closed", hammers: number, options: readonly string[]): Promise<void> {
  return onMount(
    t,
    async (mount) => {
      const { directory } = mount;
      prepare(join(directory, "shared"));
      const daemon = await daemonOf(mount);
      const running = Array.from({ length: hammers }, (_, number) => startHammer(t, directory, number));
      try {
        for (let round = 0; round < rounds; round++) await roundOf(t, directory, daemon, `round-${round}`.padEnd(8 + round, "x"), file);
      } finally {
        for (const hammer of running) await hammer.stop();
        daemon.close();
      }
    },
    { deadlineMs: 120_000, options },
  );
}

t.test("merge, undo, restore and switch are seen at once", { timeout: 170_000 }, (t) => watch(t, "open", 3, ["rw"]));

// Nobody else may have the file open either.
t.test("where the kernel gathers writes, in files that are not open", { timeout: 170_000 }, (t) => watch(t, "closed", 0, ["writeback"]));
