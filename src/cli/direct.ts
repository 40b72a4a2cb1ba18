import { Callers } from "../bridge/callers.js";
import { lockDatabase } from "../daemon/lock.js";
import { commit, merge, type Reported, restore, undo } from "../daemon/merging.js";
import { begin, dropBranch, fork, removeSnapshot, renameBranch, reportOf, rollback, snapshot } from "../daemon/operations.js";
import type { ChangeReport, StoreOperation, StoreOperations } from "../daemon/protocol.js";
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
  merge: (store, args, process) => changed(store, merge(store, args, mainBranch, process)),
  restore: (store, args, process) => changed(store, restore(store, args, mainBranch, process)),
  undo: (store, args, process) => changed(store, undo(store, args, mainBranch, process)),
  begin: (store, { name, from }, process) => reportOf(store, begin(store, name, from, mainBranch, process)),
  commit: (store, args, process) => changed(store, commit(store, args, process)),
  rollback: (store, { name }, process) => done(rollback(store, name, process)),
};

function done(_result: unknown): Record<string, never> {
  return {};
}

/** No kernel knows what lost its last name, so it goes at once. */
function changed(store: Store, { report, branch, touched }: Reported): ChangeReport {
  if (report.event !== undefined) for (const ino of touched.ended) store.live(branch).forget(ino);
  return report;
}

/** The row of this very process, complete: nobody else is there to look it up. */
function ownProcess(store: Store): number | null {
  const describe = (id: number): void =>
    store.processes.describe(id, { executable: process.execPath, arguments: process.argv, directory: process.cwd() });
  return new Callers(store.processes, describe).processOf(process.pid, process.geteuid?.() ?? 0, process.getegid?.() ?? 0);
}

/** Does an operation on an open store that nobody has mounted. */
export function perform<Op extends StoreOperation>(
  store: Store,
  op: Op,
  args: StoreOperations[Op]["args"],
  process: number | null,
): StoreOperations[Op]["result"] {
  return performers[op](store, args, process);
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
      return perform(store, op, args, ownProcess(store));
    } finally {
      store.close();
    }
  } finally {
    lock.release();
  }
}

/** Brings what a crash left beside a database into it. Throws LockedError while another process writes it. */
export function recoverDirectly(database: string): void {
  const lock = lockDatabase(database, "recovery");
  try {
    openStore(database).close();
  } finally {
    lock.release();
  }
}
