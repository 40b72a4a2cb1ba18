import { isDeepStrictEqual } from "node:util";
import type { Test } from "tap";
import { FsError } from "../../src/base/errno.js";
import { diffTrees } from "../../src/history/diff.js";
import { eventsOf } from "../../src/history/keys.js";
import { mergeBase } from "../../src/history/lineage.js";
import { type MergeResult, mergeBranch } from "../../src/history/merge.js";
import { restore } from "../../src/history/restore.js";
import { undo } from "../../src/history/undo.js";
import { checkDatabase } from "../../src/store/check/check.js";
import { collectGarbage } from "../../src/store/gc.js";
import { dropSnapshot, listSnapshots, takeSnapshot } from "../../src/store/snapshots.js";
import type { Store } from "../../src/store/store.js";
import { rootIno } from "../../src/store/tree.js";
import { isDirectory } from "../../src/vfs/mode.js";
import { Vfs } from "../../src/vfs/vfs.js";
import { crashCopy, newDatabase, open } from "../store/database.js";
import type { Random } from "../support/random.js";
import { readWrite } from "../vfs/files.js";
import { byPath, type CopiedFile, type Copy, copyOf, differences, pathsOf, unsound } from "./copies.js";
import { Files, split } from "./files.js";

const names = ["a", "b", "c", "d", "e"];
const pids = [10, 20, 30];
const sides = ["ours", "theirs"] as const;
const resolutions = [...sides, "text"] as const;

interface KeptPoint {
  readonly branch: number;
  readonly moment: number;
  readonly copy: Copy;
}

interface Line {
  readonly files: Files;
  /** What the branch must be now. */
  copy: Map<number, CopiedFile>;
  /** What it was after each of its changes, newest last. */
  readonly past: { readonly moment: number; readonly copy: Copy }[];
}

/** Many branches beside full copies of them in memory. Every step is made on both, and what comes of it compared. */
export class Branches {
  readonly random: Random;
  readonly trace: string[] = [];
  kept: KeptPoint[] = [];
  readonly counts: Record<string, number> = {};
  store: Store;
  readonly #t: Test;
  readonly #path: string;
  #vfs: Vfs;
  #lines = new Map<number, Line>();
  /** Trees at which branches became one, by "branch@moment": a merge's base is always one of them. */
  readonly #joints = new Map<string, Copy>();
  #named = 0;
  /** The rows of processes that act, by their pids. */
  readonly #processes = new Map<number, number>();
  /** What each branch was when everything was last committed. */
  #committed = new Map<number, Copy>();

  constructor(t: Test, random: Random) {
    this.#t = t;
    this.random = random;
    this.#path = newDatabase(t);
    this.store = open(t, this.#path);
    this.#vfs = new Vfs(this.store, readWrite);
    const files = new Files(this.#vfs, 0);
    this.#lines.set(0, { files, copy: copyOf(files.tree), past: [] });
  }

  step(): void {
    this.#step();
    this.store.settle();
    this.#noteCommitted();
  }

  /** Commits, and compares everything. */
  check(): void {
    this.compareAll();
    this.store.commit("ordered");
    this.#noteCommitted();
    this.#same(
      "the integrity check",
      checkDatabase(this.store.connection).map(({ message }) => message),
    );
  }

  #step(): void {
    const { random } = this;
    const line = this.#pick();
    if (random.chance(0.7)) {
      this.#operate(line);
      return;
    }
    const big = random.pick([
      "fork",
      "merge",
      "merge",
      "merge",
      "merge",
      "merge",
      "restore",
      "restorePath",
      "undo",
      "undoProcess",
      "drop",
      "snapshot",
      "keep",
      "diff",
      "commit",
      "collect",
      "crash",
      "reopen",
    ] as const);
    this.counts[big] = (this.counts[big] ?? 0) + 1;
    if (big === "fork") this.#fork(line);
    else if (big === "merge") this.#merge(line);
    else if (big === "restore") this.#restore(line);
    else if (big === "restorePath") this.#restorePath(line);
    else if (big === "undo") this.#undo(line);
    else if (big === "undoProcess") this.#undoProcess(line);
    else if (big === "drop") this.#drop();
    else if (big === "snapshot") this.#snapshot(line);
    else if (big === "keep") this.#keep(line);
    else if (big === "diff") this.#diff(line);
    else if (big === "commit") this.store.commit("ordered");
    else if (big === "collect" && random.chance(0.3)) this.#collect();
    else if (big === "crash") this.#crash();
    else if (random.chance(0.2)) this.#reopen();
  }

