import type { Test } from "tap";
import type { Conflict, Resolution } from "../../src/history/conflict.js";
import { type MergeResult, mergeBranch } from "../../src/history/merge.js";
import { Paths, resolvePath } from "../../src/history/paths.js";
import { checkDatabase } from "../../src/store/check/check.js";
import type { Store } from "../../src/store/store.js";
import { rootIno, type Tree } from "../../src/store/tree.js";
import { isDirectory, S_IFLNK, S_IFMT } from "../../src/vfs/mode.js";
import { Vfs } from "../../src/vfs/vfs.js";
import { View } from "../../src/vfs/view.js";
import { newStore } from "../store/database.js";
import { readWrite } from "../vfs/files.js";

/** A branch as a shell sees it: operations by path. */
export class Files {
  readonly store: Store;
  readonly branch: number;
  readonly #vfs: Vfs;
  /** Who acts: a row of `process`. */
  process: number | null = null;

  constructor(vfs: Vfs, branch: number) {
    this.#vfs = vfs;
    this.store = vfs.store;
    this.branch = branch;
  }

  get tree(): Tree {
    return this.store.live(this.branch);
  }

  get #view(): View {
    const tree = this.store.live(this.branch);
    return new View(this.branch, tree, rootIno, tree);
  }

  get #caller(): { uid: number; gid: number; process: number | null } {
    return { uid: 0, gid: 0, process: this.process };
  }

  ino(path: string): number {
    const ino = resolvePath(this.tree, split(path));
    if (ino === undefined) throw new Error(`no ${path} in branch ${this.branch}`);
    return ino;
  }

  /** Makes empty files f0, f1 ... in a directory. */
  makeMany(path: string, count: number): void {
    const parent = this.ino(path);
    const view = this.#view;
    for (let i = 0; i < count; i++) this.#vfs.create(view, parent, `f${i}`, 0o100644, this.#caller);
  }

  mkdir(path: string, mode = 0o755): this {
    const { parent, name } = this.#place(path);
    this.#vfs.mkdir(this.#view, parent, name, mode, this.#caller);
    return this;
  }

  /** Writes in place, or makes the file. */
  write(path: string, text: string | Buffer): this {
    const { parent, name } = this.#place(path);
    const there = this.tree.lookup(parent, name);
    const ino = there?.ino ?? this.#vfs.create(this.#view, parent, name, 0o100644, this.#caller).ino;
    if (there !== undefined) this.#vfs.setAttributes(this.#view, ino, { size: 0 }, this.#caller);
    this.writeAt(ino, 0, text);
    return this;
  }

  writeAt(ino: number, offset: number, text: string | Buffer): void {
    const handle = this.#vfs.handles.open(this.#view, ino, 2, this.#caller);
    this.#vfs.handles.write(handle, offset, Buffer.from(text as string), false, this.#caller);
    this.#vfs.handles.release(handle);
  }

  /** Saves as editors do: a new file renamed over the old one. */
  save(path: string, text: string): this {
    return this.write(`${path}.tmp`, text).mv(`${path}.tmp`, path);
  }

  symlink(path: string, target: string): this {
    const { parent, name } = this.#place(path);
    this.#vfs.symlink(this.#view, parent, name, target, this.#caller);
    return this;
  }

  ln(path: string, to: string): this {
    return this.nameInode(this.ino(path), to);
  }

  /** Makes a file without a name, which stays open, as O_TMPFILE does. */
  makeUnnamed(): number {
    const { ino } = this.#vfs.tmpfile(this.#view, rootIno, 0o100644, this.#caller);
    this.#vfs.handles.open(this.#view, ino, 2, this.#caller);
    return ino;
  }

  nameInode(ino: number, path: string): this {
    const { parent, name } = this.#place(path);
    this.#vfs.link(this.#view, ino, parent, name, this.#caller);
    return this;
  }

  mv(path: string, to: string): this {
    const from = this.#place(path);
    const { parent, name } = this.#place(to);
    this.#vfs.rename(this.#view, from.parent, from.name, parent, name, "replace", this.#caller);
    return this;
  }

  exchange(path: string, to: string): this {
    const from = this.#place(path);
    const { parent, name } = this.#place(to);
    this.#vfs.rename(this.#view, from.parent, from.name, parent, name, "exchange", this.#caller);
    return this;
  }

  /** Removes a file or a directory with everything in it. */
  rm(path: string): this {
    const { parent, name } = this.#place(path);
    const ino = this.ino(path);
    if (!isDirectory(this.tree.inode(ino)?.mode ?? 0)) this.#vfs.unlink(this.#view, parent, name, this.#caller);
    else {
      for (const entry of this.tree.list(ino, 0, 1e6)) this.rm(`${path}/${entry.name}`);
      this.#vfs.rmdir(this.#view, parent, name, this.#caller);
    }
    return this;
  }

  chmod(path: string, mode: number): this {
    this.#vfs.setAttributes(this.#view, this.ino(path), { mode }, this.#caller);
    return this;
  }

  chown(path: string, uid: number): this {
    this.#vfs.setAttributes(this.#view, this.ino(path), { uid }, this.#caller);
    return this;
  }

  touch(path: string, sec: number): this {
    this.#vfs.setAttributes(this.#view, this.ino(path), { mtime: { sec, nsec: 0 } }, this.#caller);
    return this;
  }

  setXattr(path: string, name: string, value: string): this {
    this.#vfs.setXattr(this.#view, this.ino(path), name, Buffer.from(value), "set", this.#caller);
    return this;
  }

  removeXattr(path: string, name: string): this {
    this.#vfs.removeXattr(this.#view, this.ino(path), name, this.#caller);
    return this;
  }

  /** The newest event. */
  get now(): number {
    this.store.settle();
    return this.store.events.last;
  }

  dump(): Record<string, string> {
    return dumpOf(this.tree);
  }

  #place(path: string): { parent: number; name: string } {
    const parts = split(path);
    const name = parts.pop() as string;
    return { parent: this.ino(parts.join("/")), name };
  }
}

