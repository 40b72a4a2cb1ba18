import type { Test } from "tap";
import { errnoName } from "../../src/base/errno.js";
import type { Steps } from "../../src/base/steps.js";
import { garbageCollection } from "../../src/store/gc.js";
import { mainBranch, type StoreOptions } from "../../src/store/store.js";
import { rootIno } from "../../src/store/tree.js";
import { S_IFIFO } from "../../src/vfs/mode.js";
import type { Vfs } from "../../src/vfs/vfs.js";
import type { View } from "../../src/vfs/view.js";
import { newDatabase, open } from "../store/database.js";
import type { Random } from "../support/random.js";
import { differences, timeOf } from "./compare.js";
import { damageByCrash, type Kept } from "./crash.js";
import { errnoOf, root, vfsOf } from "./files.js";
import { type Kind, Model, Node, type Place } from "./model.js";

const readOnly = 0;
const readAndWrite = 2;
const names = ["a", "b", "c", "d", "e", "\xff\xfe", "a name with spaces", "x".repeat(255)];

interface OpenFile {
  readonly handle: number;
  readonly node: Node;
  readonly writes: boolean;
}

/** A file system and its model, side by side. Every operation is made on both, and what they answer compared. */
export class World {
  readonly random: Random;
  vfs: Vfs;
  readonly model: Model;
  /** Moments whose whole tree is known. */
  readonly kept: Kept[] = [];
  /** What was done, newest last: printed when something differs. */
  readonly trace: string[] = [];
  readonly #t: Test;
  readonly #path: string;
  readonly #options: StoreOptions;
  readonly #files: OpenFile[] = [];
  readonly #inos = new Set<number>();
  readonly #nodes = new Set<Node>();
  /** Branches that were forked from, as they then were and must stay. */
  readonly #left: { readonly branch: number; readonly tree: Node }[] = [];
  /** The tree and the newest event of the last batch: what a crash must leave. */
  #committed: Kept;
  /** The branch that is changed: forks go on from where the one before was. */
  #branch = mainBranch;
  /** Retention at work between operations. */
  #collecting: Steps<unknown> | undefined;

