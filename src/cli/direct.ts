import { Callers } from "../bridge/callers.js";
import { lockDatabase } from "../daemon/lock.js";
import { commit, merge } from "../daemon/merging.js";
import { begin, dropBranch, fork, removeSnapshot, renameBranch, rollback, snapshot } from "../daemon/operations.js";
import type { BranchReport, StoreOperation, StoreOperations } from "../daemon/protocol.js";
import type { Branch } from "../store/branches.js";
import { mainBranch, openStore, type Store } from "../store/store.js";

/** What each operation does to a store that nobody has mounted. `process` is the row of this command. */
type Performers = {
  readonly [Op in StoreOperation]: (
    store: Store,
    args: StoreOperations[Op]["args"],
    process: number | null,
  ) => StoreOperations[Op]["result"];
};

const performers: Performers = {
  fork: (store, args, process) => reportOf(store, fork(store, args, mainBranch, process)),
  dropBranch: (store, { name }, process) => done(dropBranch(store, name, process)),
  renameBranch: (store, { name, to }, process) => done(renameBranch(store, name, to, process)),
  snapshot: (store, args, process) => snapshot(store, args, mainBranch, process),
  dropSnapshot: (store, { name, branch }, process) => done(removeSnapshot(store, name, branch, mainBranch, process)),
  merge: (store, args, process) => merge(store, args, mainBranch, process).report,
  restore: () => notYet(),
  undo: () => notYet(),
  begin: (store, { name, from }, process) => reportOf(store, begin(store, name, from, mainBranch, process)),
  commit: (store, args, process) => commit(store, args, process).report,
  rollback: (store, { name }, process) => done(rollback(store, name, process)),
};

function notYet(): never {
  throw new Error("not yet");
}

function done(_result: unknown): Record<string, never> {
  return {};
}

function reportOf(store: Store, { id, name, kind, parent, forkedAt }: Branch): BranchReport {
  return { id, name, kind, from: store.branches.get(parent ?? mainBranch).name, forkedAt };
}

/** The row of this very process, complete: nobody else is there to look it up. */
function ownProcess(store: Store): number | null {
  const describe = (id: number): void =>
    store.processes.describe(id, { executable: process.execPath, arguments: process.argv, directory: process.cwd() });
  return new Callers(store.processes, describe).processOf(process.pid, process.geteuid?.() ?? 0, process.getegid?.() ?? 0);
}

/** Does an operation without a daemon, under the database's lock. Throws LockedError while another process writes it. */
export function performDirectly<Op extends StoreOperation>(
  database: string,
  op: Op,
  args: StoreOperations[Op]["args"],
): StoreOperations[Op]["result"] {
  const lock = lockDatabase(database, `stone ${op}`);
  try {
    const store = openStore(database);
    try {
      return performers[op](store, args, ownProcess(store));
    } finally {
      store.close();
    }
  } finally {
    lock.release();
  }
}
