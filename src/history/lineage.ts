import { invariant } from "../base/assert.js";
import type { Store } from "../store/store.js";

/** A stretch of a branch's own time: its events with `after` < id <= `upTo`. */
export interface Segment {
  readonly branch: number;
  readonly after: number;
  readonly upTo: number;
}

/** A branch as of an event. */
export interface Point {
  readonly branch: number;
  readonly moment: number;
}

/** The stretches that made a tree what it is, newest first: the branch's own since its fork, its parent's before, and so on. */
export function lineageOf(store: Store, { branch, moment }: Point): Segment[] {
  const segments: Segment[] = [];
  let upTo = moment;
  for (let id = branch; ; ) {
    const { parent, forkedAt } = store.branches.get(id);
    if (parent === null) {
      segments.push({ branch: id, after: 0, upTo });
      return segments;
    }
    if (upTo > forkedAt) {
      segments.push({ branch: id, after: forkedAt, upTo });
      upTo = forkedAt;
    }
    id = parent;
  }
}

/** The stretches that lie between two trees: what either did since the moment both come from. */
export function segmentsBetween(store: Store, a: Point, b: Point): Segment[] {
  const ofA = lineageOf(store, a);
  const ofB = lineageOf(store, b);
  const joint = ofA.findIndex(({ branch }) => ofB.some((segment) => segment.branch === branch));
  const shared = ofA[joint];
  invariant(shared !== undefined, `branches ${a.branch} and ${b.branch} have no common ancestor`);
  const other = ofB.findIndex(({ branch }) => branch === shared.branch);
  const { upTo } = ofB[other] as Segment;
  const after = Math.min(shared.upTo, upTo);
  const between = [...ofA.slice(0, joint), ...ofB.slice(0, other)];
  const last = Math.max(shared.upTo, upTo);
  if (last > after) between.push({ branch: shared.branch, after, upTo: last });
  return between;
}

/**
 * What a tree knows: of each branch, up to which event what it did is contained, by descent or by merges. The knowledge of the
 * branch `b` as of `m` is its own events up to `m`, what its parent knew at the fork, and what each source knew that was merged.
 */
export function knowledgeOf(store: Store, point: Point): Map<number, number> {
  const merges = store.connection.prepare<readonly [number, number]>(
    "SELECT source, max(source_event) FROM merge WHERE target = $1 AND event > $2 AND event <= $3 GROUP BY source",
  );
  const known = new Map<number, number>();
  const waiting: Point[] = [point];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const { branch, upTo } of lineageOf(store, next)) {
      const before = known.get(branch) ?? -1;
      if (before >= upTo) break;
      known.set(branch, upTo);
      for (const [source, moment] of merges.all([branch, before, upTo])) waiting.push({ branch: source, moment });
    }
  }
  return known;
}

/**
 * The base of a merge: of the trees that both know, one that no other of them knows. There may be several when merges crossed by
 * way of third branches; then it is what was merged last from the source, else of the target, else the youngest.
 */
export function mergeBase(store: Store, source: Point, target: Point): Point {
  const ofTarget = knowledgeOf(store, target);
  const common: Point[] = [];
  for (const [branch, moment] of knowledgeOf(store, source)) {
    const other = ofTarget.get(branch);
    if (other !== undefined) common.push({ branch, moment: Math.min(moment, other) });
  }
  common.sort((a, b) => b.moment - a.moment || b.branch - a.branch);
  const newest: Point[] = [];
  const covered = new Map<number, number>();
  for (const point of common) {
    if ((covered.get(point.branch) ?? -1) >= point.moment) continue;
    newest.push(point);
    for (const [branch, moment] of knowledgeOf(store, point)) if (moment > (covered.get(branch) ?? -1)) covered.set(branch, moment);
  }
  const best = newest.find(({ branch }) => branch === source.branch) ?? newest.find(({ branch }) => branch === target.branch) ?? newest[0];
  invariant(best !== undefined, `branches ${source.branch} and ${target.branch} have nothing in common`);
  return best;
}
