import { nameFromText } from "../base/bytes.js";
import { ENOSPC, FsError } from "../base/errno.js";
import { logLine } from "../base/log.js";
import { finish, type Steps } from "../base/steps.js";
import type { Connection } from "../db/connection.js";
import { openSqlite } from "../db/sqlite.js";
import { Batches, lastDigest } from "./batches.js";
import { type Branch, Branches } from "./branches.js";
import { Events, type Operation } from "./events.js";
import { type LiveContext, LiveTree, type TreeCacheLimits } from "./live-tree.js";
import { bringUpToDate, checkFormat, InodeNumbers, readMeta, writeMeta } from "./meta.js";
import { Moments } from "./moments.js";
import { PastTree } from "./past-tree.js";
import { Processes } from "./processes.js";
import { recover, redoFact, redoGeneration } from "./recovery.js";
import { RedoLog } from "./redo-log.js";
import { SpaceGuard } from "./space.js";
import { openTables, type Tables } from "./tables.js";
import { Writer } from "./writer.js";

export { mainBranch } from "./branches.js";

/** How to open a store. All have defaults. */
export interface StoreOptions {
  readonly mode?: "read" | "write";
  /** A batch ends after this long, milliseconds. */
  readonly batchMillis?: number;
  /** A batch ends with this many dirty bytes. */
  readonly batchBytes?: number;
  /** How large the database may grow. */
  readonly sizeBytes?: number | undefined;
  /** Memory for cached inodes and names, in bytes. */
  readonly cacheBytes?: number;
  /** Memory for blobs read lately, in bytes. */
  readonly blobCacheBytes?: number;
  /** Memory for the engine's pages, in bytes. */
  readonly pageCacheBytes?: number;
  /** How much of the engine's log to write beforehand, which makes each sync cheaper. */
  readonly preparedLogBytes?: number;
  /** Whether what is given to `write` stays as it is until the next `pulse`: then long writes are stored after they were answered. */
  readonly lentWrites?: boolean;
  /** How large the redo log is, which makes syncs of small writes cheap; without one a sync commits. */
  readonly redoBytes?: number;
  /** Whether files that are set aside are there when the store is open, or come with the steps of `preparation`, which the owner takes. */
  readonly setAside?: "at once" | "in steps";
  /** Carries the log over beside the writer; without one the writer does it itself. */
  readonly checkpointer?: Checkpointer | undefined;
}

/** Somebody who carries the log over into the database while the writer goes on, such as a thread with a connection of its own. */
export interface Checkpointer {
  /** Asks for it, unless it is under way. */
  request(): void;
  /** Waits until it is not under way. */
  settle(): void;
  close(): void;
}

/** A moment as a person names it: an event, or a clock time in microseconds. */
export type Point = { readonly event: number } | { readonly micros: number };

/** A writer of long files that has not written for so long is taken to pause, milliseconds. */
const quietMillis = 20;
/** Row versions wait in memory up to this many, then reach the database in one go of some milliseconds. */
const drainRows = 2048;
/** So many wait even while nothing else is to do: what changes again in the meantime is written once. */
const lingeringRows = 256;
/** Rows written at a time while there is nothing else to do: 10 µs, which a request that comes meanwhile has to wait. */
const idleRows = 4;
/** A batch holds at most this many events, so that sealing it stays short. */
const batchEvents = 8192;
/** The log is carried over into the database when it is this long ... */
const checkpointBytes = 16 * 1024 * 1024;
/** ... and here the writer waits for it: beside a busy writer nobody ever reaches the end of the log, where it starts afresh. */
const longestLogBytes = 128 * 1024 * 1024;

/** What people do to make room: what it takes away goes with the next retention. */
const removals: ReadonlySet<Operation> = new Set(["drop", "drop-snapshot"]);

/**
 * An open database: trees to read and change, and the batches that make changes durable.
 * One process opens it to write at a time; who that is, the daemon's lock decides.
 */
