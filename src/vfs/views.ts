import { type Name, nameFromText, nameText } from "../base/bytes.js";
import { nowMicros } from "../base/clock.js";
import { slotMax } from "../base/limits.js";
import { listSnapshots } from "../store/snapshots.js";
import type { Store } from "../store/store.js";
import { rootIno } from "../store/tree.js";
import { namedMoment } from "./moments.js";
import { View } from "./view.js";
import { formatWhen } from "./when.js";

/** A relative moment keeps meaning the same until nobody asked for it by name for this long. */
const pinMicros = 60e6;
/** Live branches use their id as slot; views of the past come after. */
const firstPastSlot = 2 ** 20;
/** How many points of change `ls /.history` lists, and how far apart. */
const listedPoints = 48;
const listedGapMicros = 1e6;

interface PastView {
  readonly view: View;
  readonly key: string;
  readonly moment: number;
  readonly relative: boolean;
  /** When it was last asked for by name, microseconds. */
  usedAt: number;
  /** Whether the kernel may know nodes of it. */
  known: boolean;
}

function isPinned(past: PastView, now: number): boolean {
  return past.relative && now - past.usedAt < pinMicros;
}

function use(past: PastView, now: number): View {
  past.usedAt = now;
  past.known = true;
  return past.view;
}

/** The views there are: the mounted branch, other branches, and the pasts somebody looks at. */
export class Views {
  readonly #store: Store;
  readonly #access: "read-write" | "read-only";
  readonly #branches = new Map<number, View>();
  readonly #byKey = new Map<string, PastView>();
  readonly #bySlot = new Map<number, PastView>();
  #mounted: View;
  #nextSlot = firstPastSlot;

  /** @param moment show the branch as of this moment instead of now */
  constructor(store: Store, branch: number, access: "read-write" | "read-only", moment?: number) {
    this.#store = store;
    this.#access = access;
    if (moment === undefined) this.#mounted = this.branch(branch);
    else this.#mounted = new View(branch, store.past(branch, moment), rootIno, undefined);
  }

  /** What the root of the mount shows. */
  get mounted(): View {
    return this.#mounted;
  }

  /** A branch as it is now. Its slot is its id, so that inode numbers stay the same over mounts. */
  branch(id: number): View {
    let view = this.#branches.get(id);
    if (view === undefined) {
      const live = this.#store.live(id);
      view = new View(id, live, rootIno, this.#access === "read-write" ? live : undefined);
      this.#branches.set(id, view);
    }
    return view;
  }

  /** Makes the root of the mount show another branch. */
  mount(id: number): void {
    this.#mounted = this.branch(id);
  }

  /** Lets go of a dropped branch: who still holds something of it gets ENOENT. */
  forgetBranch(id: number): void {
    this.#branches.delete(id);
  }

  /** Refuses every change from now on, in every branch. */
  freeze(): void {
    this.#mounted.writable = undefined;
    for (const view of this.#branches.values()) view.writable = undefined;
  }

  /** The view of a slot, or undefined when it is gone. */
  get(slot: number): View | undefined {
    if (slot === this.#mounted.slot) return this.#mounted;
    return this.#branches.get(slot) ?? this.#bySlot.get(slot)?.view;
  }

  /**
   * The view that `DIR/.history/<name>` leads to, where DIR is directory `ino` of `view`; undefined when the name is no moment,
   * or one before the directory existed, or in the future.
   */
  open(view: View, ino: number, name: Name): View | undefined {
    const key = `${view.slot}/${ino}/${name}`;
    const now = nowMicros();
    const known = this.#byKey.get(key);
    if (known !== undefined && isPinned(known, now)) return use(known, now);
    const resolved = this.#resolve(view.tree.branch, nameText(name), now);
    if (resolved === undefined) return undefined;
    if (known !== undefined && known.moment === resolved.moment && !resolved.relative) return use(known, now);
    return this.#create(key, view.tree.branch, ino, resolved.moment, resolved.relative, now);
  }

  /** Whether a name under `.history` may come to mean another moment. */
  isRelative(view: View): boolean {
    return this.#bySlot.get(view.slot)?.relative === true;
  }

  /** What a listing of `.history` shows: snapshots by name, then recent points of change, oldest first. */
  names(branch: number): Name[] {
    const snapshots = listSnapshots(this.#store, branch).map(({ name }) => nameFromText(name));
    this.#store.commitQuietly();
    const horizon = this.#store.horizon();
    const recent = this.#store.moments.recent(listedPoints, listedGapMicros).filter(({ moment }) => moment >= horizon);
    return [...snapshots, ...recent.map(({ at }) => formatWhen(at))];
  }

  /** The moments that views show: retention must not remove them. */
  moments(): number[] {
    const { asOf } = this.#mounted.tree;
    return [...this.#bySlot.values()].map((past) => past.moment).concat(asOf ?? []);
  }

  /** Called when the kernel knows no node of a slot any more. */
  drop(slot: number): void {
    const past = this.#bySlot.get(slot);
    if (past === undefined) return;
    past.known = false;
    if (!isPinned(past, nowMicros()) || this.#byKey.get(past.key) !== past) this.#remove(past);
  }

  #create(key: string, branch: number, ino: number, moment: number, relative: boolean, now: number): View | undefined {
    this.#sweep(now);
    // A moment is shown once it is durable: after a crash its event's number may be another's.
    this.#store.commitQuietly();
    const tree = this.#store.past(branch, moment);
    if (tree.inode(ino) === undefined) return undefined;
    const view = new View(this.#takeSlot(), tree, ino, undefined);
    const past: PastView = { view, key, moment, relative, usedAt: now, known: true };
    this.#byKey.set(key, past);
    this.#bySlot.set(view.slot, past);
    return view;
  }

  #resolve(branch: number, text: string, now: number): { moment: number; relative: boolean } | undefined {
    const named = namedMoment(this.#store, branch, text, now);
    return named.kind === "moment" ? named : undefined;
  }

  #takeSlot(): number {
    while (this.#bySlot.has(this.#nextSlot)) this.#nextSlot = this.#nextSlot === slotMax ? firstPastSlot : this.#nextSlot + 1;
    const slot = this.#nextSlot;
    this.#nextSlot = slot === slotMax ? firstPastSlot : slot + 1;
    return slot;
  }

  #sweep(now: number): void {
    for (const past of this.#bySlot.values()) if (!past.known && !isPinned(past, now)) this.#remove(past);
  }

  #remove(past: PastView): void {
    this.#bySlot.delete(past.view.slot);
    if (this.#byKey.get(past.key) === past) this.#byKey.delete(past.key);
  }
}
