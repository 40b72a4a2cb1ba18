import { nameFromText } from "../base/bytes.js";
import { EROFS, FsError } from "../base/errno.js";
import type { Callers } from "../bridge/callers.js";
import type { NodeTable } from "../bridge/node-table.js";
import type { Notices } from "../bridge/notices.js";
import type { Branch } from "../store/branches.js";
import { dropBranch, refuseInUse, refuseReadOnly } from "../vfs/branching.js";
import type { Vfs } from "../vfs/vfs.js";
import { commit, merge, type Reported, restore, undo } from "./merging.js";
import { begin, branchOf, fork, removeSnapshot, renameBranch, reportOf, snapshot, transactionOf } from "./operations.js";
import type { ChangeReport, MountCall, MountOperation, MountOperations, Peer } from "./protocol.js";

type Performers = {
  readonly [Op in MountOperation]: (args: MountOperations[Op]["args"], process: number | null) => MountOperations[Op]["result"];
};

/** Carries out what commands ask of a mounted file system, and tells the kernel what changed by it. */
export class Performer {
  readonly #vfs: Vfs;
  readonly #nodes: NodeTable;
  readonly #notices: Notices;
  readonly #callers: Callers;
  readonly #performers: Performers;

  constructor(vfs: Vfs, nodes: NodeTable, notices: Notices, callers: Callers) {
    this.#vfs = vfs;
    this.#nodes = nodes;
    this.#notices = notices;
    this.#callers = callers;
    this.#performers = this.#table();
  }

  /** Throws FsError when it refuses. What the kernel must hear of the change has been said, but maybe not heard, when it returns. */
  perform<Op extends MountOperation>(call: MountCall<Op>, { pid, uid, gid }: Peer): MountOperations[Op]["result"] {
    if (call.op !== "switch") refuseReadOnly(this.#vfs);
    const perform = this.#performers[call.op] as (args: unknown, process: number | null) => MountOperations[Op]["result"];
    return perform(call.args, this.#callers.processOf(pid, uid, gid));
  }

  #table(): Performers {
    const { store } = this.#vfs;
    const mounted = (): number => this.#vfs.views.mounted.tree.branch;
    return {
      fork: (args, process) => this.#made(fork(store, args, mounted(), process)),
      dropBranch: ({ name }, process) => this.#drop(name, process),
      renameBranch: ({ name, to }, process) => {
        renameBranch(store, name, to, process);
        this.#notices.branchChanged(name);
        this.#notices.branchChanged(to);
        return {};
      },
      snapshot: (args, process) => {
        const taken = snapshot(store, args, mounted(), process);
        this.#notices.momentChanged(taken.name);
        return taken;
      },
      dropSnapshot: ({ name, branch }, process) => {
        removeSnapshot(store, name, branch, mounted(), process);
        this.#notices.momentChanged(name);
        return {};
      },
      merge: (args, process) => this.#changed(merge(store, args, mounted(), process)),
      restore: (args, process) => this.#changed(restore(store, args, mounted(), process)),
      undo: (args, process) => this.#changed(undo(store, args, mounted(), process)),
      begin: ({ name, from }, process) => this.#made(begin(store, name, from, mounted(), process)),
      commit: (args, process) => this.#commit(args, process),
      rollback: ({ name }, process) => this.#drop(transactionOf(store, name).name, process),
      switch: ({ name }) => this.#switch(name),
    };
  }

  #made(branch: Branch): MountOperations["fork"]["result"] {
    this.#notices.branchChanged(branch.name);
    return reportOf(this.#vfs.store, branch);
  }

  #drop(name: string, process: number | null): Record<string, never> {
    const branch = dropBranch(this.#vfs, nameFromText(name), process);
    this.#notices.branchChanged(branch.name);
    return {};
  }

  #commit(args: MountOperations["commit"]["args"], process: number | null): ChangeReport {
    const transaction = transactionOf(this.#vfs.store, args.name);
    refuseInUse(this.#vfs, transaction);
    const report = this.#changed(commit(this.#vfs.store, args, process));
    if (this.#vfs.store.branches.named(transaction.name)?.id !== transaction.id) {
      this.#vfs.views.forgetBranch(transaction.id);
      this.#notices.branchChanged(transaction.name);
    }
    return report;
  }

  #switch(name: string): { readonly name: string } {
    const { views, store } = this.#vfs;
    if (views.mounted.tree.asOf !== undefined)
      throw new FsError(EROFS, "a past moment is mounted, which cannot be switched; mount a branch");
    const before = views.mounted.tree.branch;
    const branch = branchOf(store, name, before);
    if (branch.id === before) return { name };
    views.mount(branch.id);
    this.#notices.switched();
    this.#notices.branchChanged(name);
    this.#notices.branchChanged(store.branches.get(before).name);
    return { name };
  }

  #changed({ report, branch, touched }: Reported): ChangeReport {
    if (report.event === undefined) return report;
    this.#notices.changed(branch, touched);
    const view = this.#vfs.views.branch(branch);
    for (const ino of touched.ended) if (!this.#nodes.knows(view, ino)) this.#vfs.forget(view, ino);
    return report;
  }
}
