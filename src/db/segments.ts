import {
  closeSync,
  existsSync,
  fdatasyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { logLine } from "../base/log.js";
import { syncDirectory } from "../base/sync-directory.js";
import { DatabaseFormatError, type Segments } from "./connection.js";
import { holdAlone, holdShared } from "./flock.js";
import { punchHole, startWriting, waitWritten } from "./write-out.js";

/** A segment is a file of this size at most; position p lies in file p / segmentBytes. */
const segmentBytes = 2 ** 30;
/** What is appended begins at a multiple of this: no write touches a page that was made durable before, and room is given back in whole pages. */
const alignment = 4096;
/** The disk is told to begin after so many bytes ... */
const writeOutBytes = 512 * 1024;
/** ... and may be behind by so many before the writer waits for it. So the sync at the end of the batch has little left to do. */
const behindBytes = 2 * 1024 * 1024;
const openFilesMax = 32;
const suffix = ".segment";

/** What is to be expected when there is no room. */
const noRoom = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Where a database's segments lie. */
export function segmentsPath(databasePath: string): string {
  return `${databasePath}-segments`;
}

/** Whole pages. */
interface Range {
  readonly from: number;
  end: number;
}

/**
 * The bytes of large files, in files beside the database: what goes through the engine's log is written twice, in its pages, and this
 * once, as it comes. 256 MiB reach the disk at 1.0 to 1.3 GB/s, through SQLite at 270 MB/s.
 *
 * Bytes are only ever appended, so a position, once written, always means the same bytes; rows of the database say which are in use.
 * INVARIANT: what a row points to is durable before the row is: `sync` comes before each commit.
 */
export class SegmentFiles implements Segments {
  readonly #databasePath: string;
  readonly #directory: string;
  readonly #writable: boolean;
  /** Open files by number, the one used last at the end. */
  readonly #files = new Map<number, number>();
  /** Files written to since the last sync, and whether there are new ones. */
  readonly #unsynced = new Set<number>();
  #newNames = false;
  /** Why a sync failed. The kernel says so once, and what it could not write is lost: no later sync makes it durable. */
  #failure: unknown;
  #end = 0;
  /** The part of the newest file that the disk was not told of. */
  #unstarted = 0;
  /** Given back, but maybe still needed after a crash. */
  #freed: Range[] = [];
  /** The directory, while it is held so that nothing is given back. */
  #held: number | undefined;
  /** What the files take on the host; undefined until somebody asks. */
  #usedBytes: number | undefined;

  constructor(databasePath: string, writable: boolean) {
    this.#databasePath = databasePath;
    this.#directory = segmentsPath(databasePath);
    this.#writable = writable;
  }

  get end(): number {
    return this.#end;
  }

  get usedBytes(): number {
    this.#usedBytes ??= this.#numbers().reduce((sum, number) => sum + statSync(this.#path(number)).blocks * 512, 0);
    return this.#usedBytes;
  }

  resume(end: number): void {
    this.#end = end;
    this.#unstarted = end;
    if (end > 0) this.#mustReach(end);
    const last = numberOf(end);
    for (const number of this.#numbers()) {
      if (number > last) this.#unlink(number);
      else if (number === last) ftruncateSync(this.#file(number), offsetOf(end));
    }
  }

  /** The file that has the last bytes is never given back, since more are to follow: if it ends before them, they are lost. */
  #mustReach(end: number): void {
    if (!existsSync(this.#directory)) {
      throw new DatabaseFormatError(
        `${this.#directory} is missing: it holds the bytes of the large files; a database is copied or moved together with it`,
      );
    }
    const path = this.#path(numberOf(end));
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size >= offsetOf(end)) return;
    throw new DatabaseFormatError(
      `${path} has ${offsetOf(end) - size} bytes less than the database says; bring back both from one copy, or read what is there: stone check`,
    );
  }

  append(data: Uint8Array): number | undefined {
    let position = aligned(this.#end);
    if (offsetOf(position) + data.length > segmentBytes) {
      this.#startWriting();
      position = (numberOf(position) + 1) * segmentBytes;
      this.#unstarted = position;
    }
    const number = numberOf(position);
    try {
      const file = this.#file(number);
      for (let done = 0; done < data.length; ) done += writeSync(file, data, done, data.length - done, offsetOf(position) + done);
    } catch (error) {
      if (!noRoom.has(String((error as NodeJS.ErrnoException).code))) logLine("error", `${this.#path(number)} cannot be written: ${error}`);
      return undefined;
    }
    this.#unsynced.add(number);
    this.#end = position + data.length;
    if (this.#usedBytes !== undefined) this.#usedBytes += aligned(data.length);
    if (this.#end - this.#unstarted >= writeOutBytes) this.#startWriting();
    return position;
  }

  read(position: number, into: Uint8Array): void {
    const number = numberOf(position);
    if (!this.#files.has(number) && !existsSync(this.#path(number))) {
      throw new Error(`${this.#path(number)} is missing: it belongs to the database`);
    }
    const file = this.#file(number);
    for (let done = 0; done < into.length; ) {
      const got = readSync(file, into, done, into.length - done, offsetOf(position) + done);
      if (got === 0) throw new Error(`${this.#path(number)} has ${into.length - done} bytes less than the database says`);
      done += got;
    }
  }

  sync(): void {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      for (const number of this.#unsynced) fdatasyncSync(this.#file(number));
    } catch (error) {
      this.#failure = error;
      throw error;
    }
    this.#unsynced.clear();
    this.#unstarted = aligned(this.#end);
    if (!this.#newNames) return;
    syncDirectory(this.#directory);
    syncDirectory(dirname(this.#directory));
    this.#newNames = false;
  }

  free(position: number, length: number): void {
    const from = aligned(position);
    const end = aligned(position + length);
    const last = this.#freed[this.#freed.length - 1];
    if (last?.end === from) last.end = end;
    else if (from < end) this.#freed.push({ from, end });
  }

  settle(): void {
    if (this.#freed.length === 0 || !existsSync(this.#directory)) return;
    const directory = openSync(this.#directory, "r");
    try {
      // Whoever only reads may see an older state of the database, in which the bytes are in use.
      if (!holdAlone(directory)) return;
      for (const { from, end } of this.#freed.splice(0)) this.#punch(from, end);
    } finally {
      closeSync(directory);
    }
  }

  /** For who only reads, before looking into the database: nothing that is there from now on is given back until `close`. */
  hold(): void {
    if (this.#writable || this.#held !== undefined || !existsSync(this.#directory)) return;
    this.#held = openSync(this.#directory, "r");
    holdShared(this.#held);
  }

  close(): void {
    if (this.#held !== undefined) closeSync(this.#held);
    this.#held = undefined;
    for (const file of this.#files.values()) closeSync(file);
    this.#files.clear();
  }

  /** Gives the room between two positions back, of which nothing is in use. Files that lie between them whole go. */
  #punch(from: number, end: number): void {
    for (let at = from; at < end; ) {
      const number = numberOf(at);
      const stop = Math.min(end, (number + 1) * segmentBytes);
      const wholeFile = stop - at === segmentBytes && number < numberOf(this.#end);
      if (wholeFile) this.#unlink(number);
      else if (existsSync(this.#path(number))) punchHole(this.#file(number), offsetOf(at), stop - at);
      at = stop;
    }
    this.#usedBytes = undefined;
  }

  #unlink(number: number): void {
    const file = this.#files.get(number);
    if (file !== undefined) closeSync(file);
    this.#files.delete(number);
    rmSync(this.#path(number), { force: true });
  }

  /** Tells the disk of what was appended since the last time, and waits for what it was told of long ago. */
  #startWriting(): void {
    const from = this.#unstarted;
    const length = this.#end - from;
    if (length <= 0) return;
    const file = this.#file(numberOf(from));
    startWriting(file, offsetOf(from), length);
    const behind = offsetOf(from) - behindBytes;
    if (behind >= 0) waitWritten(file, behind, length);
    this.#unstarted = this.#end;
  }

  #file(number: number): number {
    let file = this.#files.get(number);
    if (file !== undefined) {
      if (this.#files.size > 1) {
        this.#files.delete(number);
        this.#files.set(number, file);
      }
      return file;
    }
    file = this.#open(number);
    this.#files.set(number, file);
    for (const [other, oldest] of this.#files) {
      if (this.#files.size <= openFilesMax) break;
      if (this.#unsynced.has(other)) continue;
      closeSync(oldest);
      this.#files.delete(other);
    }
    return file;
  }

  #open(number: number): number {
    const path = this.#path(number);
    if (!this.#writable) return openSync(path, "r");
    if (existsSync(path)) return openSync(path, "r+");
    // Who may read the database may read them.
    const mode = statSync(this.#databasePath).mode & 0o777;
    mkdirSync(this.#directory, { recursive: true, mode: mode | ((mode & 0o444) >> 2) });
    this.#newNames = true;
    return openSync(path, "wx+", mode);
  }

  #path(number: number): string {
    return join(this.#directory, `${number}${suffix}`);
  }

  /** The files that are there. */
  #numbers(): number[] {
    if (!existsSync(this.#directory)) return [];
    return readdirSync(this.#directory)
      .filter((name) => name.endsWith(suffix))
      .map((name) => Number(name.slice(0, -suffix.length)));
  }
}

function numberOf(position: number): number {
  return Math.floor(position / segmentBytes);
}

function offsetOf(position: number): number {
  return position % segmentBytes;
}

function aligned(position: number): number {
  return Math.ceil(position / alignment) * alignment;
}
