import { timespecOf } from "../base/clock.js";
import { blobBytes } from "../base/limits.js";
import type { Chunk } from "../store/draft.js";
import type { Inode } from "../store/inode.js";
import type { LiveTree } from "../store/live-tree.js";
import { sharedChunks } from "../store/ranges.js";
import type { Store } from "../store/store.js";
import { rootIno } from "../store/tree.js";
import { stampChanged, stampModified } from "../vfs/context.js";
import { isDirectory, isRegular, permissionBits } from "../vfs/mode.js";
import { differingRanges, type Sight } from "./compare.js";
import { recordTouched } from "./keys.js";
import type { Slot } from "./paths.js";
import type { InodePlan, Plan } from "./plan.js";
import { copyFields } from "./planned-tree.js";

/** What changed under the kernel, which must forget it, in the target branch. */
export interface Touched {
  readonly entries: readonly Slot[];
  readonly inodes: readonly number[];
  /** Those that have no name any more: they stay in memory until `forget` is called for them, as after unlink(2). */
  readonly ended: readonly number[];
}

export const nothingTouched: Touched = { entries: [], inodes: [], ended: [] };

/** What a name or an inode costs in the database, roughly, live and past rows together. */
const rowBytes = 600;

/** The event that a plan is carried out as. */
export interface PlanEvent {
  readonly op: "merge" | "restore" | "undo";
  /** What it came from, for a person who reads the log. */
  readonly name: string | null;
  readonly process: number | null;
}

/**
 * Carries a plan out as one event, within `Store.atomically`. Everything must have been settled. Throws ENOSPC.
 * Returns the event's id and what it touched.
 */
export function applyPlan(store: Store, plan: Plan, event: PlanEvent): { event: number; touched: Touched } {
  const tree = plan.target;
  store.space.admit(costOf(plan), "growing");
  const tick = store.recordEvent(event.op, tree.branch, rootIno, event.name, null, event.process);
  const at = store.events.lastAt;
  recordTouched(store, tick, plan.keys());
  const links = plan.links();
  const changed = new Map<number, Inode>();
  for (const [ino, inodePlan] of plan.inodes) changed.set(ino, changeInode(tree, ino, inodePlan, tick, at));
  const inodeOf = (ino: number): Inode => {
    const inode = changed.get(ino) ?? (tree.inode(ino) as Inode);
    if (!changed.has(ino)) stampChanged(inode, at);
    changed.set(ino, inode);
    return inode;
  };
  for (const { parent, name, ino, type } of plan.slots) {
    const isNew = ino !== undefined && tree.lookup(parent, name) === undefined;
    // Each new name needs a place of its own in listings: an event's number, as if it had been made alone.
    tree.setDirent(parent, name, ino === undefined ? undefined : { ino, type }, tick, isNew ? store.events.tick() : tick);
    const directory = inodeOf(parent);
    if (plan.inodes.get(parent)?.mtime === undefined && plan.inodes.get(parent)?.whole === undefined) stampModified(directory, at);
  }
  const ended: number[] = [];
  for (const [ino, { nlink, parent }] of links) {
    const inode = inodeOf(ino);
    inode.nlink = nlink;
    inode.parent = parent ?? inode.parent;
    if (nlink === 0) ended.push(ino);
  }
  for (const inode of changed.values()) {
    if (inode.nlink === 0) tree.recordUnlinked(inode, tick);
    else tree.record(inode, tick);
  }
  const entries = [...plan.slots].map(({ parent, name }) => ({ parent, name }));
  return { event: tick, touched: { entries, inodes: [...changed.keys()], ended } };
}

/** What a plan touches, without carrying it out. */
export function touchedBy(plan: Plan): Touched {
  const inodes = new Set(plan.inodes.keys());
  for (const { parent } of plan.slots) inodes.add(parent);
  const links = plan.links();
  for (const ino of links.keys()) inodes.add(ino);
  const ended = [...links].filter(([, { nlink }]) => nlink === 0).map(([ino]) => ino);
  return { entries: [...plan.slots].map(({ parent, name }) => ({ parent, name })), inodes: [...inodes], ended };
}

function costOf(plan: Plan): number {
  let bytes = 0;
  for (const _slot of plan.slots) bytes += rowBytes;
  for (const { content } of plan.inodes.values()) bytes += rowBytes + (content?.from === "text" ? content.bytes.length : 0);
  return bytes;
}

function changeInode(tree: LiveTree, ino: number, plan: InodePlan, tick: number, at: number): Inode {
  const { whole } = plan;
  const inode = whole === undefined ? (tree.inode(ino) as Inode) : tree.revive(ino, tick);
  if (whole !== undefined) bring(tree, inode, whole, tick);
  if (plan.content?.from === "file") takeContent(tree, inode, plan.content.sight, tick);
  if (plan.content?.from === "text") tree.replace(inode, plan.content.bytes.length, chunksOf(plan.content.bytes), tick);
  for (const [name, value] of plan.xattrs) tree.setXattr(ino, name, value, tick);
  inode.mode = plan.mode === undefined ? inode.mode : (inode.mode & ~permissionBits) | plan.mode;
  inode.uid = plan.uid ?? inode.uid;
  inode.gid = plan.gid ?? inode.gid;
  const mtime = plan.mtime ?? (plan.content === undefined ? undefined : timespecOf(at));
  inode.mtimeSec = mtime?.sec ?? inode.mtimeSec;
  inode.mtimeNsec = mtime?.nsec ?? inode.mtimeNsec;
  stampChanged(inode, at);
  return inode;
}

/** Makes an inode what it is in another tree. */
function bring(tree: LiveTree, inode: Inode, whole: Sight, tick: number): void {
  const { size } = inode;
  copyFields(whole.inode, inode);
  inode.nlink = isDirectory(inode.mode) ? 2 : 0;
  inode.size = size;
  takeContent(tree, inode, whole, tick);
  for (const name of whole.tree.xattrNames(whole.inode.ino)) {
    tree.setXattr(inode.ino, name, whole.tree.xattr(whole.inode.ino, name), tick);
  }
}

/** Gives a file another's content. Where both have the same bytes of the same blobs nothing is written. */
function takeContent(tree: LiveTree, inode: Inode, source: Sight, tick: number): void {
  const { size, target, rdev, ino } = source.inode;
  inode.target = target;
  inode.rdev = rdev;
  if (!isRegular(inode.mode)) {
    inode.size = size;
    return;
  }
  const chunks: Chunk[] = [];
  for (const { start, end } of differingRanges({ tree, inode }, source)) {
    const stop = Math.min(end, size);
    if (start >= stop) continue;
    for (const chunk of sharedChunks(source.tree, ino, start, stop - start, start, Number.MAX_SAFE_INTEGER).chunks) chunks.push(chunk);
  }
  tree.replace(inode, size, chunks, tick);
}

/** A text as chunks, each within an aligned block. */
function chunksOf(bytes: Buffer): Chunk[] {
  const chunks: Chunk[] = [];
  for (let offset = 0; offset < bytes.length; offset += blobBytes) {
    const data = Buffer.from(bytes.subarray(offset, offset + blobBytes));
    chunks.push({ offset, length: data.length, data, blob: 0, blobOffset: 0 });
  }
  return chunks;
}
