import type { Name } from "../base/bytes.js";
import type { Event } from "../store/events.js";
import type { Effect, Effects } from "./effects.js";
import type { OtherEvents } from "./others.js";
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

/** The first selected event on one name. */
interface TracedName {
  readonly slot: Slot;
  readonly first: number;
}

/** The first selected events on one inode, by what they changed. An event that makes or ends it changes all. */
interface TracedInode {
  whole: number;
  content: number;
  attributes: number;
  readonly xattrs: Map<Name, number>;
}

const none = Number.POSITIVE_INFINITY;

/** Tells, key by key, what selected events of a branch changed, and what others did to it. */
export class Tracer {
  readonly #start: number;
  readonly #effects: Effects;
  readonly #others: OtherEvents | undefined;
  readonly #names = new Map<string, TracedName>();
  readonly #inodes = new Map<number, TracedInode>();

  /**
   * @param start a moment before the first selected event
   * @param others those after it that are not selected; undefined when there are none
   */
  constructor(start: number, effects: Effects, others: OtherEvents | undefined) {
    this.#start = start;
    this.#effects = effects;
    this.#others = others;
  }

  /** Takes the next selected event. */
  select(event: Event): void {
    const { id } = event;
    const { slots, whole, content, attributes, xattr } = this.#effects.of(event);
    for (const slot of slots) {
      const key = keyOf(slot);
      if (!this.#names.has(key)) this.#names.set(key, { slot, first: id });
    }
    for (const ino of whole) {
      const traced = this.#inode(ino);
      traced.whole = Math.min(traced.whole, id);
    }
    if (content !== undefined) {
      const traced = this.#inode(content);
      traced.content = Math.min(traced.content, id);
    }
    if (attributes !== undefined) {
      const traced = this.#inode(attributes);
      traced.attributes = Math.min(traced.attributes, id);
    }
    if (xattr !== undefined) {
      const { xattrs } = this.#inode(xattr.ino);
      if (!xattrs.has(xattr.name)) xattrs.set(xattr.name, id);
    }
  }

  /** What the selected events changed: names, then inodes, in the order in which they were changed first since the start. */
  aspects(): Aspect[] {
    const names = [...this.#names.values()].map(({ slot, first }) => ({ slot, trace: this.#nameTrace(slot, first) }));
    names.sort((a, b) => a.trace.earliest - b.trace.earliest);
    const aspects: Aspect[] = names.map(({ slot, trace }) => ({ of: "name", ...slot, ...spanOf(trace) }));
    for (const aspect of this.#namesBeside(names.map(({ trace }) => trace.changedAgain))) aspects.push(aspect);
    const inodes = [...this.#inodes].map(([ino, traced]) => ({ ino, traces: this.#inodeTraces(ino, traced) }));
    inodes.sort((a, b) => a.traces.earliest - b.traces.earliest);
    for (const { ino, traces } of inodes) for (const aspect of traces.aspects(ino)) aspects.push(aspect);
    return aspects;
  }

  #nameTrace(slot: Slot, first: number): Trace {
    const trace = new Trace(first, this.#start);
    for (const id of this.#others?.onName(slot) ?? []) {
      trace.add(id);
      if (trace.changedAgain !== undefined) break;
    }
    return trace;
  }

  /** What others, who moved on what selected events had moved, did with the same event: without it, it is not seen where they moved it. */
  *#namesBeside(changedAgain: readonly (number | undefined)[]): Generator<Aspect> {
    for (const id of new Set(changedAgain)) {
      const event = id === undefined ? undefined : this.#others?.event(id);
      for (const slot of event === undefined ? [] : this.#effects.of(event).slots) {
        if (!this.#names.has(keyOf(slot))) yield { of: "name", ...slot, before: (id as number) - 1, changedAgain: id };
      }
    }
  }

  #inodeTraces(ino: number, traced: TracedInode): InodeTraces {
    const traces = new InodeTraces(traced, this.#start);
    for (const event of this.#others?.onInode(ino) ?? []) {
      traces.add(ino, event.id, this.#effects.of(event));
      if (traces.settled) break;
    }
    return traces;
  }

  #inode(ino: number): TracedInode {
    let traced = this.#inodes.get(ino);
    if (traced === undefined) {
      traced = { whole: none, content: none, attributes: none, xattrs: new Map() };
      this.#inodes.set(ino, traced);
    }
    return traced;
  }
}

/** What is left to know of the events on one key: they are added oldest first. */
class Trace {
  /** The first selected event, and the first of all. */
  readonly first: number;
  earliest: number;
  before: number;
  changedAgain: number | undefined = undefined;

  /** Nobody changed the key between the start and the first: then the start's tree serves, and few trees are needed. */
  constructor(first: number, start: number) {
    this.first = first;
    this.earliest = first;
    this.before = start;
  }

  add(id: number): void {
    if (id < this.earliest) this.earliest = id;
    if (id < this.first) this.before = this.first - 1;
    else this.changedAgain ??= id;
  }

  /** As one more key of those that this one stands for. */
  copy(): Trace {
    const trace = new Trace(this.first, this.before);
    trace.changedAgain = this.changedAgain;
    return trace;
  }

  get settled(): boolean {
    return this.first === none || this.changedAgain !== undefined;
  }
}

/** The traces of the parts of one inode. */
class InodeTraces {
  readonly #content: Trace;
  readonly #attributes: Trace;
  /** Of all extended attributes together, and of those that were changed one by one. */
  readonly #xattrs: Trace;
  readonly #byName = new Map<Name, Trace>();
  /** The first event of all. */
  earliest = none;

  constructor({ whole, content, attributes, xattrs }: TracedInode, start: number) {
    this.#content = new Trace(Math.min(whole, content), start);
    this.#attributes = new Trace(Math.min(whole, attributes), start);
    this.#xattrs = new Trace(whole, start);
    for (const [name, first] of xattrs) this.#byName.set(name, new Trace(Math.min(whole, first), start));
    for (const { first } of this.#all()) this.earliest = Math.min(this.earliest, first);
  }

  /** Takes an event, of which only what it changed of this inode counts. */
  add(ino: number, id: number, { whole, content, attributes, xattr }: Effect): void {
    if (whole.has(ino)) this.#addTo(this.#all(), id);
    if (content === ino) this.#addTo([this.#content], id);
    if (attributes === ino) this.#addTo([this.#attributes], id);
    if (xattr?.ino === ino) this.#addTo([this.#ofName(xattr.name)], id);
  }

  /** Whether no event that is still to come can say more. */
  get settled(): boolean {
    return this.#all().every((trace) => trace.settled);
  }

  *aspects(ino: number): Generator<Aspect> {
    if (this.#content.first !== none) yield { of: "content", ino, ...spanOf(this.#content) };
    if (this.#attributes.first !== none) yield { of: "attributes", ino, ...spanOf(this.#attributes) };
    if (this.#xattrs.first !== none) yield { of: "xattrs", ino, ...spanOf(this.#xattrs) };
    for (const [name, trace] of this.#byName) if (trace.first !== none) yield { of: "xattr", ino, name, ...spanOf(trace) };
  }

  #all(): Trace[] {
    return [this.#content, this.#attributes, this.#xattrs, ...this.#byName.values()];
  }

  #addTo(traces: readonly Trace[], id: number): void {
    for (const trace of traces) trace.add(id);
    this.earliest = Math.min(this.earliest, id);
  }

  #ofName(name: Name): Trace {
    let trace = this.#byName.get(name);
    if (trace === undefined) {
      trace = this.#xattrs.copy();
      this.#byName.set(name, trace);
    }
    return trace;
  }
}

function spanOf({ before, changedAgain }: Trace): Span {
  return { before, changedAgain };
}

function keyOf({ parent, name }: Slot): string {
  return `${parent}/${name}`;
}
