import type { Name } from "../base/bytes.js";
import { EINVAL, ENOENT, FsError } from "../base/errno.js";
import type { Store } from "../store/store.js";
import type { Tree } from "../store/tree.js";
import { applyPlan, nothingTouched, type Touched, touchedBy } from "./apply.js";
import { type Change, changesBetween } from "./change.js";
import { sameFile, sightOf } from "./compare.js";
import { type Conflict, Conflicts, type Resolution } from "./conflict.js";
import { identify } from "./identify.js";
import { Identity, readTwins, recordTwins, type Trees } from "./identity.js";
import { Keys, keysOf } from "./keys.js";
import { mergeBase, segmentsSince } from "./lineage.js";
import { Plan } from "./plan.js";
import { PlannedTree } from "./planned-tree.js";
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
 * the other. It is one event, durable when it returns. Its cost grows with what `source` changed. Throws EINVAL, ENOENT, ENOSPC.
 */
export function mergeBranch(store: Store, options: MergeOptions): MergeResult {
  const { source, target } = options;
  requireBranch(store, source);
  requireBranch(store, target);
  if (source === target) throw new FsError(EINVAL, `"${nameOf(store, source)}" cannot be merged into itself`);
  store.settle();
  const moment = store.events.last;
  const base = mergeBase(store, { branch: source, moment }, { branch: target, moment });
  const keys = keysOf(store, segmentsSince(store, { branch: source, moment }, base.known));
  if (keys.inodes.size === 0 && keys.slots.size === 0) return { changes: [], conflicts: [], touched: nothingTouched };
  const trees: Trees = {
    base: store.past(base.point.branch, base.point.moment),
    theirs: store.past(source, moment),
    ours: store.live(target),
  };
  const identity = new Identity(trees, readTwins(store));
  identify(trees, identity, keys);
  const labels = options.markers === "markers" ? { ours: nameOf(store, target), theirs: nameOf(store, source) } : undefined;
  const { plan, conflicts, settled } = settle(store, target, { trees, identity, keys, labels }, options.resolve);
  const planned = new PlannedTree(plan);
  const changes = changesBetween(plan.target, planned, plan.keys());
  if (conflicts.length > 0) return { changes, conflicts, touched: nothingTouched };
  if (options.dryRun === "dry-run") return { changes, conflicts, touched: touchedBy(plan) };
  const declined = settled > 0 ? declinedKeys(keys, identity, trees, planned) : undefined;
  const { event, touched } = applyPlan(store, plan, { op: "merge", name: nameOf(store, source), process: options.process, declined });
  const insert = store.connection.prepare("INSERT INTO merge (event, target, source, source_event) VALUES ($1, $2, $3, $4)");
  store.writer.run(insert, [event, target, source, moment]);
  recordTwins(store, identity.found, event);
  store.commit("durable");
  return { changes, conflicts, event, touched };
}

/** Plans again with each answer, since what is settled one way may bring up another conflict. */
export function settle(
  store: Store,
  target: number,
  merge: ThreeWay,
  resolve: ((conflict: Conflict) => Resolution | undefined) | undefined,
): { plan: Plan; conflicts: readonly Conflict[]; settled: number } {
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
    if (!answered) return { plan, conflicts: [...conflicts.open.values()], settled: resolutions.size };
  }
}

/**
 * What the target does not take of what the source touched, though it knows it from now on. It counts as touched by the merge: else a
 * merge the other way would not see that the two differ there.
 */
function declinedKeys(keys: Keys, identity: Identity, trees: Trees, planned: Tree): Keys {
  const declined = new Keys();
  const numberOf = (ino: number): number => identity.inoIn(planned, identity.idOf(ino)) ?? ino;
  const idAt = (tree: Tree, parent: number, name: Name): number | undefined => {
    const directory = identity.inoIn(tree, identity.idOf(parent));
    const ino = directory === undefined ? undefined : tree.lookup(directory, name)?.ino;
    return ino === undefined ? undefined : identity.idOf(ino);
  };
  for (const { parent, name } of keys.eachSlot()) {
    if (idAt(trees.theirs, parent, name) !== idAt(planned, parent, name)) declined.addSlot(numberOf(parent), name);
  }
  for (const ino of keys.inodes) {
    const inTheirs = sightOf(trees.theirs, identity.inoIn(trees.theirs, identity.idOf(ino)));
    const now = sightOf(planned, identity.inoIn(planned, identity.idOf(ino)));
    if (inTheirs === now) continue;
    if (inTheirs === undefined || now === undefined || !sameFile(inTheirs, now)) declined.inodes.add(numberOf(ino));
  }
  return declined;
}

function nameOf(store: Store, branch: number): string {
  return store.branches.get(branch).name;
}

function requireBranch(store: Store, branch: number): void {
  const name = nameOf(store, branch);
  if (store.branches.named(name)?.id !== branch) throw new FsError(ENOENT, `branch "${name}" was dropped`);
}
