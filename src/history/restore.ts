import type { Name } from "../base/bytes.js";
import { ENOENT, FsError } from "../base/errno.js";
import type { Store } from "../store/store.js";
import { applyPlan, nothingTouched, type Touched, touchedBy } from "./apply.js";
import { type Change, changesOf } from "./change.js";
import { Identity, noTwins } from "./identity.js";
import { keysOf } from "./keys.js";
import { segmentsBetween } from "./lineage.js";
import { type DryRun, settle } from "./merge.js";
import type { Plan } from "./plan.js";
import { planPaths } from "./restore-paths.js";

export interface RestoreOptions {
  readonly branch: number;
  /** As of when. A time before the branch's fork is its parent's. */
  readonly moment: number;
  /** What to restore; without any the whole branch. Components from the root. */
  readonly paths?: readonly (readonly Name[])[] | undefined;
  readonly dryRun: DryRun;
  readonly process: number | null;
}

export interface RestoreResult {
  readonly changes: readonly Change[];
  /** The event it was applied as; undefined when it was not, or all is as it was. */
  readonly event?: number;
  readonly touched: Touched;
}

/**
 * Makes paths, or the whole branch, as they were: what was deleted comes back, what was not there goes, as one new change; the
 * history in between stays. What lies elsewhere is not touched, so that a file that was moved out of a restored path comes back as
 * a copy. Its cost grows with what changed since, not with the tree. Throws ENOENT, ENOTDIR, ENOSPC.
 */
export function restore(store: Store, options: RestoreOptions): RestoreResult {
  const { branch, moment } = options;
  store.settle();
  if (moment > store.events.last) throw new FsError(ENOENT, `event @${moment} has not happened yet`);
  if (moment < store.horizon()) throw new FsError(ENOENT, `the tree as of @${moment} is no longer kept`);
  const whole = options.paths === undefined || options.paths.some((path) => path.length === 0);
  const plan = whole ? planWhole(store, branch, moment) : planPaths(store, branch, moment, options.paths ?? []);
  const changes = changesOf(plan);
  if (plan.isEmpty) return { changes, touched: nothingTouched };
  if (options.dryRun === "dry-run") return { changes, touched: touchedBy(plan) };
  const applied = { op: "restore", name: `@${moment}`, process: options.process } as const;
  const { event, touched } = store.atomically(() => applyPlan(store, plan, applied));
  return { changes, event, touched };
}

/** A merge of the past into the present whose base is the present: everything that differs is taken. */
function planWhole(store: Store, branch: number, moment: number): Plan {
  const keys = keysOf(store, segmentsBetween(store, { branch, moment }, { branch, moment: store.events.last }));
  const ours = store.live(branch);
  const trees = { base: ours, theirs: store.past(branch, moment), ours };
  return settle(store, branch, { trees, identity: new Identity(trees, noTwins), keys, labels: undefined }, undefined).plan;
}
