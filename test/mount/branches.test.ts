/**
 * Random operations over many branches of one mount, beside a plain directory for each: forks, merges up and down the lineage,
 * snapshots, restores, switches, renames and drops. The trees are compared after each step, all past points at the end, by diff too.
 *
 * Each branch works in a directory of its own, `own/NUMBER`, so that what a merge must bring is known without a second implementation
 * of merging: the directories of the branches on the source's side of the lineage, as the source has them.
 */
import fs from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { DaemonClient } from "../../src/daemon/client.js";
import { daemonOf } from "../support/daemon.js";
import { type Mount, onMount } from "../support/mount.js";
import { apply, type Operation, operations, setTimesBefore } from "../support/operations.js";
import { Random, seedOf, stepsOf } from "../support/random.js";
import { has, run, succeed } from "../support/run.js";
import { temporaryDirectory } from "../support/temporary.js";
import { compareTrees } from "../support/tree.js";

const plainly = { resolutions: [], markers: "none", intent: "apply" } as const;
const branchesMax = 7;

interface Line {
  /** It stays when the branch is renamed: the name of the directory it works in, and of its copy. */
  readonly number: number;
  name: string;
  readonly parent: Line | undefined;
  readonly operations: Generator<Operation>;
}

/** A moment of a branch, and a copy of what it was. */
interface Saved {
  readonly line: Line;
  readonly event: number;
  readonly copy: string;
}

class Branches {
  readonly counts: Record<string, number> = {};
  readonly #t: Test;
  readonly #mount: Mount;
  readonly #random: Random;
  readonly #seed: number;
  readonly #copies: string;
  #daemon: DaemonClient;
  #mounted: Line;
  /** Those there ever were. */
  readonly #all: Line[] = [];
  /** Those that were not dropped. */
  #lines: Line[] = [];
  readonly #saved: Saved[] = [];
  #made = 0;

  constructor(t: Test, mount: Mount, daemon: DaemonClient, seed: number) {
    this.#t = t;
    this.#mount = mount;
    this.#daemon = daemon;
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#copies = temporaryDirectory(t);
    this.#mounted = this.#newLine("main", undefined);
    fs.mkdirSync(join(this.#copy(this.#mounted), "own"), { recursive: true });
    fs.mkdirSync(join(mount.directory, "own"));
    this.#ownDirectory(this.#mounted);
  }

  async step(): Promise<void> {
    const line = this.#random.pick(this.#lines);
    const what = this.#random.pick([
      "work",
      "work",
      "work",
      "fork",
      "up",
      "up",
      "down",
      "snapshot",
      "restore",
      "look",
      "rename",
      "drop",
      "switch",
    ] as const);
    this.counts[what] = (this.counts[what] ?? 0) + 1;
    if (what === "work") this.#work(line);
    else if (what === "fork") await this.#fork(line);
    else if (what === "up") await this.#mergeUp(line);
    else if (what === "down") await this.#mergeDown(line);
    else if (what === "snapshot") await this.#snapshot(line);
    else if (what === "restore") await this.#restore();
    else if (what === "look") await this.#lookBack();
    else if (what === "rename") this.#rename(line);
    else if (what === "drop") this.#drop(line);
    else await this.#switch(line);
  }

