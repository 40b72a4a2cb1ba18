import type { Name } from "../base/bytes.js";
import { timespecOf } from "../base/clock.js";
import type { Statement } from "../db/connection.js";
import { Cells } from "./cells.js";
import { copyChunks, copyExtents, type DraftTarget, dropDraft, storeDraft, writeDraft } from "./content.js";
import { type Chunk, Draft } from "./draft.js";
import type { Events, Operation } from "./events.js";
import { type Extent, overlay } from "./extents.js";
import { Inode, inheritedInode, inodeSpec, inodeVersion, setInode } from "./inode.js";
import {
  isEntry,
  mergeListings,
  mergeNames,
  namesOf,
  oneOf,
  ownAndLowerSlots,
  type SlotRow,
  slotOf,
  type XattrNameRow,
} from "./listing.js";
import { type DirentCell, loadDirent, loadXattr, type NameCell } from "./name-cells.js";
import type { Newest } from "./past-tree.js";
import type { SpaceGuard } from "./space.js";
import type { Tables } from "./tables.js";
import type { Cell } from "./temporal.js";
import type { Dirent, ListedDirent, NamedInode, Tree } from "./tree.js";

/** How much of a live tree stays in memory, in bytes. */
export interface TreeCacheLimits {
  readonly inodeBytes: number;
  readonly direntBytes: number;
}

/** What an operation names beside the inode it changes. */
export interface EventNames {
  readonly parent?: number;
  readonly name?: Name;
  readonly toParent?: number;
  readonly toName?: Name;
}

/** What a live tree shares with its store. */
export interface LiveContext {
  readonly tables: Tables;
  readonly events: Events;
  readonly space: SpaceGuard;
  /** Writes all row versions that wait, of every table. */
  drain(): void;
  /** Directories changed since this event may be changed in place: their times are exact to the batch. */
  batchStart(): number;
}

/** Where a version of an inode has its link count. */
const linksColumn = inodeSpec.values.indexOf("nlink");

/** Rough sizes of cached objects in memory. */
const inodeCellBytes = 750;
const direntCellBytes = 500;
/** What a row of a copy takes in the database, roughly. */
const sharedChunkBytes = 64;

/** A branch as it is now, and the only way to change it. */
export class LiveTree implements Tree, Newest {
  readonly branch: number;
  readonly asOf = undefined;
  readonly #context: LiveContext;
  readonly #tables: Tables;
  /** The parent branch as of the fork; undefined for branch 0. */
  readonly #lower: Tree | undefined;
  readonly #inodes: Cells<number, Inode>;
  readonly #dirents: Cells<string, DirentCell>;
  readonly #xattrs: Cells<string, NameCell>;
  readonly #drafts = new Set<Inode>();
  readonly #list: Statement<SlotRow>;
  readonly #xattrNames: Statement<XattrNameRow>;

