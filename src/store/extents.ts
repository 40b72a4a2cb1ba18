import type { Connection, Statement, Value } from "../db/connection.js";
import type { Blobs } from "./blobs.js";
import type { Writer } from "./writer.js";

/** A range of a file and where its bytes are. `blob` null: a hole that hides inherited bytes. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
  readonly since: number;
  readonly blob: number | null;
  readonly blobOffset: number;
}

type ExtentRow = readonly [offset: number, length: number, since: number, blob: number | null, blobOffset: number];

/** No extent is longer, so that those over a point are found by a short range of the key. */
export const extentMaxBytes = 256 * 1024;

const columns = 'branch, ino, "offset", since, length, blob, blob_offset';
const selected = '"offset", length, since, blob, blob_offset';

/** The extents of files: reads ranges live and as of a moment, replaces ranges. */
export class Extents {
  readonly #writer: Writer;
  readonly #live: Statement<ExtentRow>;
  readonly #asOf: Statement<ExtentRow>;
  readonly #insert: Statement;
  readonly #grow: Statement;
  readonly #archive: Statement;
  readonly #delete: Statement;
  readonly #blobsYounger: Statement<readonly [number | null]>;
  readonly #blobsNotYounger: Statement<readonly [number | null]>;
  readonly #blobsBetween: Statement<readonly [number | null]>;
  readonly #deleteYounger: Statement;
  readonly #deletePastYounger: Statement;