  /** Mounts again and compares every branch, and every moment that was saved. */
  async compareAll(): Promise<void> {
    this.#daemon.close();
    this.#mount.unmount();
    this.#mount.mount();
    this.#daemon = await daemonOf(this.#mount);
    this.#mounted = this.#lines[0] as Line;
    for (const line of this.#lines) {
      this.#same(line, "mounted again");
      if (has("diff")) this.#diff(this.#copy(line), this.#directory(line));
    }
    for (const saved of this.#saved) await this.#lookBack(saved);
    this.#daemon.close();
  }

  // Steps

  #work(line: Line): void {
    const [here, there] = [this.#own(this.#copy(line), line), this.#own(this.#directory(line), line)];
    for (let left = this.#random.below(30); left >= 0; left--) {
      const operation = line.operations.next().value as Operation;
      const [onHost, onMount] = [apply(here, operation), apply(there, operation)];
      if (onHost !== onMount) this.#t.fail(`${JSON.stringify(operation)}: host ${onHost}, mount ${onMount}`);
    }
    this.#same(line, "worked in");
  }

  async #fork(from: Line): Promise<void> {
    if (this.#lines.length >= branchesMax) return;
    const line = this.#newLine(`fork-${this.#made}`, from);
    if (from === this.#mounted) fs.mkdirSync(join(this.#mount.directory, ".branches", line.name));
    else await this.#daemon.ask("fork", { name: line.name, from: from.name });
    copyTree(this.#copy(from), this.#copy(line));
    this.#same(line, `forked off ${from.name}`);
    this.#ownDirectory(line);
  }

  async #mergeUp(line: Line): Promise<void> {
    if (line.parent !== undefined) await this.#merge(line, line.parent, (number) => this.#below(line).has(number));
  }

  async #mergeDown(line: Line): Promise<void> {
    if (line.parent !== undefined) await this.#merge(line.parent, line, (number) => !this.#below(line).has(number));
  }

  async #merge(source: Line, target: Line, brings: (number: number) => boolean): Promise<void> {
    const { conflicts } = await this.#daemon.ask("merge", { source: source.name, target: target.name, ...plainly });
    if (conflicts.length > 0) this.#t.fail(`merging ${source.name} into ${target.name}: ${JSON.stringify(conflicts)}`);
    const [from, into] = [join(this.#copy(source), "own"), join(this.#copy(target), "own")];
    for (const number of new Set([...fs.readdirSync(from), ...fs.readdirSync(into)])) {
      if (!brings(Number(number))) continue;
      fs.rmSync(join(into, number), { recursive: true, force: true });
      if (fs.existsSync(join(from, number))) copyTree(join(from, number), join(into, number));
    }
    this.#same(target, `${source.name} merged into it`);
  }

  async #snapshot(line: Line): Promise<void> {
    const { event } = await this.#daemon.ask("snapshot", { name: `snapshot-${++this.#made}`, branch: line.name });
    const copy = join(this.#copies, `saved-${this.#made}`);
    copyTree(this.#copy(line), copy);
    this.#saved.push({ line, event, copy });
  }

  /** A branch's own directory becomes what it was. */
  async #restore(): Promise<void> {
    const there = this.#saved.filter(({ line }) => this.#lines.includes(line));
    if (there.length === 0) return;
    const { line, event, copy } = this.#random.pick(there);
    const path = join("own", String(line.number));
    await this.#daemon.ask("restore", { when: `@${event}`, branch: line.name, paths: [path], intent: "apply" });
    fs.rmSync(join(this.#copy(line), path), { recursive: true });
    copyTree(join(copy, path), join(this.#copy(line), path));
    this.#same(line, `restored to @${event}`);
  }

  /** A past moment, as a branch forked off it shows it, as one restored to it does, and as `.history` does. */
  async #lookBack(saved = this.#saved.length === 0 ? undefined : this.#random.pick(this.#saved)): Promise<void> {
    if (saved === undefined || !this.#lines.includes(saved.line)) return;
    const { line, event, copy } = saved;
    const when = `@${event}`;
    if (line === this.#mounted) this.#alike(copy, join(this.#mount.directory, ".history", when), `${line.name}${when} in .history`);
    const there = join(this.#mount.directory, ".branches", "past");
    await this.#daemon.ask("fork", { name: "past", from: line.name, at: when });
    this.#alike(copy, there, `a fork of ${line.name}${when}`);
    fs.rmdirSync(there);
    await this.#daemon.ask("fork", { name: "past", from: line.name });
    await this.#daemon.ask("restore", { when, branch: "past", paths: [], intent: "apply" });
    this.#alike(copy, there, `a branch restored to ${line.name}${when}`);
    fs.rmdirSync(there);
  }

  #rename(line: Line): void {
    if (line.number === 0 || line === this.#mounted) return;
    const from = this.#directory(line);
    line.name = `renamed-${++this.#made}`;
    fs.renameSync(from, this.#directory(line));
    this.#same(line, "renamed");
  }

  #drop(line: Line): void {
    if (line.number === 0 || line === this.#mounted || this.#lines.some(({ parent }) => parent === line)) return;
    fs.rmdirSync(this.#directory(line));
    this.#lines = this.#lines.filter((other) => other !== line);
  }

  async #switch(line: Line): Promise<void> {
    await this.#daemon.ask("switch", { name: line.name });
    const before = this.#mounted;
    this.#mounted = line;
    this.#same(line, "switched to");
    this.#same(before, "switched from");
  }

  // Where things are

  #newLine(name: string, parent: Line | undefined): Line {
    const number = this.#made++;
    const line = { number, name, parent, operations: operations(this.#seed + number) };
    this.#all.push(line);
    this.#lines.push(line);
    return line;
  }

  #ownDirectory(line: Line): void {
    for (const directory of [this.#copy(line), this.#directory(line)]) fs.mkdirSync(this.#own(directory, line));
  }

  #own(directory: string, { number }: Line): string {
    return join(directory, "own", String(number));
  }

  #copy({ number }: Line): string {
    return join(this.#copies, String(number));
  }

  #directory(line: Line): string {
    return line === this.#mounted ? this.#mount.directory : join(this.#mount.directory, ".branches", line.name);
  }

  /** A branch and all that descend from it, those that were dropped included. */
  #below(line: Line): Set<number> {
    const descends = (other: Line | undefined): boolean => other !== undefined && (other === line || descends(other.parent));
    return new Set(this.#all.filter(descends).map(({ number }) => number));
  }

  // Comparing

  #same(line: Line, when: string): void {
    this.#alike(this.#copy(line), this.#directory(line), `${line.name}, ${when}`);
  }

  #alike(copy: string, directory: string, what: string): void {
    const options = { ignore: ["owner", "directory-mtime"], timesBefore: setTimesBefore } as const;
    const found = compareTrees(join(copy, "own"), join(directory, "own"), options);
    if (found.length > 0) throw new Error(`${what} differs:\n${found.join("\n")}`);
  }

  #diff(copy: string, directory: string): void {
    succeed(this.#t, "diff", ["-r", "--no-dereference", join(copy, "own"), join(directory, "own")]);
  }
}

function copyTree(from: string, to: string): void {
  const { status, stderr } = run("cp", ["-a", from, to]);
  if (status !== 0) throw new Error(`cp -a ${from} ${to}: ${stderr}`);
}

t.test("many branches of a mount against plain directories", { timeout: 170_000 }, (t) =>
  onMount(t, async (mount) => {
    const branches = new Branches(t, mount, await daemonOf(mount), seedOf(t));
    const steps = stepsOf(300);
    for (let step = 0; step < steps; step++) await branches.step();
    await branches.compareAll();
    t.comment(JSON.stringify(branches.counts));
    t.ok((branches.counts.up ?? 0) + (branches.counts.down ?? 0) > steps / 15, "some merges");
  }),
);
