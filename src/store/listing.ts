import type { Name } from "../base/bytes.js";
import type { ListedDirent, NamedInode, Tree } from "./tree.js";

/** A row of `dirent` as listings read it. */
export type SlotRow = readonly [name: Uint8Array, ino: number | null, type: number, cookie: number];

/** A name of a directory; `ino` null where it is removed, though the parent branch has it. */
export interface Slot {
  readonly name: Name;
  readonly ino: number | null;
  readonly type: number;
  readonly cookie: number;
}

export function slotOf([name, ino, type, cookie]: SlotRow): Slot {
  return { name: Buffer.from(name.buffer, name.byteOffset, name.length).toString("latin1"), ino, type, cookie };
}

export function isEntry(slot: Slot): slot is ListedDirent {
  return slot.ino !== null;
}

/**
 * Lists a directory of a branch: its own slots over those of its parent branch, by cookie. A slot that both have bears one cookie,
 * and the branch's own wins. Both sides are read by pages of `limit`, from after a cookie.
 */
export function mergeListings(
  own: (after: number) => readonly Slot[],
  below: (after: number) => readonly Slot[],
  after: number,
  limit: number,
): ListedDirent[] {
  const merged: ListedDirent[] = [];
  for (let from = after; ; ) {
    const ours = own(from);
    const theirs = below(from);
    // Beyond the end of a full page there may be more: only what lies before both ends is known whole.
    const bound = Math.min(pageEnd(ours, limit), pageEnd(theirs, limit));
    const bySlot = new Map<number, Slot>();
    for (const slot of theirs) if (slot.cookie <= bound) bySlot.set(slot.cookie, slot);
    for (const slot of ours) if (slot.cookie <= bound) bySlot.set(slot.cookie, slot);
    for (const slot of [...bySlot.values()].sort((a, b) => a.cookie - b.cookie)) {
      if (isEntry(slot)) merged.push(slot);
      if (merged.length === limit) return merged;
    }
    if (bound === Number.POSITIVE_INFINITY) return merged;
    from = bound;
  }
}

function pageEnd(page: readonly Slot[], limit: number): number {
  const last = page[page.length - 1];
  return last === undefined || page.length < limit ? Number.POSITIVE_INFINITY : last.cookie;
}

export type XattrNameRow = readonly [name: Uint8Array, removed: number];

/** Attribute names of a branch over those of its parent, sorted. */
export function mergeNames(own: readonly XattrNameRow[], below: readonly Name[]): Name[] {
  const names = new Set(below);
  for (const [bytes, removed] of own) {
    const name = Buffer.from(bytes).toString("latin1");
    if (removed) names.delete(name);
    else names.add(name);
  }
  return [...names].sort();
}

/** How many inodes one query finds the names of: the rest of its parameters match nothing. */
const inosPerQuery = 32;

/** A condition that an inode is one of those asked for, by parameters from `first` on. */
export function oneOf(first: number): string {
  return `ino IN (${Array.from({ length: inosPerQuery }, (_, index) => `$${first + index}`).join(", ")})`;
}

/**
 * The names of some inodes in a directory of a branch: its own, and those of its parent branch that still stand.
 * @param own the branch's own, for the parameters of `oneOf`
 */
export function namesOf(
  tree: Tree,
  parent: number,
  inos: readonly number[],
  own: (params: readonly number[]) => readonly (readonly [Uint8Array, number])[],
  below: readonly NamedInode[] | undefined,
): NamedInode[] {
  const found: NamedInode[] = [];
  for (let at = 0; at < inos.length; at += inosPerQuery) {
    const some = inos.slice(at, at + inosPerQuery);
    while (some.length < inosPerQuery) some.push(-1);
    for (const [name, ino] of own(some)) found.push({ name: Buffer.from(name).toString("latin1"), ino });
  }
  if (below === undefined) return found;
  const known = new Set(found.map(({ name }) => name));
  for (const named of below) if (!known.has(named.name) && tree.lookup(parent, named.name)?.ino === named.ino) found.push(named);
  return found;
}

/** Every name of an inode in a branch: its own, and those of its parent branch that still stand. */
export function ownAndLowerSlots(
  tree: Tree,
  own: readonly (readonly [Uint8Array, number])[],
  below: readonly { readonly parent: number; readonly name: Name }[] | undefined,
  ino: number,
): { parent: number; name: Name }[] {
  const slots = own.map(([name, parent]) => ({ parent, name: Buffer.from(name).toString("latin1") }));
  if (below === undefined) return slots;
  const known = new Set(slots.map(({ parent, name }) => `${parent}/${name}`));
  for (const { parent, name } of below) {
    if (!known.has(`${parent}/${name}`) && tree.lookup(parent, name)?.ino === ino) slots.push({ parent, name });
  }
  return slots;
}
