import { nowMicros } from "../base/clock.js";
import { finish, type Steps } from "../base/steps.js";
import { codecs, positionIn } from "./codecs.js";
import { dropMerges, dropTwins, forgottenBranches } from "./gc-branches.js";
import { dropProcesses } from "./gc-processes.js";
import { clearMeta, writeMeta } from "./meta.js";
import type { Store } from "./store.js";

/** What dropping history did. */
export interface GcReport {
  /** Rows of the past that no kept moment needs any more. */
  readonly rows: number;
  readonly blobs: number;
  /** Bytes of content forgotten. */
  readonly bytes: number;
}

/** Inodes looked at in one step, each step a commit of its own, so that the log stays short. */
const inosPerStep = 16_384;
/** Ids (of blobs, events) compared with all that refers to them in one pass. */
const idsPerPass = 1_000_000;
const rowsPerRead = 8192;
const blobsPerStep = 256;
/** Pages of the database given back in one step. */
const pagesPerStep = 1024;

const pastTables: readonly { readonly name: string; readonly owner: string }[] = [
  { name: "inode_past", owner: "ino" },
  { name: "dirent_past", owner: "parent" },
  { name: "extent_past", owner: "ino" },
  { name: "xattr_past", owner: "ino" },
];

/**
 * Drops history older than `keepMicros` microseconds: past rows that were true at no kept moment, what belonged to files that are
 * no longer there at any, blobs, events and processes nothing refers to. Kept are all moments from then on, snapshots, fork points, what
 * was merged (a later merge compares with it) and `views`.
 *
 * It works in steps of some milliseconds, each a commit, between which the file system may be used; the report comes with the last.
 */
export function* garbageCollection(store: Store, keepMicros: number, views: readonly number[]): Steps<GcReport> {
  store.commit("durable");
  const horizon = Math.max(store.horizon(), store.moments.at(nowMicros() - keepMicros));
  if (horizon === 0) return { rows: 0, blobs: 0, bytes: 0 };
  // From here on nobody is shown what is about to have holes.
  writeMeta(store.connection, store.writer, "horizon", String(horizon));
  const newestBlob = store.tables.blobs.last;
  writeMeta(store.connection, store.writer, "retaining", String(newestBlob));
  store.space.release();
  try {
    const rows = (yield* dropBranches(store, horizon)) + (yield* dropPast(store, horizon, views)) + (yield* dropEnded(store));
    const { blobs, bytes } = yield* dropBlobs(store, newestBlob);
    yield* dropEvents(store, horizon);
    yield* dropTwins(store);
    yield* dropProcesses(store);
    clearMeta(store.connection, store.writer, "retaining");
    store.commit("durable");
    yield* sweepSegments(store);
    yield* shrink(store);
    return { rows, blobs, bytes };
  } finally {
    store.space.reserve();
  }
}

/** Drops history at one go, as `garbageCollection` does in steps. */
export function collectGarbage(store: Store, keepMicros: number, views: readonly number[]): GcReport {
  return finish(garbageCollection(store, keepMicros, views));
}

/** Gives the room back to the host. */
function* shrink(store: Store): Steps<void> {
  store.connection.checkpoint();
  for (let before = Number.POSITIVE_INFINITY; ; ) {
    const { reusableBytes } = store.connection.usage();
    if (reusableBytes === 0 || reusableBytes >= before) return;
    before = reusableBytes;
    store.connection.shrink(pagesPerStep);
    store.connection.checkpoint();
    yield;
  }
}

/** What branches held that were dropped before the horizon, and that nobody needs. Their names and ids stay on record. */
function* dropBranches(store: Store, horizon: number): Steps<number> {
  const { connection, writer } = store;
  dropMerges(store, horizon);
  const tables = ["inode", "dirent", "extent", "xattr"].flatMap((name) => [name, `${name}_past`]);
  let rows = 0;
  for (const id of forgottenBranches(connection, horizon)) {
    for (const name of [...tables, "snapshot"]) rows += writer.run(connection.prepare(`DELETE FROM ${name} WHERE branch = $1`), [id]);
    store.commit("ordered");
    yield;
  }
  return rows;
}

/** Past rows that ended before the horizon, except those a snapshot, a fork, the base of a later merge or an open view still shows. */
function* dropPast(store: Store, horizon: number, views: readonly number[]): Steps<number> {
  const kept = views.map((moment) => `AND NOT (since <= ${Math.trunc(moment)} AND until > ${Math.trunc(moment)})`).join(" ");
  let rows = 0;
  for (const { name, owner } of pastTables) {
    const drop = store.connection.prepare(
      `DELETE FROM ${name} WHERE branch = $1 AND ${owner} >= $2 AND ${owner} < $3 AND until <= $4 ${kept}
       AND NOT EXISTS (SELECT 1 FROM snapshot WHERE event >= ${name}.since AND event < ${name}.until)
       AND NOT EXISTS (SELECT 1 FROM branch b WHERE b.parent IS NOT NULL AND b.forked_at >= ${name}.since AND b.forked_at < ${name}.until)
       AND NOT EXISTS (SELECT 1 FROM merge m WHERE m.source = ${name}.branch
         AND m.source_event >= ${name}.since AND m.source_event < ${name}.until)`,
    );
    rows += yield* overInodes(store, (branch, from, to) => store.writer.run(drop, [branch, from, to, horizon]));
  }
  return rows;
}

