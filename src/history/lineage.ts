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
