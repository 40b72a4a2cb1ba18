import type { Name } from "../base/bytes.js";
import type { Timespec } from "../base/clock.js";
import type { LiveTree } from "../store/live-tree.js";
import { isDirectory } from "../vfs/mode.js";
import { type Sight, sightOf } from "./compare.js";
import { Keys } from "./keys.js";
import { inoAt, type Slot } from "./paths.js";

/** Where a file's new content comes from. */
export type NewContent = { readonly from: "file"; readonly sight: Sight } | { readonly from: "text"; readonly bytes: Buffer };

/** What an inode becomes. INVARIANT: content and extended attributes are planned only where they differ from what is there. */
export interface InodePlan {
  /** The inode as another tree has it, all of which is taken: one that is new here, or comes back. */
  whole?: Sight;
  content?: NewContent;
  mode?: number;
  uid?: number;
  gid?: number;
  mtime?: Timespec;
  /** undefined removes an attribute. */
  readonly xattrs: Map<Name, Uint8Array | undefined>;
}

/** What a name becomes: undefined takes it away. */
export interface SlotPlan extends Slot {
  readonly ino: number | undefined;
  /** d_type */
  readonly type: number;
}

/** What the names of an inode come to: derived from them, never planned. */
export interface Links {
  nlink: number;
  /** The directory of its newest name. */
  parent: number | undefined;
}

/**
 * What a merge, a restore or an undo is about to do to a live tree: names and inodes, by the numbers they have there.
 * Nothing is changed before it is applied, as one event.
 */
export class Plan {
  readonly target: LiveTree;
  readonly #slots = new Map<string, SlotPlan>();
  readonly inodes = new Map<number, InodePlan>();

  constructor(target: LiveTree) {
    this.target = target;
  }

  get slots(): Iterable<SlotPlan> {
    return this.#slots.values();
  }

  get isEmpty(): boolean {
    return this.#slots.size === 0 && this.inodes.size === 0;
  }

  slot(parent: number, name: Name): SlotPlan | undefined {
    return this.#slots.get(`${parent}/${name}`);
  }

  /** Plans a name; one that is so already stays out. */
  setSlot(parent: number, name: Name, ino: number | undefined, type: number): void {
    if (inoAt(this.target, { parent, name }) === ino) this.#slots.delete(`${parent}/${name}`);
    else this.#slots.set(`${parent}/${name}`, { parent, name, ino, type });
  }

  change(ino: number): InodePlan {
    let plan = this.inodes.get(ino);
    if (plan === undefined) {
      plan = { xattrs: new Map() };
      this.inodes.set(ino, plan);
    }
    return plan;
  }

  /** Plans that an inode which is not there comes, as another tree has it. */
  bring(ino: number, whole: Sight): void {
    this.inodes.set(ino, { whole, xattrs: new Map() });
  }

  /** Plans that a file's content becomes another's, with its time of modification. */
  takeContent(ino: number, sight: Sight): void {
    const plan = this.change(ino);
    plan.content = { from: "file", sight };
    plan.mtime = { sec: sight.inode.mtimeSec, nsec: sight.inode.mtimeNsec };
  }

  /** Everything it touches. */
  keys(): Keys {
    const keys = new Keys();
    for (const { parent, name } of this.slots) keys.addSlot(parent, name);
    for (const ino of this.inodes.keys()) keys.inodes.add(ino);
    return keys;
  }

  /** The link counts that follow from the names, of every inode whose names change and of directories whose subdirectories do. */
  links(): Map<number, Links> {
    const links = new Map<number, Links>();
    const linksOf = (ino: number): Links => {
      let found = links.get(ino);
      if (found === undefined) {
        found = { nlink: this.#linksBefore(ino), parent: undefined };
        links.set(ino, found);
      }
      return found;
    };
    const ended = new Map<number, number>();
    for (const { parent, name, ino, type } of this.slots) {
      const before = sightOf(this.target, parent) === undefined ? undefined : this.target.lookup(parent, name);
      if (before !== undefined) {
        if (before.type === directoryType) {
          ended.set(before.ino, (ended.get(before.ino) ?? 0) + 1);
          linksOf(before.ino);
          linksOf(parent).nlink -= 1;
        } else linksOf(before.ino).nlink -= 1;
      }
      if (ino !== undefined) {
        linksOf(ino).parent = parent;
        if (type === directoryType) {
          ended.set(ino, (ended.get(ino) ?? 0) - 1);
          linksOf(parent).nlink += 1;
        } else linksOf(ino).nlink += 1;
      }
    }
    for (const [ino, names] of ended) if (names > 0) linksOf(ino).nlink = 0;
    return links;
  }

  /** What the count starts from: a directory that comes counts its own two. */
  #linksBefore(ino: number): number {
    const whole = this.inodes.get(ino)?.whole;
    if (whole !== undefined) return isDirectory(whole.inode.mode) ? 2 : 0;
    return this.target.inode(ino)?.nlink ?? 0;
  }
}

const directoryType = 4;

/** The inode of a name once the plan is carried out. */
export function plannedIno(plan: Plan, { parent, name }: Slot): number | undefined {
  const planned = plan.slot(parent, name);
  return planned === undefined ? inoAt(plan.target, { parent, name }) : planned.ino;
}