  constructor(context: LiveContext, branch: number, limits: TreeCacheLimits, lower: Tree | undefined) {
    this.branch = branch;
    this.#lower = lower;
    this.#context = context;
    this.#tables = context.tables;
    this.#inodes = new Cells(limits.inodeBytes, () => inodeCellBytes);
    this.#dirents = new Cells(limits.direntBytes, (_, key) => direntCellBytes + key.length);
    this.#xattrs = new Cells(limits.direntBytes / 8, (cell, key) => direntCellBytes + key.length + valueBytes(cell));
    const { connection } = context.tables;
    this.#list = connection.prepare(
      `SELECT name, ino, type, cookie FROM dirent WHERE branch = $1 AND parent = $2 AND cookie > $3
       ORDER BY cookie LIMIT $4`,
    );
    this.#xattrNames = connection.prepare("SELECT name, value IS NULL FROM xattr WHERE branch = $1 AND ino = $2");
  }

  // Reading

  inode(ino: number): Inode | undefined {
    const cached = this.#inodes.get(ino);
    // Without a version it has ended: somebody may still know its number, else it only waits to be written.
    if (cached !== undefined) return cached.version === null && !cached.gone ? undefined : cached;
    this.#tables.ready();
    const row = this.#tables.inode.readLive([this.branch, ino]);
    let inode: Inode;
    if (row !== undefined) {
      inode = new Inode(this.branch, ino);
      setInode(inode, row);
      inode.stored = inode.since;
    } else {
      const below = this.#lower?.inode(ino);
      if (below === undefined) return undefined;
      inode = inheritedInode(this.branch, below);
    }
    inode.version = inodeVersion(inode);
    this.#inodes.set(ino, inode);
    return inode;
  }

  lookup(parent: number, name: Name): Dirent | undefined {
    return this.#dirent(parent, name).entry;
  }

  list(parent: number, after: number, limit: number): ListedDirent[] {
    this.#tables.dirent.drain();
    this.#tables.ready();
    const own = (from: number) => this.#list.all([this.branch, parent, from, limit]).map(slotOf);
    const lower = this.#lower;
    if (lower === undefined) return own(after).filter(isEntry);
    return mergeListings(own, (from) => lower.list(parent, from, limit), after, limit);
  }

  read(inode: Inode, offset: number, into: Buffer): number {
    const length = Math.max(0, Math.min(into.length, inode.size - offset));
    if (length === 0) return 0;
    const target = into.subarray(0, length);
    const { blobs } = this.#tables;
    const { draft, ino } = inode;
    if (draft?.covers(offset, offset + length) !== true) {
      target.fill(0);
      const clip = draft === undefined ? inode.size : draft.clip;
      if (offset < clip) copyExtents(this.extents(ino, offset, offset + length), blobs, offset, target, clip);
    }
    if (draft !== undefined) copyChunks(draft, blobs, offset, target);
    return length;
  }

  xattr(ino: number, name: Name): Uint8Array | undefined {
    const { version } = this.#xattrCell(ino, name);
    return (version?.[0] as Uint8Array | undefined) ?? undefined;
  }

  extents(ino: number, start: number, end: number): Extent[] {
    this.#tables.ready();
    const own = this.#tables.extents.live(this.branch, ino, start, end);
    const lower = this.#lower;
    if (lower === undefined) return own;
    const inherited = this.inode(ino)?.inherited ?? 0;
    return overlay(own, start, end, inherited, (from, to) => lower.extents(ino, from, to));
  }

  namesIn(parent: number, inos: readonly number[]): NamedInode[] {
    this.#tables.dirent.drain();
    this.#tables.ready();
    const sql = `SELECT name, ino FROM dirent WHERE branch = $1 AND parent = $2 AND ${oneOf(3)}`;
    const find = this.#tables.connection.prepare<readonly [Uint8Array, number]>(sql);
    return namesOf(this, parent, inos, (some) => find.all([this.branch, parent, ...some]), this.#lower?.namesIn(parent, inos));
  }

  slotsOf(ino: number): { parent: number; name: Name }[] {
    this.#tables.dirent.drain();
    this.#tables.ready();
    const rows = this.#tables.connection
      .prepare<readonly [Uint8Array, number]>("SELECT name, parent FROM dirent WHERE branch = $1 AND ino = $2")
      .all([this.branch, ino]);
    return ownAndLowerSlots(this, rows, this.#lower?.slotsOf(ino), ino);
  }

  xattrNames(ino: number): Name[] {
    this.#tables.xattr.drain();
    this.#tables.ready();
    const rows = this.#xattrNames.all([this.branch, ino]);
    return mergeNames(rows, this.#lower?.xattrNames(ino) ?? []);
  }

  /** An inode's newest version, if memory has it. */
  newestInode(ino: number): Cell | undefined {
    return this.#inodes.get(ino);
  }

  /** A name's newest version, if memory has it. */
  newestDirent(parent: number, name: Name): Cell | undefined {
    return this.#dirents.get(direntKey(parent, name));
  }

  // Changing: a change takes an event first, then records what it made of each row.

  /** Refuses with ENOSPC a change that brings `bytes` beside its event: called before it, so that what is refused leaves none. */
  admit(bytes: number): void {
    this.#context.space.admit(bytes, "growing");
  }

  /** Takes the next event for a change of `ino` by `process`, and refuses it with ENOSPC when there is no room. Returns its id. */
  change(op: Operation, ino: number, process: number | null, names: EventNames, kind: "growing" | "removing" = "growing"): number {
    const { events, space } = this.#context;
    this.#tables.ready();
    space.admit(0, kind);
    const id = events.tick();
    events.record({
      id,
      at: events.lastAt,
      branch: this.branch,
      op,
      ino,
      parent: names.parent ?? null,
      name: names.name ?? null,
      toParent: names.toParent ?? null,
      toName: names.toName ?? null,
      bytes: null,
      process,
    });
    return id;
  }

  /** The clock time of the newest event, microseconds. */
  get changedAt(): number {
    return this.#context.events.lastAt;
  }

  /** A new inode, in memory until it is recorded. */
  newInode(ino: number): Inode {
    const inode = new Inode(this.branch, ino);
    inode.bare = true;
    this.#inodes.set(ino, inode);
    return inode;
  }

  /**
   * Makes the inode's fields its version from `tick` on. An open draft must have been settled before the fields were changed.
   * A file without a name has one version only, true since it lost its name: by that `endOrphan` tells what was written after.
   */
  record(inode: Inode, tick: number): void {
    if (inode.gone) this.#tables.inode.amend(inode, inodeVersion(inode));
    else this.#tables.inode.record(inode, inodeVersion(inode), tick);
  }

  /** Changes the newest version in place, without an event. A draft that is open, or a first version in this branch, takes it along. */
  amend(inode: Inode): void {
    if (inode.draft === undefined && !inode.gone && inode.since !== 0) this.#tables.inode.amend(inode, inodeVersion(inode));
  }

  /**
   * As `record`, but within a batch the version is changed in place: for a directory's times. Its link count stays exact: a branch
   * forked off a moment in between would have it for good.
   */
  recordTimes(inode: Inode, tick: number): void {
    const sameLinks = inode.version?.[linksColumn] === inode.nlink;
    if (sameLinks && inode.since >= this.#context.batchStart()) this.#tables.inode.amend(inode, inodeVersion(inode));
    else this.record(inode, tick);
  }

  /** Records that the inode lost its last name. It lives on without one while handles are open, else it ends here. */
  recordUnlinked(inode: Inode, tick: number): void {
    inode.gone = true;
    // What is written from now on is dropped with the file, apart from what its past shows.
    inode.tail.forget();
    const open = inode.handles > 0;
    if (!open) this.#discardDraft(inode);
    const ends = !open && !this.#hidesInherited(inode.ino);
    this.#tables.inode.record(inode, ends ? null : inodeVersion(inode), tick);
  }

  /**
   * Sets or (with undefined) removes a name.
   * @param newCookie the position in listings of a name that was not there: an event that makes many names takes a tick for each
   */
  setDirent(parent: number, name: Name, entry: Omit<Dirent, "cookie"> | undefined, tick: number, newCookie = tick): void {
    const cell = this.#dirent(parent, name);
    if (cell.entry === undefined && !cell.inherits) cell.cookie = newCookie;
    const { cookie } = cell;
    cell.entry = entry === undefined ? undefined : { ino: entry.ino, type: entry.type, cookie };
    const removed = cell.inherits ? [null, 0, cookie] : null;
    this.#tables.dirent.record(cell, entry === undefined ? removed : [entry.ino, entry.type, cookie], tick);
  }

  /** Sets or (with undefined) removes an attribute. The value must not change afterwards. */
  setXattr(ino: number, name: Name, value: Uint8Array | undefined, tick: number): void {
    const cell = this.#xattrCell(ino, name);
    const removed = cell.inherits ? [null] : null;
    const inode = this.#inodes.get(ino);
    if (inode !== undefined) {
      inode.bare = false;
      const present = (cell.version?.[0] ?? null) !== null;
      const change = (value === undefined ? 0 : name.length + 1) - (present ? name.length + 1 : 0);
      if (inode.xattrListBytes !== undefined) inode.xattrListBytes += change;
    }
    this.#tables.xattr.record(cell, value === undefined ? removed : [value], tick);
  }

  // Content

  /** Writes into the file's draft; the data is copied. The new version is made when the draft is settled. */
  write(inode: Inode, offset: number, data: Buffer, process: number | null): void {
    this.#tables.ready();
    this.#context.space.admit(data.length, "growing");
    const draft = this.#openDraft(inode, process);
    writeDraft(draft, offset, data, this.#tables.blobs);
    if (offset + data.length > inode.size) inode.size = offset + data.length;
  }

  /** Sets the file's size in its draft. */
  truncate(inode: Inode, size: number, process: number | null): void {
    this.#tables.ready();
    this.#context.space.admit(0, size < inode.size ? "removing" : "growing");
    const draft = this.#openDraft(inode, process);
    draft.truncate(size);
    inode.size = size;
  }

  /** Makes [start, end) a hole in the file's draft. The size stays; an empty range changes nothing but the times. */
  clear(inode: Inode, start: number, end: number, process: number | null): void {
    this.#context.space.admit(0, "removing");
    this.#openDraft(inode, process).clear(start, end);
  }

  /** Replaces [start, end) in the file's draft by parts of blobs that other files have, and holes, which fill it. */
  share(inode: Inode, start: number, end: number, chunks: readonly Chunk[], process: number | null): void {
    this.#context.space.admit(chunks.length * sharedChunkBytes, "growing");
    this.#openDraft(inode, process).share(start, end, chunks);
    this.#tables.blobs.share();
    inode.sharing = true;
    if (end > inode.size) inode.size = end;
  }

  /** Makes a settled file have `size` and, where `chunks` lie, what they say, as of event `tick`. It is not recorded yet. */
  replace(inode: Inode, size: number, chunks: readonly Chunk[], tick: number): void {
    const draft = new Draft(inode.size);
    draft.tick = tick;
    if (size < inode.size) draft.truncate(size);
    draft.chunks = [...chunks];
    this.#tables.blobs.share();
    inode.allocated += storeDraft(draft, this.#draftTarget(inode, size), this.#tables.extents, this.#tables.blobs);
    if (draft.clip < inode.inherited) inode.inherited = draft.clip;
    inode.size = size;
    inode.sharing = true;
  }

  /**
   * An inode to be made anew as of event `tick`: one of another branch, or one that had ended here. Of what it was nothing shows
   * any more, except to handles still open on it. Its fields are to be set, and recorded.
   */
  revive(ino: number, tick: number): Inode {
    const inode = this.inode(ino) ?? this.newInode(ino);
    inode.gone = false;
    inode.linkable = false;
    inode.tail.forget();
    this.#tables.extents.punch(this.branch, ino, 0, Number.MAX_SAFE_INTEGER, tick);
    inode.inherited = 0;
    inode.allocated = 0;
    inode.size = 0;
    for (const name of this.xattrNames(ino)) this.setXattr(ino, name, undefined, tick);
    return inode;
  }

  /** Ends the file's draft: what was written since the last version becomes one, true from its last request on. */
  settle(inode: Inode): void {
    const { draft } = inode;
    if (draft === undefined) return;
    this.#tables.ready();
    inode.draft = undefined;
    this.#drafts.delete(inode);
    const { events } = this.#context;
    try {
      inode.allocated += storeDraft(draft, this.#draftTarget(inode, inode.size), this.#tables.extents, this.#tables.blobs);
    } catch (error) {
      throw this.#tables.brokenOff(error);
    }
    if (draft.clip < inode.inherited) inode.inherited = draft.clip;
    events.record({
      id: draft.tick,
      at: draft.at,
      branch: this.branch,
      op: draft.kind,
      ino: inode.ino,
      parent: null,
      name: null,
      toParent: null,
      toName: null,
      bytes: draft.bytes,
      process: draft.process,
    });
    this.record(inode, draft.tick);
    this.#inodes.unpinned(inode.ino);
  }

  /** Settles every draft. */
  settleAll(): void {
    for (const inode of this.#drafts) this.settle(inode);
  }

  // Life in memory

  /** An open handle on the inode. */
  hold(inode: Inode): void {
    inode.handles += 1;
  }

  /** The handle is closed. A file without a name ends with its last one. */
  letGo(inode: Inode): void {
    inode.handles -= 1;
    if (inode.handles === 0 && inode.gone && inode.version !== null) this.endOrphan(inode);
    this.#inodes.unpinned(inode.ino);
  }

  /** Nobody knows the inode's number any more. */
  forget(ino: number): void {
    const inode = this.#inodes.get(ino);
    if (inode?.gone === true && inode.handles === 0) {
      inode.gone = false;
      if (inode.dirty) this.#inodes.unpinned(ino);
      else this.#inodes.delete(ino);
    }
  }

  /** Removes a file that has no name and is not open; what was written to it since it lost its name is not kept. */
  endOrphan(inode: Inode): void {
    const orphanedAt = inode.since;
    this.#discardDraft(inode);
    if (!this.#hidesInherited(inode.ino)) this.#tables.inode.amend(inode, null);
    this.#tables.extents.dropYounger(this.branch, inode.ino, orphanedAt, this.#tables.blobs, inode.sharing ? "maybe-shared" : "own");
  }

  /** Goes back to what the database has, where changes were undone that no draft waits for. Open files and removed ones stay the same objects. */
  reload(): void {
    this.#dirents.keepPinned();
    this.#xattrs.keepPinned();
    for (const inode of this.#inodes.keepPinned()) this.#reloadInode(inode);
  }

  #reloadInode(inode: Inode): void {
    const { ino } = inode;
    const row = this.#tables.inode.readLive([this.branch, ino]);
    const below = row === undefined ? this.#lower?.inode(ino) : undefined;
    if (row !== undefined) setInode(inode, row);
    else if (below !== undefined) setInode(inode, [0, ...inodeVersion(inheritedInode(this.branch, below))]);
    const there = row !== undefined || below !== undefined;
    inode.stored = row === undefined ? 0 : inode.since;
    inode.storedUntil = 0;
    inode.version = there ? inodeVersion(inode) : null;
    inode.gone = !there || inode.nlink === 0;
    inode.xattrListBytes = undefined;
    inode.tail.forget();
  }

  /** Lets go of memory that was only held until the batch was written. */
  release(): void {
    this.#inodes.release();
    this.#dirents.release();
    this.#xattrs.release();
  }

  /** Whether the parent branch has the inode: then its end here is a row, a version without links. */
  #hidesInherited(ino: number): boolean {
    return this.#lower?.inode(ino) !== undefined;
  }

  #draftTarget(inode: Inode, size: number): DraftTarget {
    const { ino, tail } = inode;
    const visible = this.#lower === undefined ? undefined : (start: number, end: number) => this.extents(ino, start, end);
    return { branch: this.branch, ino, tail, storedBytes: storedBytes(inode), size, visible };
  }

  #openDraft(inode: Inode, process: number | null): Draft {
    this.#tables.ready();
    let { draft } = inode;
    if (draft === undefined) {
      draft = new Draft(inode.size);
      inode.draft = draft;
      this.#drafts.add(inode);
    }
    const { events } = this.#context;
    draft.tick = events.tick();
    draft.at = events.lastAt;
    draft.process = process;
    const { sec, nsec } = timespecOf(draft.at);
    inode.mtimeSec = sec;
    inode.mtimeNsec = nsec;
    inode.ctimeSec = sec;
    inode.ctimeNsec = nsec;
    return draft;
  }

  #discardDraft(inode: Inode): void {
    if (inode.draft === undefined) return;
    dropDraft(inode.draft, this.#tables.blobs);
    inode.draft = undefined;
    this.#drafts.delete(inode);
  }

  #dirent(parent: number, name: Name): DirentCell {
    const key = direntKey(parent, name);
    let cell = this.#dirents.get(key);
    if (cell !== undefined) return cell;
    this.#tables.ready();
    cell = loadDirent(this.#tables, this.#lower, this.branch, parent, name);
    this.#dirents.set(key, cell);
    return cell;
  }

  #xattrCell(ino: number, name: Name): NameCell {
    const key = `${ino}/${name}`;
    let cell = this.#xattrs.get(key);
    if (cell !== undefined) return cell;
    this.#tables.ready();
    cell = loadXattr(this.#tables, this.#lower, this.branch, ino, name);
    this.#xattrs.set(key, cell);
    return cell;
  }
}

function direntKey(parent: number, name: Name): string {
  return `${parent}/${name}`;
}

/** The size the last version had: how far the stored content reaches. */
function storedBytes(inode: Inode): number {
  return inode.version === null ? 0 : (inode.version[4] as number);
}

function valueBytes(cell: NameCell): number {
  const value = cell.version?.[0];
  return value instanceof Uint8Array ? value.byteLength : 0;
}
