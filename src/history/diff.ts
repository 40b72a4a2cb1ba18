import type { Name } from "../base/bytes.js";
import type { Store } from "../store/store.js";
import { type Change, changesBetween } from "./change.js";
import { keysOf } from "./keys.js";
import { segmentsBetween } from "./lineage.js";
import { pointOf, type Ref } from "./refs.js";

/**
 * What differs between two trees, by path; with `path` only what lies at or below it, in either tree. It reads the events between
 * the two, never the trees: its cost grows with what changed.
 */
export function diffTrees(store: Store, a: Ref, b: Ref, path: readonly Name[] = []): Change[] {
  const before = pointOf(store, a);
  const after = pointOf(store, b);
  const segments = segmentsBetween(store, before, after);
  const keys = keysOf(store, segments);
  const changes = changesBetween(store.past(before.branch, before.moment), store.past(after.branch, after.moment), keys);
  if (path.length === 0) return changes;
  return changes.filter((change) => isBelow(change.path, path) || (change.oldPath !== undefined && isBelow(change.oldPath, path)));
}

function isBelow(path: readonly Name[], prefix: readonly Name[]): boolean {
  return prefix.every((name, index) => path[index] === name);
}