  constructor(connection: Connection, writer: Writer) {
    this.#writer = writer;
    const key = 'branch = $1 AND ino = $2 AND "offset" = $3';
    // The greatest offset not after the range's start finds the one extent that may reach into it.
    this.#live = connection.prepare(
      `SELECT ${selected} FROM extent WHERE branch = $1 AND ino = $2 AND "offset" >= coalesce(
         (SELECT max("offset") FROM extent WHERE branch = $1 AND ino = $2 AND "offset" <= $3), $3) AND "offset" < $4 ORDER BY "offset"`,
    );
    this.#asOf = connection.prepare(
      `SELECT ${selected} FROM extent WHERE branch = $1 AND ino = $2 AND "offset" > $3 AND "offset" < $4 AND since <= $5
       UNION ALL SELECT ${selected} FROM extent_past
       WHERE branch = $1 AND ino = $2 AND "offset" > $3 AND "offset" < $4 AND since <= $5 AND until > $5 ORDER BY 1`,
    );
    this.#insert = connection.prepare(`INSERT INTO extent (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7)`);
    this.#grow = connection.prepare(`UPDATE extent SET length = $4 WHERE ${key}`);
    this.#archive = connection.prepare(`INSERT INTO extent_past (${columns}, until) SELECT ${columns}, $4 FROM extent WHERE ${key}`);
    this.#delete = connection.prepare(`DELETE FROM extent WHERE ${key}`);
    const file = "branch = $1 AND ino = $2 AND since";
    const blobsOf = (age: string) =>
      `SELECT blob FROM extent WHERE ${file} ${age} $3 UNION SELECT blob FROM extent_past WHERE ${file} ${age} $3`;
    this.#blobsYounger = connection.prepare(blobsOf(">"));
    this.#blobsNotYounger = connection.prepare(blobsOf("<="));
    this.#blobsBetween = connection.prepare(
      "SELECT blob FROM extent WHERE blob BETWEEN $1 AND $2 UNION SELECT blob FROM extent_past WHERE blob BETWEEN $1 AND $2",
    );
    this.#deleteYounger = connection.prepare(`DELETE FROM extent WHERE ${file} > $3`);
    this.#deletePastYounger = connection.prepare(`DELETE FROM extent_past WHERE ${file} > $3`);
  }

  /** Live extents that overlap [start, end), by offset. */
  live(branch: number, ino: number, start: number, end: number): Extent[] {
    this.#writer.readable();
    return overlapping(this.#live.all([branch, ino, start, end]), start);
  }

  /** Extents as of `moment` that overlap [start, end), by offset. */
  asOf(branch: number, ino: number, start: number, end: number, moment: number): Extent[] {
    return overlapping(this.#asOf.all([branch, ino, start - extentMaxBytes, end, moment]), start);
  }

  /** Adds an extent where there is none. */
  insert(branch: number, ino: number, extent: Extent): void {
    const { offset, since, length, blob, blobOffset } = extent;
    const row: Value[] = [branch, ino, offset, since, length, blob, blobOffset];
    this.#writer.run(this.#insert, row);
  }

  /** Lengthens a live extent, whose blob has the bytes. */
  grow(branch: number, ino: number, offset: number, length: number): void {
    this.#writer.run(this.#grow, [branch, ino, offset, length]);
  }

  /** Removes a live extent of which nothing is to be kept. */
  remove(branch: number, ino: number, offset: number): void {
    this.#writer.run(this.#delete, [branch, ino, offset]);
  }

  /**
   * Ends what live extents say of [start, end) at event `tick`; what they say outside goes on as rows of its own.
   * Returns how many bytes of data they had there.
   */
  punch(branch: number, ino: number, start: number, end: number, tick: number): number {
    let bytes = 0;
    for (const extent of this.live(branch, ino, start, end)) {
      const key = [branch, ino, extent.offset];
      if (extent.since < tick) this.#writer.run(this.#archive, [...key, tick]);
      this.#writer.run(this.#delete, key);
      const extentEnd = extent.offset + extent.length;
      if (extent.offset < start) this.insert(branch, ino, slice(extent, extent.offset, start, tick));
      if (extentEnd > end) this.insert(branch, ino, slice(extent, end, extentEnd, tick));
      if (extent.blob !== null) bytes += Math.min(end, extentEnd) - Math.max(start, extent.offset);
    }
    return bytes;
  }

  /**
   * Deletes what was written to a file after event `tick`, rows and blobs: it had no name by then.
   * @param shared whether other files may point to the blobs, by copy_file_range(2): then all rows are asked
   */
  dropYounger(branch: number, ino: number, tick: number, blobs: Blobs, shared: "own" | "maybe-shared"): void {
    const key = [branch, ino, tick];
    const dropped = new Set(this.#blobsYounger.all(key).map(([blob]) => blob));
    if (dropped.size === 0) return;
    for (const [blob] of this.#blobsNotYounger.all(key)) dropped.delete(blob);
    this.#writer.run(this.#deleteYounger, key);
    this.#writer.run(this.#deletePastYounger, key);
    if (shared === "maybe-shared") this.#keepUsed(dropped);
    for (const blob of dropped) if (blob !== null) blobs.remove(blob);
  }

  /** Takes blobs that some extent points to out of a set. It reads every extent: blobs have no index of who uses them. */
  #keepUsed(blobs: Set<number | null>): void {
    blobs.delete(null);
    const ids = [...(blobs as Set<number>)];
    const least = ids.reduce((a, b) => Math.min(a, b), Number.MAX_SAFE_INTEGER);
    const greatest = ids.reduce((a, b) => Math.max(a, b), 0);
    for (const [blob] of this.#blobsBetween.all([least, greatest])) blobs.delete(blob);
  }
}

/**
 * Lays a branch's own extents over what shows through from its parent below `inherited`, for the range [start, end).
 * @param below asks the parent for a range
 */
export function overlay(
  own: readonly Extent[],
  start: number,
  end: number,
  inherited: number,
  below: (start: number, end: number) => readonly Extent[],
): Extent[] {
  const combined: Extent[] = [];
  const showsThrough = Math.min(end, inherited);
  let at = start;
  for (const extent of own) {
    if (at < Math.min(extent.offset, showsThrough)) combined.push(...clipped(below, at, Math.min(extent.offset, showsThrough)));
    combined.push(extent);
    at = extent.offset + extent.length;
  }
  if (at < showsThrough) combined.push(...clipped(below, at, showsThrough));
  return combined;
}

/** The parent's extents of a range, cut to it. */
function clipped(below: (start: number, end: number) => readonly Extent[], start: number, end: number): Extent[] {
  return below(start, end).map((extent) => {
    const from = Math.max(start, extent.offset);
    const to = Math.min(end, extent.offset + extent.length);
    return from === extent.offset && to - from === extent.length ? extent : slice(extent, from, to, extent.since);
  });
}

/** Extents without what lies beyond `end`. */
export function cutAt(extents: Extent[], end: number): Extent[] {
  const last = extents[extents.length - 1];
  if (last === undefined || last.offset + last.length <= end) return extents;
  const cut = extents.filter(({ offset }) => offset < end);
  return cut.map((extent) => (extent.offset + extent.length > end ? slice(extent, extent.offset, end, extent.since) : extent));
}

function slice(extent: Extent, start: number, end: number, since: number): Extent {
  const blobOffset = extent.blob === null ? 0 : extent.blobOffset + start - extent.offset;
  return { offset: start, length: end - start, since, blob: extent.blob, blobOffset };
}

function overlapping(rows: readonly ExtentRow[], start: number): Extent[] {
  const extents: Extent[] = [];
  for (const [offset, length, since, blob, blobOffset] of rows) {
    if (offset + length > start) extents.push({ offset, length, since, blob, blobOffset });
  }
  return extents;
}