  /** Compares every branch, and every point that was kept. */
  compareAll(): void {
    for (const line of this.#lines.values()) this.#same(`branch ${line.files.branch}`, differences(line.files.tree, line.copy));
    for (const { branch, moment, copy } of this.kept)
      this.#same(`branch ${branch} as of @${moment}`, differences(this.store.past(branch, moment), copy));
  }

  reopen(): void {
    this.#reopen();
  }

  // Steps

  #operate(line: Line): void {
    const { random } = this;
    const { files } = line;
    const what = random.pick([
      "write",
      "write",
      "write",
      "writeAt",
      "save",
      "mkdir",
      "mkdir",
      "symlink",
      "ln",
      "mv",
      "mv",
      "mv",
      "exchange",
      "rm",
      "chmod",
      "chown",
      "xattr",
    ] as const);
    const path = this.#place(line);
    const other = random.pick(this.#paths(line));
    const pid = random.pick(pids);
    files.process = this.#processOf(pid);
    this.trace.push(`${files.branch}, ${pid}: ${what} ${path} ${other}`);
    try {
      if (what === "write") files.write(path, this.#text());
      else if (what === "writeAt") files.writeAt(files.ino(other), random.below(20), this.#text());
      else if (what === "save") files.save(other, this.#text());
      else if (what === "mkdir") files.mkdir(path, random.pick([0o755, 0o755, 0o700]));
      else if (what === "symlink") files.symlink(path, random.pick(names));
      else if (what === "ln") files.ln(other, path);
      else if (what === "mv") files.mv(other, path);
      else if (what === "exchange") files.exchange(other, path);
      else if (what === "rm") files.rm(other);
      else if (what === "chmod") files.chmod(other, random.pick([0o600, 0o644, 0o755]));
      else if (what === "chown") files.chown(other, random.below(3));
      else files.setXattr(other, random.pick(["user.a", "user.b"]), this.#text());
    } catch (error) {
      if (!(error instanceof FsError) && !/^no /.test((error as Error).message)) throw error;
    }
    this.#note(line);
  }

  #fork(line: Line): void {
    if (this.#lines.size > 10) return;
    const { branch } = line.files;
    const at = this.random.chance(0.3) && line.past.length > 0 ? this.random.pick(line.past) : undefined;
    this.store.settle();
    const moment = at?.moment ?? this.store.events.last;
    const copy = at?.copy ?? line.copy;
    const made = this.store.branches.fork(`branch-${++this.#named}`, branch, at?.moment, "branch", null);
    this.trace.push(`fork ${made.id} of ${branch} @${moment}`);
    this.#join(branch, moment, copy);
    const files = new Files(this.#vfs, made.id);
    this.#lines.set(made.id, { files, copy: new Map(copy), past: [] });
    this.#same(`new branch ${made.id}`, differences(files.tree, copy));
  }

  #merge(into: Line): void {
    const from = this.#pick();
    if (from === into) return;
    const source = from.files.branch;
    const target = into.files.branch;
    this.store.settle();
    const moment = this.store.events.last;
    const point = mergeBase(this.store, { branch: source, moment }, { branch: target, moment });
    const base = this.#joints.get(`${point.branch}@${point.moment}`);
    this.trace.push(`merge ${source} into ${target}, base ${point.branch}@${point.moment}`);
    if (base === undefined) this.#same("the base of the merge", [`${point.branch}@${point.moment} is no point at which branches met`]);
    const options = { source, target, markers: "markers", dryRun: "apply", process: null } as const;
    const plain = mergeBranch(this.store, { ...options, dryRun: "dry-run" });
    this.#same("the target of a dry run", differences(into.files.tree, into.copy));
    const result = mergeBranch(this.store, {
      ...options,
      resolve: ({ kind }) => this.random.pick(kind === "content" ? resolutions : sides),
    });
    if (result.conflicts.length > 0) {
      this.counts["open conflicts"] = (this.counts["open conflicts"] ?? 0) + 1;
      this.#same("the target of a merge with conflicts", differences(into.files.tree, into.copy));
      return;
    }
    const after = copyOf(into.files.tree);
    this.#same(`branch ${target} after the merge`, unsound(into.files.tree, after));
    if (result.event !== undefined) {
      this.#told(result, target, moment);
      this.#join(source, moment, from.copy);
      if (plain.conflicts.length === 0) this.#lawful(base as Copy, from.copy, into.copy, after);
      const count = plain.conflicts.length === 0 ? "clean merges" : "resolved merges";
      this.counts[count] = (this.counts[count] ?? 0) + 1;
    }
    into.copy = after;
    this.#note(into, "as copied");
    const again = mergeBranch(this.store, options);
    if (again.event !== undefined || again.conflicts.length > 0) this.#same("merging again", ["there was something to merge"]);
    if (this.random.chance(0.4)) this.#mergeBack(from, into);
  }

  /** What was merged goes back: the source did nothing meanwhile, so it becomes the target. */
  #mergeBack(from: Line, into: Line): void {
    this.trace.push(`merge ${into.files.branch} back into ${from.files.branch}`);
    const moment = this.store.events.last;
    const result = mergeBranch(this.store, {
      source: into.files.branch,
      target: from.files.branch,
      markers: "none",
      dryRun: "apply",
      process: null,
    });
    this.#same(
      "conflicts of a merge back",
      result.conflicts.map(({ kind, path, detail }) => `${kind} ${path.join("/")}: ${detail}`),
    );
    if (result.event !== undefined) this.#join(into.files.branch, moment, into.copy);
    const after = copyOf(from.files.tree);
    this.#same("the source after a merge back", unsound(from.files.tree, after));
    this.#same("source and target after a merge back", differentPaths(byPath(after), byPath(into.copy)));
    from.copy = after;
    this.#note(from, "as copied");
  }

  #restore(line: Line): void {
    if (line.past.length === 0) return;
    const { moment, copy } = this.random.pick(line.past);
    this.trace.push(`restore ${line.files.branch} @${moment}`);
    const before = this.store.events.last;
    const result = restore(this.store, { branch: line.files.branch, moment, dryRun: "apply", process: null });
    this.#same("the branch after a restore", differences(line.files.tree, copy));
    if (result.event !== undefined) this.#told(result, line.files.branch, before);
    line.copy = new Map(copy);
    this.#note(line, "as copied");
  }

  #restorePath(line: Line): void {
    if (line.past.length === 0) return;
    const { moment, copy } = this.random.pick(line.past);
    const there = [...pathsOf(copy).values()].filter((path) => path !== "");
    if (there.length === 0) return;
    const path = this.random.pick(there);
    this.trace.push(`restore ${line.files.branch} @${moment} ${path}`);
    const outside = byPathOutside(line.copy, path);
    try {
      restore(this.store, { branch: line.files.branch, moment, paths: [split(path)], dryRun: "apply", process: null });
    } catch (error) {
      if (!(error instanceof FsError) || !error.message.includes("no directory now")) throw error;
      this.#same("a refused restore", differences(line.files.tree, line.copy));
      return;
    }
    const after = copyOf(line.files.tree);
    this.#same("the branch after a restore", unsound(line.files.tree, after));
    this.#same(`${path} after its restore`, differentPaths(byPathInside(after, path), byPathInside(copy, path)));
    const nowOutside = byPathOutside(after, path);
    for (const [name, file] of Object.entries(nowOutside)) {
      // Directories above a path that came back may be new.
      if (!(name in outside) && path.startsWith(`${name}/`)) delete nowOutside[name];
      else if (!isDeepStrictEqual(file, outside[name]))
        this.#same(`${name}, outside ${path}`, [`${JSON.stringify(file)}, was ${JSON.stringify(outside[name])}`]);
    }
    this.#same(
      "names outside a restored path",
      differentPaths(
        Object.fromEntries(Object.keys(nowOutside).map((key) => [key, 1])),
        Object.fromEntries(Object.keys(outside).map((key) => [key, 1])),
      ),
    );
    line.copy = after;
    this.#note(line, "as copied");
  }