/** Every path of an inode. */
export function pathsIn(tree: Tree, ino: number): string[] {
  const paths = new Paths(tree);
  return paths
    .allSlotsOf(ino)
    .map((slot) => paths.ofSlot(slot)?.join("/") ?? "?")
    .sort();
}

export function split(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

/** Everything in a tree by path: a directory as "/", a symlink as "-> target", a file as its text, with marks for what is unusual. */
export function dumpOf(tree: Tree): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (directory: number, prefix: string): void => {
    for (const entry of tree.list(directory, 0, Number.MAX_SAFE_INTEGER)) {
      const inode = tree.inode(entry.ino);
      if (inode === undefined) throw new Error(`${prefix}${entry.name} has no inode`);
      const path = `${prefix}${entry.name}`;
      if (isDirectory(inode.mode)) {
        found[path] = "/";
        visit(entry.ino, `${path}/`);
      } else if ((inode.mode & S_IFMT) === S_IFLNK) found[path] = `-> ${inode.target}`;
      else {
        const content = Buffer.alloc(inode.size);
        tree.read(inode, 0, content);
        found[path] = content.toString("latin1") + (inode.nlink > 1 ? ` (${inode.nlink} links)` : "");
      }
    }
  };
  visit(rootIno, "");
  return found;
}

/** A database with a trunk, made by `prepare`, and a branch of it. */
export function forked(
  t: Test,
  prepare: (main: Files) => void,
): { store: Store; main: Files; feat: Files; fork: (name: string, from: Files) => Files } {
  const store = newStore(t);
  const vfs = new Vfs(store, readWrite);
  const main = new Files(vfs, 0);
  prepare(main);
  const fork = (name: string, from: Files): Files => new Files(vfs, store.branches.fork(name, from.branch, undefined, "branch", null).id);
  return { store, main, feat: fork("feat", main), fork };
}

export type Resolve = (conflict: Conflict) => Resolution | undefined;

export function merge(from: Files, into: Files, resolve?: Resolve | Resolution, markers: "markers" | "none" = "none"): MergeResult {
  const answer = typeof resolve === "string" ? () => resolve : resolve;
  return mergeBranch(into.store, { source: from.branch, target: into.branch, resolve: answer, markers, dryRun: "apply", process: null });
}

/** Conflicts as "kind path". */
export function told(result: { conflicts: readonly Conflict[] }): string[] {
  return result.conflicts.map(({ kind, path }) => `${kind} ${path.join("/")}`).sort();
}

/** Asserts that every invariant holds. */
export function sound(t: Test, store: Store): void {
  store.commit("ordered");
  t.same(checkDatabase(store.connection), [], "the integrity check is clean");
}

/** Asserts that a merge went through. */
export function merged(t: Test, from: Files, into: Files, expected: Record<string, string>, resolve?: Resolve | Resolution): MergeResult {
  const result = merge(from, into, resolve);
  t.same(told(result), [], "no conflict");
  t.same(into.dump(), expected);
  sound(t, into.store);
  return result;
}

/** Asserts that a merge is refused for conflicts and changes nothing. */
export function conflicting(t: Test, from: Files, into: Files, expected: readonly string[], resolve?: Resolve | Resolution): void {
  const before = into.dump();
  const result = merge(from, into, resolve);
  t.same(told(result), expected);
  t.equal(result.event, undefined);
  t.same(into.dump(), before, "nothing was applied");
}
