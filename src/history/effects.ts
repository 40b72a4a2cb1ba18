import { type Name, nameBytes, nameOf } from "../base/bytes.js";
import type { Event } from "../store/events.js";
import type { Store } from "../store/store.js";
import type { Tree } from "../store/tree.js";
import { changesTree } from "./keys.js";
import type { Slot } from "./paths.js";

/** What one event changed, key by key. */
export interface Effect {
  readonly slots: readonly Slot[];
  /** Inodes of which it changed all: those it made, and those that lost a name by it and may have ended. */
  readonly whole: ReadonlySet<number>;
  readonly content: number | undefined;
  readonly attributes: number | undefined;
  readonly xattr: { readonly ino: number; readonly name: Name } | undefined;
}

const noInodes: ReadonlySet<number> = new Set();
const nothing: Effect = { slots: [], whole: noInodes, content: undefined, attributes: undefined, xattr: undefined };

/** Tells what events of a branch changed. Everything must have been settled. */
export class Effects {
  readonly #store: Store;
  readonly #branch: number;
  /** What shows through the branch; undefined for branch 0. */
  readonly #lower: Tree | undefined;
  /** Those of events that changed many files, and are asked for once for each. */
  readonly #large = new Map<number, Effect>();

  constructor(store: Store, branch: number) {
    this.#store = store;
    this.#branch = branch;
    const { parent, forkedAt } = store.branches.get(branch);
    this.#lower = parent === null ? undefined : store.past(parent, forkedAt);
  }

  of(event: Event): Effect {
    if (!changesTree(event)) return nothing;
    const { ino } = event;
    const from = slotsOf(event.parent, event.name);
    switch (event.op) {
      case "merge":
      case "restore":
      case "undo":
        return this.#ofMany(event.id);
      case "rename": {
        const to = slotsOf(event.toParent, event.toName);
        return { ...nothing, slots: [...from, ...to], whole: this.#replaced(to, ino, event.id) };
      }
      case "exchange":
        return { ...nothing, slots: [...from, ...slotsOf(event.toParent, event.toName)] };
      case "link":
        return { ...nothing, slots: from };
      case "setattr":
        return { ...nothing, attributes: ino };
      case "setxattr":
      case "removexattr":
        return event.name === null ? nothing : { ...nothing, xattr: { ino, name: event.name } };
      case "write":
      case "truncate":
      case "fallocate":
      case "copy":
        // A write may take set-user-id away.
        return { ...nothing, content: ino, attributes: ino };
      default:
        return { ...nothing, slots: from, whole: new Set([ino]) };
    }
  }

  /** What a merge, a restore or an undo changed. */
  #ofMany(event: number): Effect {
    const known = this.#large.get(event);
    if (known !== undefined) return known;
    const sql = "SELECT ino, parent, name FROM touched WHERE event = $1";
    const rows = this.#store.connection.prepare<readonly [number, number, Uint8Array]>(sql).all([event]);
    const slots: Slot[] = [];
    const whole = new Set<number>();
    for (const [ino, parent, bytes] of rows) {
      if (parent === 0) whole.add(ino);
      else {
        const slot = { parent, name: nameOf(bytes) };
        slots.push(slot);
        for (const old of this.#replaced([slot], this.#inoAt(slot, event), event)) whole.add(old);
      }
    }
    const effect = { ...nothing, slots, whole };
    this.#large.set(event, effect);
    return effect;
  }

  /** What the event took from names that lead to `ino` since. */
  #replaced(slots: readonly Slot[], ino: number | undefined, event: number): ReadonlySet<number> {
    const before = slots.map((slot) => this.#inoAt(slot, event - 1)).filter((old) => old !== undefined && old !== ino);
    return before.length === 0 ? noInodes : new Set(before as number[]);
  }

  /** What a name leads to as of a moment since the fork. */
  #inoAt({ parent, name }: Slot, moment: number): number | undefined {
    const own = this.#store.tables.dirent.readAsOf([this.#branch, parent, nameBytes(name)], moment);
    return own === undefined ? this.#lower?.lookup(parent, name)?.ino : ((own[1] as number | null) ?? undefined);
  }
}

function slotsOf(parent: number | null, name: Name | null): Slot[] {
  return parent === null || name === null ? [] : [{ parent, name }];
}