  #undo(line: Line): void {
    const count = 1 + this.random.below(6);
    this.trace.push(`undo ${line.files.branch} ${count}`);
    let result: ReturnType<typeof undo>;
    const before = this.store.events.last;
    try {
      result = undo(this.store, { branch: line.files.branch, count, dryRun: "apply", process: null });
    } catch (error) {
      if (error instanceof FsError && /has (no|only)|was dropped/.test(error.message)) return;
      throw error;
    }
    this.#same(
      "conflicts of an undo of the last changes",
      result.conflicts.map(({ kind, path, detail }) => `${kind} ${path.join("/")}: ${detail}`),
    );
    const first = result.undone[result.undone.length - 1] as number;
    const expected = copyOf(this.store.past(line.files.branch, first - 1));
    const known = line.past.findLast(({ moment }) => moment < first);
    const between =
      known === undefined ? 1 : [...eventsOf(this.store, { branch: line.files.branch, after: known.moment, upTo: first - 1 })].length;
    if (known !== undefined && between === 0) {
      this.counts["undos to known states"] = (this.counts["undos to known states"] ?? 0) + 1;
      this.#same("the moment before", differences(this.store.past(line.files.branch, first - 1), known.copy));
    }
    this.#same(`the branch after undo of ${result.undone}`, differences(line.files.tree, expected));
    if (result.event !== undefined) this.#told(result, line.files.branch, before);
    line.copy = expected;
    this.#note(line, "as copied");
  }

  /** What one process did among others is taken back whole, or conflicts and nothing is. */
  #undoProcess(line: Line): void {
    const pid = this.random.pick(pids);
    const count = this.random.chance(0.5) ? undefined : 1 + this.random.below(6);
    const { branch } = line.files;
    this.trace.push(`undo ${branch} ${count} of ${pid}`);
    let result: ReturnType<typeof undo>;
    const before = this.store.events.last;
    try {
      result = undo(this.store, { branch, count, byProcess: { pid }, dryRun: "apply", process: null });
    } catch (error) {
      if (error instanceof FsError && /has no change|no process|was dropped/.test(error.message)) return;
      throw error;
    }
    this.counts["undos by process with conflicts"] ??= 0;
    if (result.conflicts.length > 0) {
      this.counts["undos by process with conflicts"] += 1;
      this.#same("the branch after an undo with conflicts", differences(line.files.tree, line.copy));
      return;
    }
    const after = copyOf(line.files.tree);
    this.#same(`the branch after undo of ${result.undone}`, unsound(line.files.tree, after));
    if (result.event !== undefined) this.#told(result, branch, before);
    line.copy = after;
    this.#note(line, "as copied");
  }

  #processOf(pid: number): number {
    const known = this.#processes.get(pid);
    if (known !== undefined) return known;
    const made = this.store.processes.add({ pid, started: this.store.events.last, parent: 1, uid: 0, gid: 0, name: `p${pid}` });
    this.#processes.set(pid, made);
    return made;
  }

  #drop(): void {
    const line = this.#pick();
    const branch = this.store.branches.get(line.files.branch);
    const children = this.store.branches.list().some(({ parent }) => parent === branch.id);
    if (branch.parent === null || children) return;
    this.trace.push(`drop ${branch.id}`);
    this.store.branches.drop(branch, null);
    this.#lines.delete(branch.id);
  }

  #snapshot(line: Line): void {
    const snapshots = listSnapshots(this.store, line.files.branch);
    const [first] = snapshots;
    if (first !== undefined && snapshots.length > 3) {
      dropSnapshot(this.store, line.files.branch, first.name, null);
      return;
    }
    const { event } = takeSnapshot(this.store, line.files.branch, `snapshot-${++this.#named}`, null, null);
    this.kept.push({ branch: line.files.branch, moment: event, copy: new Map(line.copy) });
  }

  #keep(line: Line): void {
    this.store.settle();
    this.kept.push({ branch: line.files.branch, moment: this.store.events.last, copy: new Map(line.copy) });
  }

  /** The differences of two trees, against those of their copies. */
  #diff(line: Line): void {
    const other = this.#pick();
    const past = this.random.chance(0.5) && other.past.length > 0 ? this.random.pick(other.past) : undefined;
    const ref = { branch: other.files.branch, ...(past === undefined ? {} : { moment: past.moment }) };
    this.trace.push(`diff ${JSON.stringify(ref)} ${line.files.branch}`);
    const changes = diffTrees(this.store, ref, { branch: line.files.branch });
    const a = byPathPlain(past?.copy ?? other.copy);
    const b = byPathPlain(line.copy);
    const touched = new Set(changes.flatMap(({ path, oldPath }) => [path, oldPath ?? path].map((names) => `/${names.join("/")}`)));
    const missing: string[] = [];
    for (const path of new Set([...Object.keys(a), ...Object.keys(b)])) {
      if (isDeepStrictEqual(a[path], b[path])) continue;
      // What lies below a renamed directory is told by the directory; of hard links one is told.
      if ([...touched].some((known) => path === known || path.startsWith(`${known}/`))) continue;
      if (linksOf(past?.copy ?? other.copy, path) > 1 || linksOf(line.copy, path) > 1) continue;
      missing.push(`${path}: ${JSON.stringify(a[path])} and ${JSON.stringify(b[path])}`);
    }
    this.#same(`what the diff of ${JSON.stringify(ref)} and ${line.files.branch} left out`, missing);
  }

  /** Retention of nothing but what must stay: the branches, their snapshots, and what merges start from. */
  #collect(): void {
    this.trace.push("collect");
    collectGarbage(this.store, 0, []);
    this.#same(
      "the integrity check after retention",
      checkDatabase(this.store.connection).map(({ message }) => message),
    );
    // Retention forgets those that nothing is left of; the next ones bear the same pids.
    this.#processes.clear();
    const snapshots = new Set([...this.#lines.keys()].flatMap((id) => listSnapshots(this.store, id).map(({ event }) => `${id}@${event}`)));
    this.kept = this.kept.filter(({ branch, moment }) => snapshots.has(`${branch}@${moment}`));
    for (const line of this.#lines.values()) line.past.length = 0;
  }

  /** What a crash at this instant would leave is what was committed last, in every branch. */
  #crash(): void {
    const crashed = open(this.#t, crashCopy(this.#t, this.store), { mode: "read" });
    for (const [id, copy] of this.#committed) this.#same(`branch ${id} after a crash`, differences(crashed.live(id), copy));
    this.#same(
      "the integrity check after a crash",
      checkDatabase(crashed.connection).map(({ message }) => message),
    );
    crashed.connection.close();
  }

  #reopen(): void {
    this.trace.push("reopen");
    this.#vfs.close();
    this.store = open(this.#t, this.#path);
    this.#vfs = new Vfs(this.store, readWrite);
    for (const [branch, line] of this.#lines) this.#lines.set(branch, { ...line, files: new Files(this.#vfs, branch) });
  }

  // Comparing

  /** What a result says changed is what the diff of before and after says. */
  #told(result: { readonly changes: MergeResult["changes"]; readonly event?: number }, branch: number, before: number): void {
    const shape = ({ kind, path, oldPath, contentChanged }: MergeResult["changes"][number]): unknown => [
      kind,
      path,
      oldPath,
      contentChanged,
    ];
    const found = diffTrees(this.store, { branch, moment: before }, { branch, moment: result.event as number });
    if (isDeepStrictEqual(found.map(shape), result.changes.map(shape))) return;
    this.#same("the changes told", [`${JSON.stringify(result.changes.map(shape))}, but the diff says ${JSON.stringify(found.map(shape))}`]);
  }

  /** A merge without conflicts, name by name and file by file over the whole trees: what one side changed is taken. */
  #lawful(base: Copy, theirs: Copy, ours: Copy, after: Copy): void {
    const twins = new Set(this.store.connection.prepare<readonly [number, number]>("SELECT ino, twin FROM twin").all([]).flat());
    const wrong: string[] = [];
    const expect = (what: string, inBase: unknown, inTheirs: unknown, inOurs: unknown, now: unknown): void => {
      const expected = isDeepStrictEqual(inTheirs, inBase) ? inOurs : isDeepStrictEqual(inOurs, inBase) ? inTheirs : undefined;
      if (expected !== undefined && !isDeepStrictEqual(now, expected))
        wrong.push(`${what}: ${JSON.stringify(now)}, expected ${JSON.stringify(expected)}; ${JSON.stringify([inBase, inTheirs, inOurs])}`);
    };
    for (const ino of new Set([...base.keys(), ...theirs.keys(), ...ours.keys()])) {
      const [b, t, o, r] = [base.get(ino), theirs.get(ino), ours.get(ino), after.get(ino)];
      if (twins.has(ino)) continue;
      if (b && t && o && r) {
        for (const field of ["content", "mode", "uid", "target", "xattrs"] as const) {
          if (field !== "xattrs" || isDeepStrictEqual(t.xattrs, b.xattrs) || isDeepStrictEqual(o.xattrs, b.xattrs))
            expect(`${field} of ${ino}`, b[field], t[field], o[field], r[field]);
        }
      }
      if (!isDirectory((b ?? t ?? o)?.type ?? 0)) continue;
      for (const name of new Set([b, t, o].flatMap((file) => [...(file?.entries.keys() ?? [])]))) {
        const slots = [b, t, o, r].map((file) => file?.entries.get(name) ?? 0);
        if (slots.some((child) => twins.has(child))) continue;
        expect(`${ino}/${name}`, ...(slots as [number, number, number, number]));
      }
    }
    this.#same("the merge, by the law of three trees", wrong);
  }

  #same(what: string, found: readonly string[]): void {
    if (found.length === 0) return;
    throw new Error(
      `${what}:\n  ${found.slice(0, 10).join("\n  ")}\nafter ${this.trace.length} steps, the last:\n  ${this.trace.slice(-40).join("\n  ")}`,
    );
  }

  #noteCommitted(): void {
    if (!this.store.writer.open) this.#committed = new Map([...this.#lines].map(([id, { copy }]) => [id, copy]));
  }

  // Choosing

  #pick(): Line {
    return this.random.pick([...this.#lines.values()]);
  }

  #text(): string {
    return Array.from({ length: 1 + this.random.below(5) }, () => `line ${this.random.below(6)}\n`).join("");
  }

  #paths(line: Line): string[] {
    const paths = [...pathsOf(line.copy).values()].filter((path) => path !== "");
    return paths.length === 0 ? ["nothing"] : paths;
  }

  #place(line: Line): string {
    const directories = [...pathsOf(line.copy)].filter(([ino]) => isDirectory(line.copy.get(ino)?.type ?? 0)).map(([, path]) => path);
    return `${this.random.pick(directories)}/${this.random.pick(names)}`;
  }

  /** The branch changed: its copy is read again after an operation of a single file, whose semantics the vfs's own tests compare. */
  #note(line: Line, copied: "as copied" | "read" = "read"): void {
    this.store.settle();
    if (copied === "read") line.copy = copyOf(line.files.tree);
    line.past.push({ moment: this.store.events.last, copy: new Map(line.copy) });
    if (line.past.length > 30) line.past.shift();
  }

  #join(branch: number, moment: number, copy: Copy): void {
    this.#joints.set(`${branch}@${moment}`, new Map(copy));
    // A moment before the fork is one of the parent.
    for (let at = this.store.branches.get(branch); at.parent !== null && moment <= at.forkedAt; at = this.store.branches.get(at.parent)) {
      this.#joints.set(`${at.parent}@${moment}`, new Map(copy));
    }
  }
}

