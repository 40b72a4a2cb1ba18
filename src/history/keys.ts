import { type Name, nameOf } from "../base/bytes.js";
import { type Event, type EventRow, eventColumns, eventOf } from "../store/events.js";
import type { Store } from "../store/store.js";
import type { Segment } from "./lineage.js";

/** What events touched: inodes, and names in directories. Whether any of it differs now is for the trees to say. */
export class Keys {
  readonly inodes = new Set<number>();
  readonly slots = new Map<number, Set<Name>>();

  addSlot(parent: number, name: Name): void {
    const names = this.slots.get(parent);
    if (names === undefined) this.slots.set(parent, new Set([name]));
    else names.add(name);
  }

  /** Every name, with its directory. */
  *eachSlot(): Generator<{ readonly parent: number; readonly name: Name }> {
    for (const [parent, names] of this.slots) for (const name of names) yield { parent, name };
  }
}

/** Events read in one go. */
const eventsPerRead = 4096;

/**
 * The events of a stretch, oldest first, those that wait to be written included.
 * @param processes only what these did, by their ids
 */
export function* eventsOf(store: Store, { branch, after, upTo }: Segment, processes?: ReadonlySet<number>): Generator<Event> {
  const read = store.connection.prepare<EventRow>(sqlOf(branch, processes));
  const ofBranch = store.events.waiting().filter((event) => event.branch === branch && event.id > after && event.id <= upTo);
  const waiting = processes === undefined ? ofBranch : ofBranch.filter(({ process }) => process !== null && processes.has(process));
  // One that waits may be older than one that is written: a version's event has the id of its first change.
  waiting.sort((a, b) => b.id - a.id);
  for (let from = after; ; ) {
    const rows = read.all([branch, from, upTo]);
    for (const row of rows) {
      while (waiting.length > 0 && (waiting[waiting.length - 1] as Event).id < row[0]) yield waiting.pop() as Event;
      yield eventOf(row);
    }
    const last = rows[rows.length - 1];
    if (last === undefined || rows.length < eventsPerRead) break;
    from = last[0];
  }
  yield* waiting.reverse();
}

/** The event of an id, if it has a row. */
export function eventWith(store: Store, id: number): Event | undefined {
  const row = store.connection.prepare<EventRow>(`SELECT ${eventColumns} FROM event WHERE id = $1`).get([id]);
  return row === undefined ? undefined : eventOf(row);
}

// A branch's few events among those of all others are found by an index that leaves the trunk's out.
function sqlOf(branch: number, processes: ReadonlySet<number> | undefined): string {
  const where = branch === 0 ? "branch = 0 AND $1 = 0" : "branch = $1 AND branch <> 0";
  const who = processes === undefined ? "" : `AND process IN (${[...processes].map(Math.trunc).join(", ")})`;
  return `SELECT ${eventColumns} FROM event WHERE ${where} AND id > $2 AND id <= $3 ${who} ORDER BY id LIMIT ${eventsPerRead}`;
}

/** Whether an event changed a tree, and not the file system as a whole. */
export function changesTree(event: Event): boolean {
  return !["fork", "drop", "rename-branch", "snapshot", "drop-snapshot"].includes(event.op);
}

/** Adds what an event touched. */
export function addKeys(store: Store, event: Event, keys: Keys): void {
  if (!changesTree(event)) return;
  if (event.op === "merge" || event.op === "restore" || event.op === "undo") addTouched(store, event.id, keys);
  else {
    keys.inodes.add(event.ino);
    if (event.parent !== null && event.name !== null) keys.addSlot(event.parent, event.name);
    if (event.toParent !== null && event.toName !== null) keys.addSlot(event.toParent, event.toName);
  }
}

/** What the events of some stretches touched. */
export function keysOf(store: Store, segments: readonly Segment[]): Keys {
  const keys = new Keys();
  for (const segment of segments) for (const event of eventsOf(store, segment)) addKeys(store, event, keys);
  return keys;
}

/** A merge, a restore or an undo touches many files, which a table of its own lists. */
function addTouched(store: Store, event: number, keys: Keys): void {
  const sql = "SELECT ino, parent, name FROM touched WHERE event = $1";
  for (const [ino, parent, name] of store.connection.prepare<readonly [number, number, Uint8Array]>(sql).all([event])) {
    if (parent === 0) keys.inodes.add(ino);
    else keys.addSlot(parent, nameOf(name));
  }
}

/** Writes down what an event touched. */
export function recordTouched(store: Store, event: number, keys: Keys): void {
  const insert = store.connection.prepare("INSERT INTO touched (event, ino, parent, name) VALUES ($1, $2, $3, $4)");
  for (const ino of keys.inodes) store.writer.run(insert, [event, ino, 0, Buffer.alloc(0)]);
  for (const { parent, name } of keys.eachSlot()) store.writer.run(insert, [event, 0, parent, Buffer.from(name, "latin1")]);
}
