import type { Name } from "../base/bytes.js";
import type { Extent } from "../store/extents.js";
import { Inode } from "../store/inode.js";
import type { Dirent, ListedDirent, NamedInode, Tree } from "../store/tree.js";
import { permissionBits } from "../vfs/mode.js";
import { sightOf } from "./compare.js";
import { entriesOf, type Slot } from "./paths.js";
import { type InodePlan, type Links, type Plan, plannedIno } from "./plan.js";

/** A live tree as it will be once a plan is carried out: to tell the changes before they are made. */
export class PlannedTree implements Tree {
  readonly branch: number;
  readonly asOf = undefined;
  readonly #plan: Plan;
  readonly #target: Tree;
  readonly #links: ReadonlyMap<number, Links>;
  readonly #inodes = new Map<number, Inode>();
  readonly #added = new Map<number, Slot[]>();

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#target = plan.target;
    this.branch = plan.target.branch;
    this.#links = plan.links();
    for (const slot of plan.slots) {
      if (slot.ino === undefined) continue;
      const slots = this.#added.get(slot.ino);
      if (slots === undefined) this.#added.set(slot.ino, [slot]);
      else slots.push(slot);
    }
  }

  inode(ino: number): Inode | undefined {
    const plan = this.#plan.inodes.get(ino);
    const links = this.#links.get(ino);
    const before = this.#target.inode(ino);
    if (plan === undefined && links === undefined) return before;
    let inode = this.#inodes.get(ino);
    if (inode !== undefined) return inode;
    const source = plan?.whole?.inode ?? before;
    if (source === undefined) return undefined;
    inode = new Inode(this.branch, ino);
    copyFields(source, inode);
    if (plan !== undefined) setPlanned(plan, inode);
    if (links !== undefined) {
      inode.nlink = links.nlink;
      inode.parent = links.parent ?? inode.parent;
    }
    this.#inodes.set(ino, inode);
    return inode;
  }

  lookup(parent: number, name: Name): Dirent | undefined {
    const planned = this.#plan.slot(parent, name);
    if (planned === undefined) return sightOf(this.#target, parent) === undefined ? undefined : this.#target.lookup(parent, name);
    return planned.ino === undefined ? undefined : { ino: planned.ino, type: planned.type, cookie: 0 };
  }

  /** The whole listing, whatever the limit: only comparisons ask for it. */
  list(parent: number, after: number, _limit: number): ListedDirent[] {
    if (after > 0) return [];
    const listed: ListedDirent[] = [];
    if (sightOf(this.#target, parent) !== undefined) {
      for (const { name, ino, type } of entriesOf(this.#target, parent)) {
        if (this.#plan.slot(parent, name) === undefined) listed.push({ name, ino, type, cookie: 1 });
      }
    }
    for (const slot of this.#plan.slots) {
      if (slot.parent === parent && slot.ino !== undefined) listed.push({ name: slot.name, ino: slot.ino, type: slot.type, cookie: 1 });
    }
    return listed;
  }

  read(inode: Inode, offset: number, into: Buffer): number {
    const plan = this.#plan.inodes.get(inode.ino);
    if (plan?.content?.from === "text") return plan.content.bytes.copy(into, 0, offset);
    const source = plan?.content?.sight ?? plan?.whole;
    return source === undefined ? this.#target.read(inode, offset, into) : source.tree.read(source.inode, offset, into);
  }

  /** A new text has no extents yet: it shows as one of a blob that no other file has. */
  extents(ino: number, start: number, end: number): Extent[] {
    const plan = this.#plan.inodes.get(ino);
    if (plan?.content?.from === "text") return [{ offset: 0, length: plan.content.bytes.length, since: 0, blob: -ino, blobOffset: 0 }];
    const source = plan?.content?.sight ?? plan?.whole;
    return source === undefined ? this.#target.extents(ino, start, end) : source.tree.extents(source.inode.ino, start, end);
  }

  namesIn(parent: number, inos: readonly number[]): NamedInode[] {
    const kept = this.#target.namesIn(parent, inos).filter(({ name, ino }) => plannedIno(this.#plan, { parent, name }) === ino);
    const known = new Set(kept.map(({ name }) => name));
    for (const ino of inos) {
      for (const slot of this.#added.get(ino) ?? []) {
        if (slot.parent === parent && !known.has(slot.name)) kept.push({ name: slot.name, ino });
      }
    }
    return kept;
  }

  slotsOf(ino: number): Slot[] {
    return this.#merged(this.#target.slotsOf(ino), ino);
  }

  xattr(ino: number, name: Name): Uint8Array | undefined {
    const plan = this.#plan.inodes.get(ino);
    if (plan?.xattrs.has(name)) return plan.xattrs.get(name);
    return plan?.whole === undefined ? this.#target.xattr(ino, name) : plan.whole.tree.xattr(plan.whole.inode.ino, name);
  }

  xattrNames(ino: number): Name[] {
    const plan = this.#plan.inodes.get(ino);
    const before = plan?.whole === undefined ? this.#target.xattrNames(ino) : plan.whole.tree.xattrNames(plan.whole.inode.ino);
    const names = new Set(before);
    for (const [name, value] of plan?.xattrs ?? []) {
      if (value === undefined) names.delete(name);
      else names.add(name);
    }
    return [...names].sort();
  }

  #merged(before: readonly Slot[], ino: number): Slot[] {
    const kept = before.filter((slot) => plannedIno(this.#plan, slot) === ino);
    const known = new Set(kept.map(({ parent, name }) => `${parent}/${name}`));
    const added = (this.#added.get(ino) ?? []).filter(({ parent, name }) => !known.has(`${parent}/${name}`));
    return [...kept, ...added];
  }
}

function setPlanned(plan: InodePlan, inode: Inode): void {
  inode.mode = plan.mode === undefined ? inode.mode : (inode.mode & ~permissionBits) | plan.mode;
  inode.uid = plan.uid ?? inode.uid;
  inode.gid = plan.gid ?? inode.gid;
  if (plan.content === undefined) return;
  if (plan.content.from === "text") {
    inode.size = plan.content.bytes.length;
    return;
  }
  const { size, target, rdev } = plan.content.sight.inode;
  inode.size = size;
  inode.target = target;
  inode.rdev = rdev;
}

/** Copies what describes a file, without its number and its life in memory. */
export function copyFields(from: Inode, to: Inode): void {
  to.mode = from.mode;
  to.uid = from.uid;
  to.gid = from.gid;
  to.nlink = from.nlink;
  to.size = from.size;
  to.rdev = from.rdev;
  to.parent = from.parent;
  to.atimeSec = from.atimeSec;
  to.atimeNsec = from.atimeNsec;
  to.mtimeSec = from.mtimeSec;
  to.mtimeNsec = from.mtimeNsec;
  to.ctimeSec = from.ctimeSec;
  to.ctimeNsec = from.ctimeNsec;
  to.btimeSec = from.btimeSec;
  to.btimeNsec = from.btimeNsec;
  to.target = from.target;
}
