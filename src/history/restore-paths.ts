import { type Name, nameText } from "../base/bytes.js";
import { ENOENT, ENOTDIR, FsError } from "../base/errno.js";
import type { Store } from "../store/store.js";
import { rootIno, type Tree } from "../store/tree.js";
import { direntType, isDirectory, permissionBits } from "../vfs/mode.js";
import { differingXattrs, type Sight, sameContent, sameFile, sightOf } from "./compare.js";
import { Keys, keysOf } from "./keys.js";
import { segmentsBetween } from "./lineage.js";
import { entriesOf, inoAt, isThere, Paths, resolvePath, type Slot } from "./paths.js";
import { Plan } from "./plan.js";

/** Plans to make some paths of a branch as they were at a moment. Throws ENOENT, ENOTDIR. */
export function planPaths(store: Store, branch: number, moment: number, paths: readonly (readonly Name[])[]): Plan {
  const plan = new Plan(store.live(branch));
  const past = store.past(branch, moment);
  const changed = () => keysOf(store, segmentsBetween(store, { branch, moment }, { branch, moment: store.events.last }));
  new Restoration(plan, past, changed, () => store.inodeNumbers.take()).run(paths);
  return plan;
}

/** A path to restore, as far as the live tree has it. */
interface Root extends Slot {
  readonly was: number | undefined;
}

class Restoration {
  readonly #plan: Plan;
  readonly #past: Tree;
  readonly #live: Tree;
  readonly #livePaths: Paths;
  readonly #pastPaths: Paths;
  readonly #takeNumber: () => number;
  readonly #keysSince: () => Keys;
  /** The names to look at in directories that are there then and now, by directory: found when the first one is met. */
  #touched: Keys | undefined;
  readonly #roots = new Set<string>();
  #paths: readonly (readonly Name[])[] = [];
  readonly #inside = new Map<number, boolean>();
  /** Numbers that inodes of the past get, where they do not get their own back. */
  readonly #copies = new Map<number, number>();
  /** Names that go: what lies below them goes at the end, unless it went somewhere else. */
  readonly #removed: Slot[] = [];

  constructor(plan: Plan, past: Tree, keysSince: () => Keys, takeNumber: () => number) {
    this.#plan = plan;
    this.#past = past;
    this.#live = plan.target;
    this.#livePaths = new Paths(this.#live);
    this.#pastPaths = new Paths(past);
    this.#keysSince = keysSince;
    this.#takeNumber = takeNumber;
  }

