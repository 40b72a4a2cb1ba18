import type { Name } from "../base/bytes.js";
import { EINVAL, ENOENT, FsError } from "../base/errno.js";
import type { Store } from "../store/store.js";
import type { Tree } from "../store/tree.js";
import { applyPlan, nothingTouched, type Touched, touchedBy } from "./apply.js";
import { type Change, changesOf } from "./change.js";
import type { Conflict } from "./conflict.js";
import { Effects } from "./effects.js";
import { Identity, noTwins } from "./identity.js";
import { changesTree, eventsOf, eventWith, Keys } from "./keys.js";
import type { Segment } from "./lineage.js";
import { type DryRun, settle } from "./merge.js";
import { MosaicTree } from "./mosaic.js";
import { OtherEvents } from "./others.js";
import { isThere, Paths, type Slot } from "./paths.js";
import { type Aspect, Tracer } from "./tracer.js";

export interface UndoOptions {
  readonly branch: number;
  /** How many changes, newest first; without it one, or all of a process. */
  readonly count?: number | undefined;
  /** Only what this process did: of several that bore the number the last one that changed this branch. */
  readonly byProcess?: { readonly pid: number } | undefined;
  readonly dryRun: DryRun;
  readonly process: number | null;
}

export interface UndoResult {
  readonly changes: readonly Change[];
  /** What somebody else changed again since. While there is one, nothing is applied. */
  readonly conflicts: readonly Conflict[];
  /** The events that are taken back, newest first. */
  readonly undone: readonly number[];
  readonly event?: number;
  readonly touched: Touched;
}

/**
 * Takes back the last changes of a branch since its fork, or those of one process, as a new change, which can itself be taken back.
 * What they changed becomes what it was before the first of them; what others changed again since is a conflict. Throws EINVAL,
 * ENOENT when there is nothing to take back or its history was dropped, ENOSPC.
 */
export function undo(store: Store, options: UndoOptions): UndoResult {
  const { branch } = options;
  store.settle();
  store.events.write();
  store.tables.ready();
  const { forkedAt, parent } = store.branches.get(branch);
  // The trunk's first event made the root.
  const own: Segment = { branch, after: parent === null ? 1 : forkedAt, upTo: store.events.last };
  const selected = selectEvents(store, own, options);
  const undone = [...selected].reverse();
  const first = selected.values().next().value as number;
  if (first - 1 < store.horizon()) throw new FsError(ENOENT, `the history before event @${first} was dropped; it cannot be taken back`);
  // The last events of all have no others after the first.
  const others = options.byProcess === undefined ? undefined : new OtherEvents(store, branch, first - 1, selected);
  const tracer = new Tracer(first - 1, new Effects(store, branch), others);
  for (const id of selected) {
    const event = eventWith(store, id);
    if (event !== undefined) tracer.select(event);
  }
  const ours = store.live(branch);
  const trees = new Moments(store, branch, ours);
  const base = new MosaicTree(ours);
  const theirs = new MosaicTree(ours);
  const keys = new Keys();
  const aspects = tracer.aspects();
  for (const aspect of aspects) {
    addKey(keys, aspect);
    if (aspect.changedAgain !== undefined) setAspect(base, aspect, trees.at(aspect.changedAgain - 1));
    setAspect(theirs, aspect, trees.at(aspect.before));
  }
  const traced = new Set(aspects.map((aspect) => (aspect.of === "attributes" ? aspect.ino : undefined)));
  const shown = new Shown(ours, [base, theirs], keys);
  for (const aspect of aspects) {
    const then = trees.at(aspect.before);
    if (aspect.of === "name") {
      const ino = then.lookup(aspect.parent, aspect.name)?.ino;
      if (ino !== undefined && !traced.has(ino)) shown.file(ino, then);
      shown.directory(aspect.parent, then);
    } else if (aspect.of === "attributes") shown.names(aspect.ino, then);
  }
  const all = { base, theirs, ours };
  const { plan, conflicts } = settle(
    store,
    branch,
    { trees: all, identity: new Identity(all, noTwins), keys, labels: undefined },
    undefined,
  );
  const changes = changesOf(plan);
  if (conflicts.length > 0) return { changes, conflicts, undone, touched: nothingTouched };
  if (options.dryRun === "dry-run" || plan.isEmpty) return { changes, conflicts, undone, touched: touchedBy(plan) };
  const what = undone.length === 1 ? `@${first}` : `${undone.length} changes since @${first}`;
  const applied = { op: "undo", name: what, process: options.process } as const;
  const { event, touched } = store.atomically(() => applyPlan(store, plan, applied));
  return { changes, conflicts, undone, event, touched };
}