function differentPaths(a: Record<string, unknown>, b: Record<string, unknown>): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((path) => !isDeepStrictEqual(a[path], b[path]))
    .map((path) => `${path}: ${JSON.stringify(a[path])} and ${JSON.stringify(b[path])}`);
}

/** A tree by path, hard links as files of their own. */
function byPathPlain(copy: Copy): Record<string, unknown> {
  const paths: Record<string, unknown> = {};
  const visit = (ino: number, path: string): void => {
    const { entries, ...rest } = copy.get(ino) as CopiedFile;
    if (path !== "") paths[path] = rest;
    for (const [name, child] of entries) visit(child, `${path}/${name}`);
  };
  visit(rootIno, "");
  return paths;
}

function byPathInside(copy: Copy, root: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(byPathPlain(copy)).filter(([path]) => path === root || path.startsWith(`${root}/`)));
}

function byPathOutside(copy: Copy, root: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(byPathPlain(copy)).filter(([path]) => path !== root && !path.startsWith(`${root}/`)));
}

function linksOf(copy: Copy, path: string): number {
  let ino: number | undefined = rootIno;
  for (const name of split(path)) ino = ino === undefined ? undefined : copy.get(ino)?.entries.get(name);
  if (ino === undefined || isDirectory(copy.get(ino)?.type ?? 0)) return 0;
  return [...copy.values()].flatMap(({ entries }) => [...entries.values()]).filter((child) => child === ino).length;
}