/** Extents and attributes of inodes that have no version left, live or past. */
function* dropEnded(store: Store): Steps<number> {
  let rows = 0;
  for (const name of ["extent", "extent_past", "xattr", "xattr_past"]) {
    const drop = store.connection.prepare(
      `DELETE FROM ${name} WHERE branch = $1 AND ino >= $2 AND ino < $3
       AND NOT EXISTS (SELECT 1 FROM inode i WHERE i.branch = ${name}.branch AND i.ino = ${name}.ino)
       AND NOT EXISTS (SELECT 1 FROM inode_past p WHERE p.branch = ${name}.branch AND p.ino = ${name}.ino)`,
    );
    rows += yield* overInodes(store, (branch, from, to) => store.writer.run(drop, [branch, from, to]));
  }
  return rows;
}

/** Runs a step for every range of inode numbers of every branch, committing in between. Returns the sum of what the steps return. */
function* overInodes(store: Store, step: (branch: number, from: number, to: number) => number): Steps<number> {
  const branches = store.connection.prepare<readonly [number]>("SELECT id FROM branch ORDER BY id").all([]);
  let sum = 0;
  for (const [branch] of branches) {
    for (let from = 0; from < store.inodeNumbers.next; from += inosPerStep) {
      // Bytes of a file made since the last step are in the database before its inode is: they must not look like an ended file's.
      store.settle();
      sum += step(branch, from, from + inosPerStep);
      store.commit("ordered");
      yield;
    }
  }
  return sum;
}

/**
 * Blobs that no extent points to. Only those up to `newest` are looked at: a file being written has blobs before it has extents.
 * An extent that moves to the past meanwhile is met there: the live ones are read first.
 */
function* dropBlobs(store: Store, newest: number): Steps<{ blobs: number; bytes: number }> {
  const { connection } = store;
  const sizes = connection.prepare<readonly [number, number]>(
    "SELECT id, length FROM blob WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3",
  );
  const references = ["extent", "extent_past"].map(
    (name) =>
      `SELECT branch, ino, "offset", since, blob FROM ${name} WHERE (branch, ino, "offset", since) > ($1, $2, $3, $4)
       ORDER BY branch, ino, "offset", since LIMIT ${rowsPerRead}`,
  );
  let blobs = 0;
  let bytes = 0;
  for (let after = 0; ; ) {
    const page = new Map(sizes.all([after, newest, idsPerPass]));
    if (page.size === 0) return { blobs, bytes };
    after = Math.max(after, lastKey(page));
    for (const sql of references) {
      const read = connection.prepare<readonly [number, number, number, number, number | null]>(sql);
      for (let key = [-1, 0, 0, 0]; ; ) {
        const rows = read.all(key);
        for (const row of rows) if (row[4] !== null) page.delete(row[4]);
        const last = rows[rows.length - 1];
        if (last === undefined || rows.length < rowsPerRead) break;
        key = [last[0], last[1], last[2], last[3]];
        yield;
      }
    }
    for (const [blob, length] of page) {
      store.tables.blobs.remove(blob);
      blobs += 1;
      bytes += length;
      if (blobs % blobsPerStep === 0) {
        store.commit("ordered");
        yield;
      }
    }
  }
}

/** Gives back what no blob is in: what a crash left in the segments, or kept from being given back. */
function* sweepSegments(store: Store): Steps<void> {
  const { segments } = store.connection;
  const read = store.connection.prepare<readonly [number, Uint8Array]>(
    `SELECT length, data FROM blob WHERE id > $1 AND id <= $2 AND codec = ${codecs.segments} ORDER BY id`,
  );
  let at = 0;
  for (let after = 0; ; after += rowsPerRead) {
    // What is freed must be free after a crash as well. And now all that was appended has its row.
    store.commit("durable");
    for (const [length, data] of read.all([after, after + rowsPerRead])) {
      const position = positionIn(data);
      if (position > at) segments.free(at, position - at);
      at = position + length;
    }
    if (after + rowsPerRead >= store.tables.blobs.last) break;
    yield;
  }
  if (segments.end > at) segments.free(at, segments.end - at);
  store.commit("durable");
}

function lastKey(map: ReadonlyMap<number, unknown>): number {
  let last = 0;
  for (const key of map.keys()) last = key;
  return last;
}

/**
 * Events before the horizon that neither made nor ended a version there still is, and batches none of whose events are left.
 * Comparing a kept moment with a later one finds by the events what changed in between: what ended, too.
 */
function* dropEvents(store: Store, horizon: number): Steps<void> {
  const { connection, writer } = store;
  const versions = ["inode", "inode_past", "dirent", "dirent_past", "extent", "extent_past", "xattr", "xattr_past"];
  const made = versions.map((name) => `SELECT since FROM ${name} WHERE since < $2 AND since >= $1`);
  const ended = pastTables.map(({ name }) => `SELECT until FROM ${name} WHERE until < $2 AND until >= $1`);
  const used = [...made, ...ended].join(" UNION ");
  const drop = connection.prepare(`DELETE FROM event WHERE id >= $1 AND id < $2 AND id NOT IN (${used})`);
  const dropTouched = connection.prepare(
    "DELETE FROM touched WHERE event >= $1 AND event < $2 AND NOT EXISTS (SELECT 1 FROM event e WHERE e.id = touched.event)",
  );
  const [first] = connection.prepare<readonly [number | null]>("SELECT min(id) FROM event").get([]) ?? [null];
  for (let from = first ?? horizon; from < horizon; from += idsPerPass) {
    const range = [from, Math.min(horizon, from + idsPerPass)];
    writer.run(drop, range);
    writer.run(dropTouched, range);
    store.commit("ordered");
    yield;
  }
  const dropBatches = connection.prepare(
    'DELETE FROM batch WHERE "last" < $1 AND NOT EXISTS (SELECT 1 FROM event WHERE id >= batch."first" AND id <= batch."last")',
  );
  writer.run(dropBatches, [horizon]);
}
