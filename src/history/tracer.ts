import { type Name, nameOf } from "../base/bytes.js";
import type { Event } from "../store/events.js";
import type { Store } from "../store/store.js";
import type { Tree } from "../store/tree.js";
import { changesTree } from "./keys.js";
import type { Slot } from "./paths.js";

/** What one key was: before the selected events, and until somebody else changed it again. */
interface Span {
  /** A moment at which the key was as it was before the first selected event on it. */
  readonly before: number;
  /** The first event on it, after that one, that is not selected; undefined when there is none. */
  readonly changedAgain: number | undefined;
}

/** A part of the tree that selected events changed. */
export type Aspect = Span &
  (
    | { readonly of: "name"; readonly parent: number; readonly name: Name }
    | { readonly of: "content" | "attributes" | "xattrs"; readonly ino: number }
    | { readonly of: "xattr"; readonly ino: number; readonly name: Name }
  );

interface Mark {
  readonly id: number;
  readonly selected: boolean;
}

/** The events on one name. */
interface TracedName {
  readonly slot: Slot;
  readonly marks: Mark[];
  /** What it leads to after them; "unread" while that is what it was at the start. */
  ino: number | "unread" | undefined;
}

/** The events on one inode, by what they changed. An event that makes or ends it changes all. */
interface InodeMarks {
  readonly whole: Mark[];
  readonly content: Mark[];
  readonly attributes: Mark[];
  readonly xattrs: Map<Name, Mark[]>;
}

/** Follows a branch's events from a moment on and tells, key by key, which of them changed it. */
export class Tracer {
  readonly #store: Store;
  readonly #branch: number;
  readonly #start: number;
  readonly #before: Tree;
  readonly #names = new Map<string, TracedName>();
  readonly #inodes = new Map<number, InodeMarks>();
  /** The names that each event which is not selected changed. */
  readonly #namesOfOthers = new Map<number, Slot[]>();

  constructor(store: Store, branch: number, start: number) {
    this.#store = store;
    this.#branch = branch;
    this.#start = start;
    this.#before = store.past(branch, start);
  }

  /** Takes the next event. */
  follow(event: Event, selected: boolean): void {
    if (!changesTree(event)) return;
    const mark: Mark = { id: event.id, selected };
    const { ino } = event;
    const from = slotOf(event.parent, event.name);
    const to = slotOf(event.toParent, event.toName);
    switch (event.op) {
      case "merge":
      case "restore":
      case "undo":
        this.#followTouched(mark);
        break;
      case "rename":
        if (from !== undefined) this.#setName(from, undefined, mark, "kept");
        if (to !== undefined) this.#setName(to, ino, mark, "ended");
        break;
      case "exchange":
        this.#exchange(from, to, mark);
        break;
      case "unlink":
      case "rmdir":
        if (from !== undefined) this.#setName(from, undefined, mark, "ended");
        break;
      case "setattr":
        this.#marksOf(ino).attributes.push(mark);
        break;
      case "setxattr":
      case "removexattr":
        this.#setXattr(ino, event.name, mark);
        break;
      case "link":
        if (from !== undefined) this.#setName(from, ino, mark, "kept");
        break;
      case "write":
      case "truncate":
      case "fallocate":
      case "copy":
        this.#marksOf(ino).content.push(mark);
        // A write may take set-user-id away.
        this.#marksOf(ino).attributes.push(mark);
        break;
      default:
        if (from !== undefined) this.#setName(from, ino, mark, "kept");
        this.#marksOf(ino).whole.push(mark);
    }
  }

  /** What the selected events changed. */
  *aspects(): Generator<Aspect> {
    const again = new Set<number>();
    for (const { slot, marks } of this.#names.values()) {
      const span = this.#spanOf(marks);
      if (span !== undefined) yield { of: "name", ...slot, ...span };
      if (span?.changedAgain !== undefined) again.add(span.changedAgain);
    }
    yield* this.#namesBeside(again);
    for (const [ino, { whole, content, attributes, xattrs }] of this.#inodes) {
      for (const [of, marks] of [
        ["content", content],
        ["attributes", attributes],
        ["xattrs", []],
      ] as const) {
        const span = this.#spanOf(joined(whole, marks));
        if (span !== undefined) yield { of, ino, ...span };
      }
      for (const [name, marks] of xattrs) {
        const span = this.#spanOf(joined(whole, marks));
        if (span !== undefined) yield { of: "xattr", ino, name, ...span };
      }
    }
  }