export class Store {
  readonly path: string;
  readonly connection: Connection;
  readonly tables: Tables;
  readonly events: Events;
  readonly moments: Moments;
  readonly processes: Processes;
  readonly branches: Branches;
  readonly space: SpaceGuard;
  readonly inodeNumbers: InodeNumbers;
  readonly writer: Writer;
  readonly #batches: Batches;
  readonly #context: LiveContext;
  readonly #treeLimits: TreeCacheLimits;
  /** A branch keeps less in memory than the trunk: there may be many. */
  readonly #branchLimits: TreeCacheLimits;
  readonly #live = new Map<number, LiveTree>();
  readonly #checkpointer: Checkpointer | undefined;
  readonly #batchMillis: number;
  readonly #batchBytes: number;
  /** Directories changed at or after this event may be changed in place. */
  #inPlaceFrom = 0;
  /** When the oldest change of this batch was made, by the monotonic clock; 0 when there is none. */
  #dirtySince = 0;
  /** When bytes were last stored beside the database that may not be durable, by the monotonic clock; 0 when there are none. */
  #appendedAt = 0;
  /** Whether something was committed that no sync made durable. */
  #unsynced = false;
  #redo: RedoLog | undefined;
  /**
   * Sets aside what syncs and a full disk need, in steps that may be taken at any time between two calls. Until then a sync commits, and
   * the engine's log grows as it must; but no change is taken before the reserve is there.
   */
  readonly preparation: Steps<void>;
  /** Whether the transaction that is open ends the records of the redo log. */
  #endsRecords = false;
  /** Branches to let go of when the change of the file system as a whole that is under way is committed; undefined when there is none. */
  #releasing: number[] | undefined;

  constructor(connection: Connection, path: string, options: StoreOptions) {
    this.path = path;
    this.connection = connection;
    this.#checkpointer = options.checkpointer;
    this.#batchMillis = options.batchMillis ?? 1000;
    this.#batchBytes = options.batchBytes ?? 1024 * 1024;
    this.space = new SpaceGuard(connection, path, options.sizeBytes);
    this.writer = new Writer(connection, () => this.space.release());
    this.tables = openTables(connection, this.writer, {
      cacheBytes: options.blobCacheBytes ?? 16 * 1024 * 1024,
      onBeside: (bytes) => {
        this.space.placed(bytes);
        this.#appendedAt = performance.now();
      },
      lent: options.lentWrites === true,
    });
    if (!connection.readOnly) this.tables.blobs.resumeSegments();
    this.events = new Events(connection, this.writer);
    this.moments = new Moments(connection, this.events);
    this.processes = new Processes(connection, this.writer);
    this.branches = new Branches(this);
    this.inodeNumbers = new InodeNumbers(connection, this.writer);
    this.#batches = new Batches(connection, this.writer, this.events);
    const cacheBytes = options.cacheBytes ?? 32 * 1024 * 1024;
    this.#treeLimits = { inodeBytes: cacheBytes / 2, direntBytes: cacheBytes / 2 };
    this.#branchLimits = { inodeBytes: cacheBytes / 16, direntBytes: cacheBytes / 16 };
    this.preparation = this.#prepare(options);
    this.#context = {
      tables: this.tables,
      events: this.events,
      space: this.space,
      drain: () => this.drain(),
      batchStart: () => Math.max(this.#batches.start, this.#inPlaceFrom),
    };
  }