/** The events to take back, oldest first. */
function selectEvents(store: Store, own: Segment, { count, byProcess }: UndoOptions): Set<number> {
  if (count !== undefined && !(Number.isInteger(count) && count > 0)) throw new FsError(EINVAL, `${count} changes cannot be taken back`);
  const ids = byProcess === undefined ? lastEvents(store, own, count ?? 1) : eventsOfProcess(store, own, byProcess.pid);
  const selected = count === undefined ? ids : ids.slice(-count);
  const name = store.branches.get(own.branch).name;
  if (selected.length === 0) {
    const who = byProcess === undefined ? "" : ` that process ${byProcess.pid} made`;
    throw new FsError(ENOENT, `branch "${name}" has no change${who} to take back`);
  }
  if (byProcess === undefined && selected.length < (count ?? 1)) {
    throw new FsError(ENOENT, `branch "${name}" has only ${selected.length} changes of its own to take back, not ${count}`);
  }
  return new Set(selected);
}

/** The last events of a stretch that changed its tree, found from its end: a trunk may have millions before them. */
function lastEvents(store: Store, own: Segment, count: number): number[] {
  for (let reach = Math.max(64, 4 * count); ; reach *= 8) {
    const after = Math.max(own.after, own.upTo - reach);
    const ids: number[] = [];
    for (const event of eventsOf(store, { ...own, after })) if (changesTree(event)) ids.push(event.id);
    if (ids.length >= count || after === own.after) return ids.slice(-count);
  }
}

function eventsOfProcess(store: Store, own: Segment, pid: number): number[] {
  const rows = store.connection.prepare<readonly [number]>("SELECT id FROM process WHERE pid = $1").all([pid]);
  const processes = new Set(rows.map(([id]) => id));
  if (processes.size === 0) throw new FsError(ENOENT, `no process ${pid} is known to have changed anything`);
  const byProcess = new Map<number | null, number[]>();
  let last: number[] = [];
  for (const event of eventsOf(store, own, processes)) {
    if (!changesTree(event)) continue;
    last = byProcess.get(event.process) ?? [];
    last.push(event.id);
    byProcess.set(event.process, last);
  }
  return last;
}

/** Past trees of a branch, each made once. */
class Moments {
  readonly #store: Store;
  readonly #branch: number;
  readonly #live: Tree;
  readonly #trees = new Map<number, Tree>();

  constructor(store: Store, branch: number, live: Tree) {
    this.#store = store;
    this.#branch = branch;
    this.#live = live;
  }

  at(moment: number): Tree {
    if (moment >= this.#store.events.last) return this.#live;
    let tree = this.#trees.get(moment);
    if (tree === undefined) {
      tree = this.#store.past(this.#branch, moment);
      this.#trees.set(moment, tree);
    }
    return tree;
  }
}

/** Shows, in what would be there without the changes taken back, what others ended: then its end is the conflict. */
class Shown {
  readonly #ours: Tree;
  readonly #mosaics: readonly MosaicTree[];
  readonly #keys: Keys;
  readonly #paths = new Map<Tree, Paths>();

  constructor(ours: Tree, mosaics: readonly MosaicTree[], keys: Keys) {
    this.#ours = ours;
    this.#mosaics = mosaics;
    this.#keys = keys;
  }

  /** A file of which a name is taken back. */
  file(ino: number, then: Tree): void {
    if (isThere(this.#ours, ino)) return;
    this.#keys.inodes.add(ino);
    for (const mosaic of this.#mosaics) {
      mosaic.setAttributes(ino, then);
      mosaic.setContent(ino, then);
      mosaic.setXattrs(ino, then);
    }
  }

  /** The names of a file that is changed back, as far as they are not: the conflict is told by them. */
  names(ino: number, then: Tree): void {
    if (isThere(this.#ours, ino) || !isThere(then, ino)) return;
    for (const slot of this.#slotsOf(ino, then)) {
      if (this.#keys.slots.get(slot.parent)?.has(slot.name) === true) continue;
      for (const mosaic of this.#mosaics) mosaic.setName(slot, then);
      this.directory(slot.parent, then);
    }
  }

  /** A directory, and those above it, where a name in it is taken back. */
  directory(ino: number, then: Tree): void {
    if (this.#keys.inodes.has(ino) || isThere(this.#ours, ino) || !isThere(then, ino)) return;
    for (const mosaic of this.#mosaics) mosaic.setAttributes(ino, then);
    for (const slot of this.#slotsOf(ino, then)) {
      for (const mosaic of this.#mosaics) mosaic.setName(slot, then);
      this.directory(slot.parent, then);
    }
  }

  #slotsOf(ino: number, then: Tree): readonly Slot[] {
    let paths = this.#paths.get(then);
    if (paths === undefined) {
      paths = new Paths(then);
      this.#paths.set(then, paths);
    }
    return paths.slotsOf(ino);
  }
}

function addKey(keys: Keys, aspect: Aspect): void {
  if (aspect.of === "name") keys.addSlot(aspect.parent, aspect.name);
  else keys.inodes.add(aspect.ino);
}

function setAspect(mosaic: MosaicTree, aspect: Aspect, tree: Tree): void {
  if (aspect.of === "name") mosaic.setName(aspect, tree);
  else if (aspect.of === "content") mosaic.setContent(aspect.ino, tree);
  else if (aspect.of === "attributes") mosaic.setAttributes(aspect.ino, tree);
  else if (aspect.of === "xattr") mosaic.setXattr(aspect.ino, aspect.name as Name, tree);
  else mosaic.setXattrs(aspect.ino, tree);
}
