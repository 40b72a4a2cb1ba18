import type { Steps } from "../base/steps.js";
import type { Connection } from "../db/connection.js";
import type { Store } from "./store.js";

/** Inodes that are looked for in one step. */
const inosPerStep = 256;

type BranchRow = readonly [id: number, parent: number | null, dropped: number | null];

/**
 * Forgets merges that nobody can ask for any more: those into branches that no branch there is, or was until the horizon, descends
 * from or took over by merges itself. What is left says what such branches know of each other.
 */
export function dropMerges(store: Store, horizon: number): void {
  const drop = store.connection.prepare(
    `WITH RECURSIVE tie(branch, other) AS
         (SELECT id, parent FROM branch WHERE parent IS NOT NULL UNION ALL SELECT target, source FROM merge),
       known(id) AS (SELECT id FROM branch WHERE dropped IS NULL OR dropped > $1
         UNION SELECT t.other FROM known k JOIN tie t ON t.branch = k.id)
     DELETE FROM merge WHERE target NOT IN (SELECT id FROM known)`,
  );
  store.writer.run(drop, [horizon]);
}

/**
 * Dropped branches whose rows nobody needs. One is needed while a branch descends from it that is, and while two that are know of it
 * each in its own way, by merges or by descent: a merge of those two may start from it. Where both know it by way of one, they start
 * from that one.
 */
export function forgottenBranches(connection: Connection, horizon: number): number[] {
  const rows = connection.prepare<BranchRow>("SELECT id, parent, dropped FROM branch ORDER BY id").all([]);
  const parents = new Map(rows.map(([id, parent]) => [id, parent]));
  const knownBy = new Map<number, number[]>(rows.map(([id]) => [id, []]));
  for (const [id, parent] of rows) if (parent !== null) knownBy.get(parent)?.push(id);
  const merges = connection.prepare<readonly [number, number]>("SELECT DISTINCT source, target FROM merge").all([]);
  for (const [source, target] of merges) knownBy.get(source)?.push(target);

  const needed = new Set<number>();
  const need = (id: number): void => {
    for (let at: number | null = id; at !== null && !needed.has(at); at = parents.get(at) ?? null) needed.add(at);
  };
  for (const [id, , dropped] of rows) if (dropped === null || dropped > horizon) need(id);
  for (let before = -1; before !== needed.size; ) {
    before = needed.size;
    for (const id of parents.keys()) if (!needed.has(id) && firstNeeded(knownBy, needed, id).size > 1) need(id);
  }
  return [...parents.keys()].filter((id) => !needed.has(id));
}

/** The needed branches that know of another one directly, or by way of others that are not needed. */
function firstNeeded(knownBy: ReadonlyMap<number, readonly number[]>, needed: ReadonlySet<number>, id: number): Set<number> {
  const found = new Set<number>();
  const seen = new Set([id]);
  const waiting = [id];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const next of knownBy.get(at) ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      if (needed.has(next)) found.add(next);
      else waiting.push(next);
    }
  }
  return found;
}

/** Forgets twins of which no version is left in any branch. Those that are left of what was one file stay one. */
export function* dropTwins(store: Store): Steps<void> {
  const { connection, writer } = store;
  const inos = connection.prepare<readonly [number]>("SELECT ino FROM twin UNION SELECT twin FROM twin").all([]);
  const there = connection.prepare(
    `SELECT 1 WHERE EXISTS (SELECT 1 FROM branch b JOIN inode i ON i.branch = b.id AND i.ino = $1)
       OR EXISTS (SELECT 1 FROM branch b JOIN inode_past p ON p.branch = b.id AND p.ino = $1)`,
  );
  const gone = new Set<number>();
  for (let at = 0; at < inos.length; at += inosPerStep) {
    store.settle();
    for (const [ino] of inos.slice(at, at + inosPerStep)) if (there.get([ino]) === undefined) gone.add(ino);
    yield;
  }
  if (gone.size === 0) return;
  const insert = connection.prepare("INSERT INTO twin (ino, twin, event) VALUES ($1, $2, $3) ON CONFLICT (ino, twin) DO NOTHING");
  const drop = connection.prepare("DELETE FROM twin WHERE ino = $1 AND twin = $2");
  for (const { pairs, members, event } of twinClasses(connection)) {
    const left = [...members].filter((ino) => !gone.has(ino));
    if (left.length === members.size) continue;
    for (const [ino, twin] of pairs) writer.run(drop, [ino, twin]);
    for (const twin of left.slice(1)) writer.run(insert, [left[0] as number, twin, event]);
  }
}

interface TwinClass {
  readonly members: Set<number>;
  readonly pairs: (readonly [number, number])[];
  /** The newest merge that found some of them. */
  event: number;
}

/** Inodes that are one file, each with the pairs that say so. */
function twinClasses(connection: Connection): Set<TwinClass> {
  const classOf = new Map<number, TwinClass>();
  const rows = connection.prepare<readonly [number, number, number]>("SELECT ino, twin, event FROM twin ORDER BY event").all([]);
  for (const [ino, twin, event] of rows) {
    const one = classOf.get(ino) ?? { members: new Set([ino]), pairs: [], event };
    const other = classOf.get(twin) ?? { members: new Set([twin]), pairs: [], event };
    if (one !== other) {
      for (const member of other.members) one.members.add(member);
      one.pairs.push(...other.pairs);
    }
    one.pairs.push([ino, twin]);
    one.event = event;
    for (const member of one.members) classOf.set(member, one);
  }
  return new Set(classOf.values());
}