  *#prepare({ redoBytes, preparedLogBytes }: StoreOptions): Steps<void> {
    const { connection, space } = this;
    const newest = () => ({ generation: redoGeneration(connection), base: lastDigest(connection) });
    if (redoBytes !== undefined) this.#redo = yield* RedoLog.create(this.path, redoBytes, newest);
    if (preparedLogBytes !== undefined && space.spares(preparedLogBytes)) yield* connection.prepareLog(preparedLogBytes);
    space.haveReserve();
  }

  /** A branch as it is now. */
  live(branch: number): LiveTree {
    let tree = this.#live.get(branch);
    if (tree === undefined) {
      const row = this.branches.get(branch);
      // What shows through must be in the database before it is read from there.
      if (row.parent !== null) this.settle();
      const limits = row.parent === null ? this.#treeLimits : this.#branchLimits;
      tree = new LiveTree(this.#context, branch, limits, this.#lowerOf(row));
      this.#live.set(branch, tree);
    }
    return tree;
  }

  /** A branch as of a moment, which must not be younger than the newest event. Before its fork it was its parent. */
  past(branch: number, moment: number): PastTree {
    this.settle();
    this.#inPlaceFrom = this.events.last + 1;
    const shown = this.#branchAt(branch, moment);
    return new PastTree(this.tables, shown.id, moment, this.#lowerOf(shown), () => this.#live.get(shown.id));
  }

  #branchAt(branch: number, moment: number): Branch {
    const row = this.branches.get(branch);
    return row.parent !== null && moment <= row.forkedAt ? this.#branchAt(row.parent, moment) : row;
  }

  /** What shows through a branch: its parent as of the fork. What is read of it, the branch's own tree remembers: no other is asked. */
  #lowerOf({ parent, forkedAt }: Branch): PastTree | undefined {
    if (parent === null) return undefined;
    const shown = this.#branchAt(parent, forkedAt);
    return new PastTree(this.tables, shown.id, forkedAt, this.#lowerOf(shown));
  }

  /** Lets go of a dropped branch's tree in memory, once that is committed: within `atomically`. */
  release(branch: number): void {
    this.#releasing?.push(branch);
  }

  /**
   * The moment an event or a clock time (microseconds) stands for; undefined when it is in the future, before the file system
   * existed, or so old that its history was dropped. Ends every draft, so that a clock time keeps meaning the same moment.
   */
  momentOf(point: Point, now: number): number | undefined {
    if ("micros" in point && point.micros > now) return undefined;
    this.settle();
    const moment = "event" in point ? point.event : this.moments.at(point.micros);
    return moment < 1 || moment > this.events.last || moment < this.horizon() ? undefined : moment;
  }

  /** The moment a snapshot of a branch names, or undefined. */
  snapshotNamed(branch: number, name: string): number | undefined {
    const sql = "SELECT event FROM snapshot WHERE name = $1 AND branch = $2";
    return this.connection.prepare<readonly [number]>(sql).get([name, branch])?.[0];
  }

  /** The oldest moment whose whole tree is still there. */
  horizon(): number {
    return Number(readMeta(this.connection, "horizon") ?? 0);
  }

  /** Records a change of the file system as a whole, such as a fork. Everything must have been settled. Returns the event's id. */
  recordEvent(op: Operation, branch: number, ino: number, name: string | null, toName: string | null, process: number | null): number {
    this.space.admit(0, removals.has(op) ? "removing" : "growing");
    const id = this.events.tick();
    const bytes = (text: string | null) => (text === null ? null : nameFromText(text));
    const names = { parent: null, name: bytes(name), toParent: null, toName: bytes(toName) };
    this.events.record({ id, at: this.events.lastAt, branch, op, ino, ...names, bytes: null, process });
    this.#inPlaceFrom = id + 1;
    return id;
  }

  /**
   * Carries out a change of the file system as a whole, such as a merge: all of it is durable when it returns, or nothing of it
   * happened when it throws, as for a full disk. What happened before stays either way. A change within another is part of it.
   */
  atomically<Result>(change: () => Result): Result {
    if (this.#releasing !== undefined) return change();
    if (this.writer.stalled && !this.writer.retry()) this.#full();
    this.settle();
    this.events.write();
    this.tables.blobs.closePacks();
    this.tables.blobs.takeLent();
    const { writer, events, inodeNumbers, tables } = this;
    const { commits } = writer;
    const endsRecords = this.#endsRecords;
    const marks = [writer, events, this.#batches, inodeNumbers, tables.blobs].map((part) => part.mark());
    this.#releasing = [];
    try {
      const result = change();
      this.sync();
      return result;
    } catch (error) {
      // What was committed has happened, though it may not be durable.
      if (writer.commits === commits) {
        this.#endsRecords = endsRecords;
        this.#undo(marks);
      }
      throw error;
    } finally {
      for (const branch of this.#releasing) this.#live.delete(branch);
      this.#releasing = undefined;
    }
  }

  /** Goes back to what was marked. */
  #undo(marks: readonly (() => void)[]): void {
    this.#releasing = [];
    for (const back of marks) back();
    for (const table of this.tables.writeBehind) table.discard();
    for (const tree of this.#live.values()) tree.reload();
    if (!this.writer.open) this.#nothingWaits();
  }

  /** Ends every draft and writes all row versions, so that queries see what has happened so far. Commits nothing. */
  settle(): void {
    for (const tree of this.#live.values()) tree.settleAll();
    this.drain();
  }

  /** Writes all row versions that wait. */
  drain(): void {
    for (const table of this.tables.writeBehind) table.drain();
  }

  /** While no request waits: writes a little of what is to be written anyway. Returns whether there was any. */
  idle(): boolean {
    if (this.writer.stalled) return false;
    for (const table of this.tables.writeBehind) {
      if (table.pending <= lingeringRows) continue;
      table.drain(idleRows);
      return true;
    }
    if (this.events.waitingCount <= lingeringRows) return false;
    this.events.write(idleRows);
    this.#batches.follow();
    return true;
  }

  /** Between two requests: keeps what waits in memory within its bounds. Never throws for a full disk; the next change will. */
  pulse(): void {
    this.tables.blobs.takeLent();
    if (this.#dirtySince === 0 && this.space.dirtyBytes > 0) this.#dirtySince = performance.now();
    if (this.#waitingRows() > drainRows) this.drain();
    if (this.space.dirtyBytes >= this.#batchBytes || this.events.batch.length >= batchEvents) this.commitQuietly();
  }

  #waitingRows(): number {
    let rows = 0;
    for (const table of this.tables.writeBehind) rows += table.pending;
    return rows;
  }

  /** How long until `tick` has something to do, in milliseconds; Infinity when nothing waits. */
  millisUntilDue(): number {
    const batchDue = this.#dirtySince === 0 ? Number.POSITIVE_INFINITY : this.#dirtySince + this.#batchMillis;
    const syncDue = this.#appendedAt === 0 ? Number.POSITIVE_INFINITY : this.#appendedAt + quietMillis;
    return Math.max(0, Math.min(batchDue, syncDue) - performance.now());
  }

  /** Ends the batch if it is due. Bytes beside it are made durable as soon as their writer pauses: a sync that comes then has less to do. */
  tick(): void {
    const now = performance.now();
    if (this.#appendedAt !== 0 && now - this.#appendedAt >= quietMillis) this.#syncSegments();
    if (this.#dirtySince !== 0 && now - this.#dirtySince >= this.#batchMillis) this.commitQuietly();
  }

  /** What goes wrong, the commit meets as well, and says. */
  #syncSegments(): void {
    this.#appendedAt = 0;
    try {
      this.connection.segments.sync();
    } catch (error) {
      logLine("error", `what was written to ${this.path} is not on the disk: ${String(error)}`);
    }
  }

  /**
   * Ends the batch: everything that happened so far is one committed unit, and with "durable" it survives power loss.
   * Throws ENOSPC when the disk is full; then all is kept in memory and tried again with the next batch.
   */
  commit(durability: "ordered" | "durable"): void {
    if (this.connection.readOnly) return;
    if (this.writer.stalled && !this.writer.retry()) this.#full();
    this.settle();
    this.tables.blobs.closePacks();
    this.tables.blobs.noteSegments();
    this.#batches.seal();
    this.inodeNumbers.reserve();
    if (this.writer.open) {
      this.#endRecords();
      if (!this.writer.commit()) this.#full();
      this.tables.blobs.committed();
      this.#redo?.committed(this.#batches.digest);
      this.#endsRecords = false;
      this.#unsynced = true;
      for (const tree of this.#live.values()) tree.release();
      if (durability === "durable") this.#sync();
      this.#carryOver();
    } else {
      // A change may have been refused after it was counted.
      this.#nothingWaits();
      if (durability === "durable") this.#sync();
    }
  }

  /**
   * Makes everything that happened so far survive power loss: fsync(2). A small change goes to the redo log, and its batch goes on;
   * what is not small ends the batch. Throws ENOSPC as `commit`.
   */
  sync(): void {
    if (!this.#record()) this.commit("durable");
  }

  /** Makes what was changed since the last sync a record of the redo log. Returns false where it cannot. */
  #record(): boolean {
    const redo = this.#redo;
    if (redo === undefined || this.connection.readOnly || this.writer.stalled) return false;
    this.settle();
    this.events.write();
    this.tables.blobs.logPacks();
    this.tables.blobs.noteSegments();
    this.inodeNumbers.reserve();
    if (!this.writer.open || this.writer.stalled) return false;
    const changes = this.writer.unlogged();
    // The records are changes of what was committed before, and take the place of its own.
    this.#sync();
    if (changes.length === 0) return true;
    this.connection.segments.sync();
    if (!redo.append({ changes, last: this.events.last, lastAt: this.events.lastAt })) return false;
    this.writer.noteLogged();
    return true;
  }

  /** Commits, carries the log over and closes the database. */
  close(): void {
    if (!this.connection.readOnly) {
      this.preparation.return();
      this.inodeNumbers.giveBack();
      this.commit("durable");
      this.#checkpointer?.close();
      this.space.release();
      this.connection.checkpoint();
      this.#redo?.close(this.path);
    }
    this.connection.close();
  }

  /** Has the commit to come make the records of the redo log count no longer. */
  #endRecords(): void {
    if (this.#redo?.begun !== true || this.#endsRecords) return;
    writeMeta(this.connection, this.writer, redoFact, String(this.#redo.generation + 1));
    this.#endsRecords = true;
  }

  /** Carries a long log over into the database: only now, between two transactions, its end can be reached. */
  #carryOver(): void {
    let logBytes = this.connection.logBytes();
    if (logBytes > checkpointBytes) {
      if (this.#checkpointer !== undefined && logBytes <= longestLogBytes) this.#checkpointer.request();
      else {
        this.#checkpointer?.settle();
        if (this.connection.checkpoint()) logBytes = 0;
      }
    }
    this.#nothingWaits(logBytes);
  }

  #nothingWaits(logBytes = this.space.logBytes): void {
    this.#dirtySince = 0;
    this.space.settle(logBytes);
  }

  /** The batch waits, and is due again after its time. */
  #full(): never {
    this.#dirtySince = performance.now();
    throw new FsError(ENOSPC, "the disk that holds the database is full; changes wait in memory");
  }

  #sync(): void {
    if (this.#unsynced) this.connection.sync();
    this.#unsynced = false;
    this.connection.segments.settle();
  }

  /** Ends the batch; a full disk is left for the next change to report. */
  commitQuietly(): void {
    try {
      this.commit("ordered");
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
    }
  }
}

/**
 * Opens a database. To write, it also ends files that had no name when the last mount ended, and sets files aside, such as a
 * reserve for the day the disk is full. Throws DatabaseFormatError for what is not a stonefs database of a known format.
 */
export function openStore(path: string, options: StoreOptions = {}): Store {
  const mode = options.mode ?? "write";
  const connection = openSqlite(path, {
    mode,
    cacheBytes: options.pageCacheBytes ?? 24 * 1024 * 1024,
  });
  try {
    checkFormat(connection, path);
    if (mode === "write") recover(connection, path);
    const store = new Store(connection, path, options);
    if (mode === "write") {
      bringUpToDate(connection, store.writer);
      endOrphans(store);
      store.commit("durable");
      if (options.setAside !== "in steps") finish(store.preparation);
    }
    return store;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function endOrphans(store: Store): void {
  const orphans = store.connection.prepare<readonly [number, number]>("SELECT branch, ino FROM inode WHERE nlink = 0").all([]);
  for (const [branch, ino] of orphans) {
    const tree = store.live(branch);
    const inode = tree.inode(ino);
    if (inode === undefined) continue;
    // Who copied from it, nobody remembers.
    inode.sharing = true;
    tree.endOrphan(inode);
  }
}