  /** What others, who moved on what selected events had moved, did with the same event: without it, it is not seen where they moved it. */
  *#namesBeside(events: ReadonlySet<number>): Generator<Aspect> {
    for (const id of events) {
      for (const slot of this.#namesOfOthers.get(id) ?? []) {
        const marks = this.#names.get(`${slot.parent}/${slot.name}`)?.marks ?? [];
        if (this.#spanOf(marks) === undefined) yield { of: "name", ...slot, before: id - 1, changedAgain: id };
      }
    }
  }

  #spanOf(marks: readonly Mark[]): Span | undefined {
    const first = marks.findIndex(({ selected }) => selected);
    if (first < 0) return undefined;
    // Nobody changed it between the start and the first: then the start's tree serves, and few trees are needed.
    const before = first === 0 ? this.#start : (marks[first] as Mark).id - 1;
    return { before, changedAgain: marks.slice(first).find(({ selected }) => !selected)?.id };
  }

  #setName(slot: Slot, ino: number | undefined, mark: Mark, what: "ended" | "kept"): void {
    const entry = this.#nameOf(slot);
    // What loses a name may end with it.
    const old = what === "ended" ? this.#inoOf(entry) : undefined;
    if (old !== undefined && old !== ino) this.#marksOf(old).whole.push(mark);
    entry.ino = ino;
    entry.marks.push(mark);
    if (mark.selected) return;
    const others = this.#namesOfOthers.get(mark.id);
    if (others === undefined) this.#namesOfOthers.set(mark.id, [slot]);
    else others.push(slot);
  }

  #exchange(from: Slot | undefined, to: Slot | undefined, mark: Mark): void {
    if (from === undefined || to === undefined) return;
    const first = this.#inoOf(this.#nameOf(from));
    const second = this.#inoOf(this.#nameOf(to));
    this.#setName(from, second, mark, "kept");
    this.#setName(to, first, mark, "kept");
  }

  #setXattr(ino: number, name: Name | null, mark: Mark): void {
    if (name === null) return;
    const { xattrs } = this.#marksOf(ino);
    const marks = xattrs.get(name);
    if (marks === undefined) xattrs.set(name, [mark]);
    else marks.push(mark);
  }

  #followTouched(mark: Mark): void {
    const sql = "SELECT ino, parent, name FROM touched WHERE event = $1";
    const rows = this.#store.connection.prepare<readonly [number, number, Uint8Array]>(sql).all([mark.id]);
    const after = this.#store.past(this.#branch, mark.id);
    for (const [ino, parent, name] of rows) {
      if (parent === 0) this.#marksOf(ino).whole.push(mark);
      else {
        const slot = { parent, name: nameOf(name) };
        this.#setName(slot, after.lookup(parent, slot.name)?.ino, mark, "ended");
      }
    }
  }

  /** What a name leads to now. It is looked up only when something loses the name: most names are new ones. */
  #inoOf(entry: TracedName): number | undefined {
    if (entry.ino === "unread") entry.ino = this.#before.lookup(entry.slot.parent, entry.slot.name)?.ino;
    return entry.ino;
  }

  #nameOf(slot: Slot): TracedName {
    const key = `${slot.parent}/${slot.name}`;
    let entry = this.#names.get(key);
    if (entry === undefined) {
      entry = { slot, marks: [], ino: "unread" };
      this.#names.set(key, entry);
    }
    return entry;
  }

  #marksOf(ino: number): InodeMarks {
    let marks = this.#inodes.get(ino);
    if (marks === undefined) {
      marks = { whole: [], content: [], attributes: [], xattrs: new Map() };
      this.#inodes.set(ino, marks);
    }
    return marks;
  }
}

function slotOf(parent: number | null, name: Name | null): Slot | undefined {
  return parent === null || name === null ? undefined : { parent, name };
}

/** Two lists of events as one, by id. An event in both counts once. */
function joined(a: readonly Mark[], b: readonly Mark[]): Mark[] {
  return [...new Set([...a, ...b])].sort((first, second) => first.id - second.id);
}
