import { EINVAL, ENOENT, FsError } from "../base/errno.js";
import type { Store } from "../store/store.js";
import { applyPlan, nothingTouched, type Touched, touchedBy } from "./apply.js";
import { type Change, changesOf } from "./change.js";
import { type Conflict, Conflicts, type Resolution } from "./conflict.js";
import { identify } from "./identify.js";
import { Identity, knownTwins, recordTwins, type Trees } from "./identity.js";
import { keysOf } from "./keys.js";
import { mergeBase, segmentsBetween } from "./lineage.js";
import { Plan } from "./plan.js";
import { planMerge, type ThreeWay } from "./three-way.js";

export interface MergeOptions {
  readonly source: number;
  readonly target: number;
  /** Settles a conflict; undefined leaves it open. Asked once for each. "text" means something for content only. */
  readonly resolve?: ((conflict: Conflict) => Resolution | undefined) | undefined;
  /** Whether lines that both changed are left between conflict markers where a conflict is settled by "text". */
  readonly markers: "markers" | "none";
  readonly dryRun: DryRun;
  readonly process: number | null;
}

export type DryRun = "apply" | "dry-run";

export interface MergeResult {
  /** What changes in the target. */
  readonly changes: readonly Change[];
  /** Conflicts that are open. While there is one, nothing is applied. */
  readonly conflicts: readonly Conflict[];
  /** The event it was applied as; undefined when it was not, or there was nothing to merge. */
  readonly event?: number;
  readonly touched: Touched;
}

/**
 * Brings into branch `target` what `source` changed since the two were last one: since the fork, or what was merged of either into
 * the other. It is one event, durable when it returns. Its cost grows with what `source` changed since; where the base is a tree of
 * the target or of a third branch, with what that branch changed, too. Throws EINVAL, ENOENT, ENOSPC.
 */
export function mergeBranch(store: Store, options: MergeOptions): MergeResult {
  const { source, target } = options;
  requireBranch(store, source);
  requireBranch(store, target);
  if (source === target) throw new FsError(EINVAL, `"${nameOf(store, source)}" cannot be merged into itself`);
  store.settle();
  const moment = store.events.last;
  const base = mergeBase(store, { branch: source, moment }, { branch: target, moment });
  const keys = keysOf(store, segmentsBetween(store, base, { branch: source, moment }));
  if (keys.inodes.size === 0 && keys.slots.size === 0) return { changes: [], conflicts: [], touched: nothingTouched };
  const trees: Trees = {
    base: store.past(base.branch, base.moment),
    theirs: store.past(source, moment),
    ours: store.live(target),
  };
  const identity = new Identity(trees, knownTwins(store));
  identify(trees, identity, keys);
  const labels = options.markers === "markers" ? { ours: nameOf(store, target), theirs: nameOf(store, source) } : undefined;
  const { plan, conflicts } = settle(store, target, { trees, identity, keys, labels }, options.resolve);
  const changes = changesOf(plan);
  if (conflicts.length > 0) return { changes, conflicts, touched: nothingTouched };
  if (options.dryRun === "dry-run") return { changes, conflicts, touched: touchedBy(plan) };
  return store.atomically(() => {
    const { event, touched } = applyPlan(store, plan, { op: "merge", name: nameOf(store, source), process: options.process });
    const insert = store.connection.prepare("INSERT INTO merge (event, target, source, source_event) VALUES ($1, $2, $3, $4)");
    store.writer.run(insert, [event, target, source, moment]);
    recordTwins(store, identity.found, event);
    return { changes, conflicts, event, touched };
  });
}

/** Plans again with each answer, since what is settled one way may bring up another conflict. */
export function settle(
  store: Store,
  target: number,
  merge: ThreeWay,
  resolve: ((conflict: Conflict) => Resolution | undefined) | undefined,
): { plan: Plan; conflicts: readonly Conflict[] } {
  const resolutions = new Map<string, Resolution>();
  const asked = new Set<string>();
  for (;;) {
    const plan = new Plan(store.live(target));
    const conflicts = new Conflicts(resolutions);
    planMerge(merge, conflicts, plan);
    let answered = false;
    for (const [key, conflict] of conflicts.open) {
      if (asked.has(key)) continue;
      asked.add(key);
      const resolution = resolve?.(conflict);
      if (resolution === undefined) continue;
      resolutions.set(key, resolution);
      answered = true;
    }
    if (!answered) return { plan, conflicts: [...conflicts.open.values()] };
  }
}

function nameOf(store: Store, branch: number): string {
  return store.branches.get(branch).name;
}

function requireBranch(store: Store, branch: number): void {
  const name = nameOf(store, branch);
  if (store.branches.named(name)?.id !== branch) throw new FsError(ENOENT, `branch "${name}" was dropped`);
}