  constructor(t: Test, random: Random, options: StoreOptions) {
    this.#t = t;
    this.random = random;
    this.#path = newDatabase(t);
    this.#options = options;
    this.vfs = vfsOf(open(t, this.#path, options));
    this.model = new Model(rootIno, 0o755);
    const { mtimeSec, mtimeNsec } = this.vfs.attributes(this.view, rootIno);
    this.model.root.mtime = this.model.root.ctime = { sec: mtimeSec, nsec: mtimeNsec };
    this.#committed = { moment: this.vfs.store.events.last, tree: this.model.copy() };
  }

  get view(): View {
    return this.vfs.views.mounted;
  }

  // Choosing

  directory(): Node {
    let at = this.model.root;
    while (this.random.chance(0.6)) {
      const below = [...at.entries.values()].filter((node) => node.kind === "directory");
      if (below.length === 0) break;
      at = this.random.pick(below);
    }
    return at;
  }

  place(): Place {
    return { directory: this.directory(), name: this.random.pick(names) };
  }

  /** Something that has a name, or the root. */
  node(kind?: Kind): Node | undefined {
    const nodes = [...this.#nodes].filter((node) => !node.gone && (kind === undefined || node.kind === kind));
    return nodes.length === 0 ? undefined : this.random.pick(nodes);
  }

  // Operations

  make(kind: Kind): void {
    const place = this.place();
    const { directory, name } = place;
    const mode = this.random.pick([0o644, 0o600, 0o755, 0o4755]);
    let made: Node | undefined;
    this.both(`${kind} ${directory.ino}/${short(name)}`, this.model.refusesNew(place), () => {
      const { view, vfs } = this;
      const parent = directory.ino;
      const inode =
        kind === "directory"
          ? vfs.mkdir(view, parent, name, mode, root)
          : kind === "symlink"
            ? vfs.symlink(view, parent, name, `to ${name}`, root)
            : kind === "fifo"
              ? vfs.mknod(view, parent, name, S_IFIFO | mode, 0, root)
              : vfs.create(view, parent, name, 0o100000 | mode, root);
      made = new Node(inode.ino, kind, kind === "symlink" ? 0o777 : mode);
    });
    if (made === undefined) return;
    made.target = kind === "symlink" ? `to ${name}` : "";
    if (this.#inos.has(made.ino)) this.#t.fail(`inode number ${made.ino} was used before`);
    this.#inos.add(made.ino);
    this.#nodes.add(made);
    this.model.make(place, made, this.now());
  }

  link(): void {
    const node = this.node();
    const place = this.place();
    if (node === undefined) return;
    const errno = this.model.refusesLink(node, place);
    this.both(`link ${node.ino} ${place.directory.ino}/${short(place.name)}`, errno, () =>
      this.vfs.link(this.view, node.ino, place.directory.ino, place.name, root),
    );
    if (errno === 0) this.model.link(node, place, this.now());
  }

  remove(): void {
    const place = this.place();
    const node = place.directory.entries.get(place.name);
    const call =
      this.random.chance(0.9) && node !== undefined
        ? node.kind === "directory"
          ? "rmdir"
          : "unlink"
        : this.random.pick(["rmdir", "unlink"] as const);
    const errno = this.model.refusesRemoval(place, call);
    this.both(`${call} ${place.directory.ino}/${short(place.name)}`, errno, () =>
      this.vfs[call](this.view, place.directory.ino, place.name, root),
    );
    if (errno === 0) this.model.remove(place, this.now());
    if (node?.gone === true) this.ended(node);
  }

  rename(): void {
    const from = this.place();
    const to = this.place();
    const mode = this.random.pick(["replace", "replace", "noreplace", "exchange"] as const);
    const over = to.directory.entries.get(to.name);
    const errno = this.model.refusesRename(from, to, mode);
    this.both(`rename ${from.directory.ino}/${short(from.name)} ${to.directory.ino}/${short(to.name)} ${mode}`, errno, () =>
      this.vfs.rename(this.view, from.directory.ino, from.name, to.directory.ino, to.name, mode, root),
    );
    if (errno === 0) this.model.rename(from, to, mode, this.now());
    if (over?.gone === true) this.ended(over);
  }

  open(): void {
    const node = this.node("file");
    if (node === undefined || this.#files.length > 8) return;
    const writes = this.random.chance(0.8);
    this.both(`open ${node.ino} ${writes ? "rw" : "r"}`, 0, () => {
      const handle = this.vfs.handles.open(this.view, node.ino, writes ? readAndWrite : readOnly, root);
      this.#files.push({ handle, node, writes });
    });
    node.handles += 1;
  }

  write(): void {
    const file = this.#someFile();
    if (file === undefined || !file.writes) return;
    const { node } = file;
    const size = node.content.length;
    const offset = this.random.pick([size, this.random.below(size + 1), size + this.random.below(300), this.random.below(200_000)]);
    const data = this.random.bytes(this.random.pick([1, 100, 4096, this.random.below(20_000) + 1, this.random.chance(0.1) ? 300_000 : 10]));
    const kill = this.random.chance(0.2);
    this.both(`write ${node.ino} ${offset}+${data.length}`, 0, () => this.vfs.handles.write(file.handle, offset, data, kill, root));
    this.model.write(node, offset, data, this.now());
    if (kill) node.mode &= ~0o4000;
  }

  truncate(): void {
    const node = this.node("file");
    if (node === undefined) return;
    const size = this.random.pick([0, this.random.below(node.content.length + 1), node.content.length + this.random.below(5000)]);
    this.both(`truncate ${node.ino} ${size}`, 0, () => this.vfs.setAttributes(this.view, node.ino, { size }, root));
    this.model.truncate(node, size, this.now());
  }

  setAttributes(): void {
    const node = this.node();
    if (node === undefined) return;
    const mode = this.random.pick([0o600, 0o4711, 0o755]);
    const mtime = this.random.chance(0.5) ? { sec: this.random.below(2 ** 31) - 2 ** 30, nsec: this.random.below(1e9) } : ("now" as const);
    const what = this.random.pick([{ mode }, { mtime }, { mode, mtime }]);
    this.both(`setattr ${node.ino} ${Object.keys(what).join()}`, 0, () => this.vfs.setAttributes(this.view, node.ino, what, root));
    this.model.close(node);
    if ("mode" in what) node.mode = mode;
    if ("mtime" in what) node.mtime = mtime === "now" ? this.now() : mtime;
    node.ctime = this.now();
  }

  xattr(): void {
    const node = this.node();
    if (node === undefined) return;
    const name = this.random.pick(["user.one", "user.two", "user.\xff"]);
    const value = this.random.bytes(this.random.below(100)).toString("latin1");
    const mode = this.random.pick(["set", "create", "replace"] as const);
    const errno = this.model.refusesXattr(node, name, mode);
    this.both(`setxattr ${node.ino} ${name} ${mode}`, errno, () =>
      this.vfs.setXattr(this.view, node.ino, name, Buffer.from(value, "latin1"), mode, root),
    );
    if (errno === 0) this.model.setXattr(node, name, value, this.now());
  }

  removeXattr(): void {
    const node = this.node();
    const name = node === undefined ? undefined : [...node.xattrs.keys()][0];
    if (node === undefined || name === undefined) return;
    this.both(`removexattr ${node.ino} ${name}`, 0, () => this.vfs.removeXattr(this.view, node.ino, name, root));
    this.model.setXattr(node, name, undefined, this.now());
  }

  release(): void {
    const file = this.#someFile();
    if (file === undefined) return;
    this.#files.splice(this.#files.indexOf(file), 1);
    const { node } = file;
    this.both(`release ${node.ino}`, 0, () => this.vfs.handles.release(file.handle));
    node.handles -= 1;
    if (!node.gone && (file.writes || node.handles === 0)) this.model.close(node);
    if (node.gone) this.ended(node);
  }

  /** The kernel forgets what is gone and not open. */
  ended(node: Node): void {
    this.#nodes.delete(node);
    if (node.handles === 0 && this.random.chance(0.7)) this.vfs.forget(this.view, node.ino);
  }

  // The whole

  sync(): void {
    this.both("fsync", 0, () => this.vfs.sync());
    this.#batchEnded();
  }

  /** What the driver does between two requests. */
  pulse(): void {
    const { batch } = this.vfs.store.events;
    this.vfs.store.pulse();
    this.vfs.store.idle();
    if (this.#collecting?.next().done === true) this.#collecting = undefined;
    if (this.vfs.store.events.batch !== batch && batch.length > 0) this.#batchEnded();
  }

  #batchEnded(): void {
    this.model.closeAll();
    this.#committed = { moment: this.vfs.store.events.last, tree: this.model.copy() };
  }

  /** Begins to drop all history but the moments that are remembered. It goes on with every pulse. */
  collect(): void {
    if (this.#collecting !== undefined) return;
    this.trace.push("collect");
    const moments = this.kept.map(({ moment }) => moment);
    this.#collecting = garbageCollection(this.vfs.store, 0, moments);
  }

  /** Ends what retention has begun. */
  finishCollecting(): void {
    while (this.#collecting !== undefined) this.pulse();
  }

  /** Looks at what a crash at this instant would leave: the last batch's tree, with its past, and no damage. */
  crash(): void {
    this.trace.push("crash");
    const crashed = { branch: this.#branch, committed: this.#committed, kept: this.kept };
    this.#same("what a crash leaves", damageByCrash(this.#t, this.vfs.store, this.#options, crashed));
  }

  /** Remembers the tree as of the newest event, without looking at it. */
  keep(): void {
    this.trace.push(`keep @${this.vfs.store.events.last}`);
    this.kept.push({ moment: this.vfs.store.events.last, tree: this.model.copy() });
  }

  /** Looks at the past, which ends all versions. */
  lookBack(): void {
    if (this.kept.length > 0) this.comparePast(this.random.pick(this.kept));
    this.model.closeAll();
  }

  remount(): void {
    this.trace.push("remount");
    this.#collecting?.return(undefined);
    this.#collecting = undefined;
    this.vfs.close();
    this.#batchEnded();
    for (const { node } of this.#files) node.handles = 0;
    this.#files.length = 0;
    this.vfs = vfsOf(open(this.#t, this.#path, this.#options), { branch: this.#branch });
  }

  /** Goes on in a new branch of the present one, which shows the same. */
  fork(): void {
    this.trace.push("fork");
    while (this.#files.length > 0) this.release();
    const { store } = this.vfs;
    const branch = store.branches.fork(`branch ${store.events.last}`, this.#branch, undefined, "branch", null);
    this.#left.push({ branch: this.#branch, tree: this.model.copy() });
    this.#branch = branch.id;
    this.vfs = vfsOf(store, { branch: branch.id });
    this.#batchEnded();
    this.compareLive();
  }

  compareLive(): void {
    this.#same("the live tree", differences(this.view.tree, this.model.root));
    for (const { node, handle } of this.#files) {
      const into = Buffer.alloc(node.content.length + 1);
      const length = this.vfs.handles.read(handle, 0, into);
      if (!into.subarray(0, length).equals(node.content)) this.#same(`open file ${node.ino}`, ["other bytes than were written"]);
    }
  }

  compareLeft(): void {
    for (const { branch, tree } of this.#left) this.#same(`branch ${branch}`, differences(this.vfs.store.live(branch), tree));
  }

  comparePast({ moment, tree }: Kept): void {
    this.#same(`the tree as of @${moment}`, differences(this.vfs.store.past(this.#branch, moment), tree));
  }

  now(): { sec: number; nsec: number } {
    return timeOf(this.vfs.store.events.lastAt);
  }

  /** Makes an operation and compares its errno. */
  both(what: string, expected: number, action: () => unknown): void {
    this.trace.push(what);
    const errno = errnoOf(action);
    if (errno !== expected) this.#same(what, [`gave ${errnoName(errno)}, expected ${errnoName(expected)}`]);
  }

  #someFile(): OpenFile | undefined {
    return this.#files.length === 0 ? undefined : this.random.pick(this.#files);
  }

  #same(what: string, found: readonly string[]): void {
    if (found.length === 0) return;
    throw new Error(
      `${what} differs:\n  ${found.slice(0, 10).join("\n  ")}\nafter ${this.trace.length} steps, the last:\n  ${this.trace.slice(-30).join("\n  ")}`,
    );
  }
}

function short(name: string): string {
  return JSON.stringify(name.length > 20 ? `${name.slice(0, 3)}...` : name);
}