  run(paths: readonly (readonly Name[])[]): void {
    const distinct = [...new Map(paths.map((path) => [path.join("/"), path])).values()];
    const outermost = distinct.filter((path) => !distinct.some((other) => isAbove(other, path)));
    this.#paths = outermost;
    const roots = outermost.map((path) => this.#rootOf(path));
    for (const root of roots) this.#roots.add(keyOf(root));
    for (const root of roots) this.#restore(root, root.was);
    const placed = new Set([...this.#plan.slots].map(({ ino }) => ino));
    for (const slot of this.#removed) this.#removeBelow(inoAt(this.#live, slot), placed);
  }

  #rootOf(path: readonly Name[]): Root {
    const was = resolvePath(this.#past, path);
    if (was === undefined && resolvePath(this.#live, path) === undefined) {
      throw new FsError(ENOENT, `${textOf(path)} is not there now and was not there then`);
    }
    let parent = rootIno;
    path.slice(0, -1).forEach((name, index) => {
      parent = this.#directoryFor({ parent, name }, path.slice(0, index + 1));
    });
    return { parent, name: path[path.length - 1] as Name, was };
  }

  /** The directory above a path to restore: the one there is, else as it was, without what it held. */
  #directoryFor(slot: Slot, path: readonly Name[]): number {
    const planned = this.#plan.slot(slot.parent, slot.name)?.ino;
    if (planned !== undefined) return planned;
    const there = sightOf(this.#live, inoAt(this.#live, slot));
    if (there !== undefined && isDirectory(there.inode.mode)) return there.inode.ino;
    if (there !== undefined) throw new FsError(ENOTDIR, `${textOf(path)} is no directory now; restore it first`);
    const was = this.#sightThen(resolvePath(this.#past, path) as number);
    const ino = sightOf(this.#live, was.inode.ino) === undefined ? was.inode.ino : this.#takeNumber();
    this.#plan.bring(ino, was);
    this.#plan.setSlot(slot.parent, slot.name, ino, direntType(was.inode.mode));
    return ino;
  }

  /** Makes a name what it was. */
  #restore(slot: Slot, was: number | undefined): void {
    const now = inoAt(this.#live, slot);
    if (was === undefined) {
      if (now !== undefined) this.#remove(slot);
      return;
    }
    const then = this.#sightThen(was);
    if (isDirectory(then.inode.mode)) this.#restoreDirectory(slot, then, now);
    else this.#restoreFile(slot, then, now);
  }

  #restoreDirectory(slot: Slot, then: Sight, now: number | undefined): void {
    const there = sightOf(this.#live, now);
    // A directory made since takes the place of the one that was; one that lay elsewhere then does not: it goes back there.
    const stays = now === then.inode.ino || (now !== undefined && !isThere(this.#past, now));
    if (there !== undefined && isDirectory(there.inode.mode) && stays) {
      this.#takeAttributes(there, then);
      if (there.inode.ino === then.inode.ino) this.#restoreTouched(then.inode.ino);
      else this.#restoreEntries(there.inode.ino, then.inode.ino);
      return;
    }
    if (now !== undefined) this.#remove(slot);
    const elsewhere = sightOf(this.#live, then.inode.ino);
    const { ino } = then.inode;
    if (elsewhere !== undefined && this.#isInside(this.#livePaths.slotsOf(ino))) {
      this.#plan.setSlot(slot.parent, slot.name, ino, direntType(then.inode.mode));
      this.#takeAttributes(elsewhere, then);
      this.#restoreTouched(ino);
      return;
    }
    const number = elsewhere === undefined ? ino : this.#takeNumber();
    this.#plan.bring(number, then);
    this.#plan.setSlot(slot.parent, slot.name, number, direntType(then.inode.mode));
    for (const entry of entriesOf(this.#past, ino)) this.#restore({ parent: number, name: entry.name }, entry.ino);
  }

  /** Restores a directory that is the same one now: only names that were touched since can differ. */
  #restoreTouched(ino: number): void {
    this.#touched ??= this.#namesToVisit();
    for (const name of this.#touched.slots.get(ino) ?? []) {
      this.#restore({ parent: ino, name }, inoAt(this.#past, { parent: ino, name }));
    }
  }

  /** Makes the entries of a live directory those that another one had. */
  #restoreEntries(live: number, past: number): void {
    const names = new Set([...entriesOf(this.#live, live), ...entriesOf(this.#past, past)].map(({ name }) => name));
    for (const name of names) this.#restore({ parent: live, name }, inoAt(this.#past, { parent: past, name }));
  }

  #restoreFile(slot: Slot, then: Sight, now: number | undefined): void {
    const ino = this.#numberFor(then);
    this.#plan.setSlot(slot.parent, slot.name, ino, direntType(then.inode.mode));
    if (now !== undefined && now !== ino) this.#removed.push(slot);
  }

  /** The number a file gets: its own, unless names outside lead to that inode, which must stay as it is for them. */
  #numberFor(then: Sight): number {
    const { ino } = then.inode;
    const copy = this.#copies.get(ino);
    if (copy !== undefined) return copy;
    const there = sightOf(this.#live, ino);
    if (there === undefined) {
      if (!this.#plan.inodes.has(ino)) this.#plan.bring(ino, then);
      return ino;
    }
    const outside = this.#livePaths.allSlotsOf(ino).filter((slot) => !this.#isInside([slot]));
    if (outside.length === 0) {
      this.#takeFile(there, then);
      return ino;
    }
    // They were hard links then, and the file is as it was: then this is one again.
    if (outside.every((slot) => this.#wasOutside(slot, ino)) && sameFile(there, then)) return ino;
    const number = this.#takeNumber();
    this.#copies.set(ino, number);
    this.#plan.bring(number, then);
    return number;
  }

  /** Whether a name led to an inode then, and lay outside what is restored. */
  #wasOutside(slot: Slot, ino: number): boolean {
    const path = inoAt(this.#past, slot) === ino ? this.#pastPaths.ofSlot(slot) : undefined;
    return path !== undefined && !this.#paths.some((root) => root.every((name, index) => path[index] === name));
  }

  #takeFile(there: Sight, then: Sight): void {
    if (!sameContent(there, then)) this.#plan.takeContent(there.inode.ino, then);
    this.#takeAttributes(there, then);
  }

  #takeAttributes(there: Sight, then: Sight): void {
    const { ino, mode, uid, gid, mtimeSec, mtimeNsec } = there.inode;
    if ((mode & permissionBits) !== (then.inode.mode & permissionBits)) this.#plan.change(ino).mode = then.inode.mode & permissionBits;
    if (uid !== then.inode.uid) this.#plan.change(ino).uid = then.inode.uid;
    if (gid !== then.inode.gid) this.#plan.change(ino).gid = then.inode.gid;
    if (mtimeSec !== then.inode.mtimeSec || mtimeNsec !== then.inode.mtimeNsec) {
      this.#plan.change(ino).mtime = { sec: then.inode.mtimeSec, nsec: then.inode.mtimeNsec };
    }
    for (const name of differingXattrs(there, then)) this.#plan.change(ino).xattrs.set(name, then.tree.xattr(then.inode.ino, name));
  }

  #remove(slot: Slot): void {
    this.#plan.setSlot(slot.parent, slot.name, undefined, 0);
    this.#removed.push(slot);
  }

  #removeBelow(ino: number | undefined, placed: ReadonlySet<number | undefined>): void {
    const there = sightOf(this.#live, ino);
    if (there === undefined || !isDirectory(there.inode.mode) || placed.has(ino)) return;
    const { ino: directory } = there.inode;
    for (const { name, ino: child } of entriesOf(this.#live, directory)) {
      if (this.#plan.slot(directory, name) !== undefined) continue;
      this.#plan.setSlot(directory, name, undefined, 0);
      this.#removeBelow(child, placed);
    }
  }

  /** Whether names of the live tree all lie in what is restored, and so may go. */
  #isInside(slots: readonly Slot[]): boolean {
    return slots.every((slot) => this.#roots.has(keyOf(slot)) || this.#directoryIsInside(slot.parent));
  }

  #directoryIsInside(ino: number): boolean {
    if (ino === rootIno) return false;
    let inside = this.#inside.get(ino);
    if (inside === undefined) {
      const [slot] = this.#livePaths.slotsOf(ino);
      inside = slot !== undefined && this.#isInside([slot]);
      this.#inside.set(ino, inside);
    }
    return inside;
  }

  /** Every name that was touched, or leads to something that was, then or now. */
  #namesToVisit(): Keys {
    const keys = this.#keysSince();
    const visit = new Keys();
    const climbed = new Set<number>();
    const add = (slot: Slot): void => {
      visit.addSlot(slot.parent, slot.name);
      if (climbed.has(slot.parent)) return;
      climbed.add(slot.parent);
      for (const paths of [this.#livePaths, this.#pastPaths]) for (const above of paths.slotsOf(slot.parent)) add(above);
    };
    for (const slot of keys.eachSlot()) add(slot);
    for (const paths of [this.#livePaths, this.#pastPaths]) paths.prepare(keys.inodes);
    for (const ino of keys.inodes) {
      for (const paths of [this.#livePaths, this.#pastPaths]) for (const slot of paths.allSlotsOf(ino)) add(slot);
    }
    return visit;
  }

  #sightThen(ino: number): Sight {
    const sight = sightOf(this.#past, ino);
    if (sight === undefined) throw new FsError(ENOENT, `inode ${ino} has a name but was not there`);
    return sight;
  }
}

function keyOf({ parent, name }: Slot): string {
  return `${parent}/${name}`;
}

/** Whether `other` is a directory above `path`. */
function isAbove(other: readonly Name[], path: readonly Name[]): boolean {
  return other.length < path.length && other.every((name, index) => path[index] === name);
}

function textOf(path: readonly Name[]): string {
  return `/${path.map(nameText).join("/")}`;
}
