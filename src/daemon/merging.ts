import { EBUSY, FsError } from "../base/errno.js";
import type { Touched } from "../history/apply.js";
import type { Conflict, Resolution as How } from "../history/conflict.js";
import { type MergeResult, mergeBranch } from "../history/merge.js";
import { restore as restorePaths } from "../history/restore.js";
import { undo as undoChanges } from "../history/undo.js";
import { mainBranch } from "../store/branches.js";
import type { Store } from "../store/store.js";
import { branchOf, momentOf, transactionOf } from "./operations.js";
import type { ChangeReport, Resolution, StoreOperations } from "./protocol.js";

/**
 * Changes of many files at once, as the control protocol has them: functions of a store, as those in `operations.ts`.
 */

/** What such a change did, for whoever asked, and what a kernel must forget of the branch that it changed. */
export interface Reported {
  readonly report: ChangeReport;
  readonly branch: number;
  readonly touched: Touched;
}

/** Merges a branch into another; `mounted` where no target is named. */
export function merge(store: Store, args: StoreOperations["merge"]["args"], mounted: number, process: number | null): Reported {
  const source = branchOf(store, args.source, mainBranch).id;
  const target = branchOf(store, args.target, mounted).id;
  const resolve = resolver(args.resolutions);
  return reported(target, mergeBranch(store, { source, target, resolve, markers: args.markers, dryRun: args.intent, process }));
}

/**
 * Merges a transaction into the branch it was forked from and ends it, both or nothing. With conflicts, or for a dry run, it stays
 * as it is. Throws EBUSY for one that could not be ended.
 */
export function commit(store: Store, args: StoreOperations["commit"]["args"], process: number | null): Reported {
  const transaction = transactionOf(store, args.name);
  const child = store.branches.list().find(({ parent }) => parent === transaction.id);
  if (child !== undefined) throw new FsError(EBUSY, `"${transaction.name}" has a branch of its own, "${child.name}"; drop that first`);
  const target = transaction.parent ?? mainBranch;
  const resolve = resolver(args.resolutions);
  const options = { source: transaction.id, target, resolve, markers: args.markers, dryRun: args.intent, process };
  if (args.intent === "dry-run") return reported(target, mergeBranch(store, options));
  return store.atomically(() => {
    const result = mergeBranch(store, options);
    if (result.conflicts.length === 0) store.branches.drop(transaction, process);
    return reported(target, result);
  });
}

/** Makes paths, or everything, as they were; `mounted` where no branch is named. */
export function restore(store: Store, args: StoreOperations["restore"]["args"], mounted: number, process: number | null): Reported {
  const branch = branchOf(store, args.branch, mounted).id;
  const moment = momentOf(store, branch, args.when);
  const paths = args.paths.length === 0 ? undefined : args.paths.map((path) => path.split("/").filter((name) => name !== ""));
  const result = restorePaths(store, { branch, moment, paths, dryRun: args.intent, process });
  return reported(branch, { conflicts: [], ...result });
}

/** Takes changes back; `mounted` where no branch is named. */
export function undo(store: Store, args: StoreOperations["undo"]["args"], mounted: number, process: number | null): Reported {
  const branch = branchOf(store, args.branch, mounted).id;
  const byProcess = args.by === undefined ? undefined : { pid: args.by };
  return reported(branch, undoChanges(store, { branch, count: args.count, byProcess, dryRun: args.intent, process }));
}

/** How each conflict is settled by what the user said: the resolution for the nearest directory above it, or for itself, counts. */
function resolver(resolutions: readonly Resolution[]): (conflict: Conflict) => How | undefined {
  const byLength = [...resolutions].sort((a, b) => (b.path?.length ?? -1) - (a.path?.length ?? -1));
  const fits = (prefix: string | undefined, path: string): boolean =>
    prefix === undefined || prefix === "" || path === prefix || path.startsWith(`${prefix}/`);
  return ({ path, oldPath }) => {
    const paths = [path, oldPath].filter((each) => each !== undefined).map((each) => each.join("/"));
    return byLength.find((resolution) => paths.some((each) => fits(resolution.path, each)))?.how;
  };
}

function reported(branch: number, { changes, conflicts, event, touched }: MergeResult): Reported {
  return { report: { changes, conflicts, ...(event === undefined ? {} : { event }) }, branch, touched };
}
