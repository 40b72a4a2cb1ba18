import type { Change } from "../history/change.js";
import type { Conflict } from "../history/conflict.js";
import type { BranchKind } from "../store/branches.js";
import type { ProcessDetails } from "../store/processes.js";
import type { Snapshot } from "../store/snapshots.js";
import type { MountOptions } from "./options.js";

/**
 * The three conversations of a daemon, as data:
 * the command that starts it (`DaemonConfig` in, one `Report` out), its control socket (`Hello`, `Request`, `Answer`),
 * and its two threads (`WorkerRequest`, `WorkerMessage`).
 */

/** What to mount where. Paths are absolute and free of symbolic links. */
export interface DaemonConfig {
  readonly database: string;
  readonly mountPoint: string;
  readonly branch: string;
  /** A past moment to show read-only, as the user wrote it. */
  readonly at?: string;
  readonly options: MountOptions;
}

/** What a starting daemon tells the command that started it, once: the mount answers, or why there is none. */
export type Report = { readonly ready: true } | { readonly ready: false; readonly message: string };

/** The daemon's end of the pipe it reports on. */
export const reportDescriptor = 3;

/** The version of the control protocol, in its first line. */
export const protocolVersion = 2;

/** The first line a daemon sends on every connection. */
export interface Hello {
  readonly stonefs: number;
  readonly pid: number;
}

/**
 * How conflicts of a merge are settled. Of several that fit a conflict the one with the longest path counts.
 * `ours` keeps what the target has, `theirs` takes what the source has, `text` merges the lines of two texts.
 */
export interface Resolution {
  readonly how: "ours" | "theirs" | "text";
  /** The path it is for, and all below it, from the root, as bytes (latin1) with "/" in between; without it every path. */
  readonly path?: string;
}

/** Whether lines of a text that both sides changed are written between markers, or leave the file a conflict. */
export type Markers = "markers" | "none";

/** Whether to do it, or only to say what would be done. */
export type Intent = "apply" | "dry-run";

/** A branch that was made. */
export interface BranchReport {
  readonly id: number;
  readonly name: string;
  readonly kind: BranchKind;
  /** The name of the branch it was forked from, and the moment of that. */
  readonly from: string;
  readonly forkedAt: number;
}

/** What a merge, a restore, an undo or a commit did, or would do. With conflicts nothing was applied. */
export interface ChangeReport {
  readonly changes: readonly Change[];
  readonly conflicts: readonly Conflict[];
  /** The event that did it; none when there was nothing to do, a conflict, or it was a dry run. */
  readonly event?: number;
}

/**
 * Operations on the store: the daemon's worker carries them out, and without a daemon a command itself, under the database's lock.
 * Branches are named; a `branch` left out is the mounted one (`main` when nothing is mounted). A moment (`at`, `when`) is text in
 * the grammar of paths, such as `@1234`. Paths are bytes (latin1) from the root, with "/" in between.
 */
export interface StoreOperations {
  /** Makes a branch, off another as of a moment or now. EEXIST, EINVAL, ENAMETOOLONG, ENOENT. */
  fork: { args: { readonly name: string; readonly from?: string; readonly at?: string }; result: BranchReport };
  /** Drops a branch. EBUSY for one that is mounted, has files open, or is what others were forked from. */
  dropBranch: { args: { readonly name: string }; result: Record<string, never> };
  renameBranch: { args: { readonly name: string; readonly to: string }; result: Record<string, never> };
  /** Names the present moment of a branch; a name left out is chosen. */
  snapshot: { args: { readonly name?: string; readonly message?: string; readonly branch?: string }; result: Snapshot };
  dropSnapshot: { args: { readonly name: string; readonly branch?: string }; result: Record<string, never> };
  /** Takes into `target` what changed in `source` since the two were last one. */
  merge: {
    args: {
      readonly source: string;
      readonly target?: string;
      readonly resolutions: readonly Resolution[];
      readonly markers: Markers;
      readonly intent: Intent;
    };
    result: ChangeReport;
  };
  /** Makes paths, or with none everything, as they were at a moment. */
  restore: {
    args: { readonly when: string; readonly paths: readonly string[]; readonly branch?: string; readonly intent: Intent };
    result: ChangeReport;
  };
  /** Takes back the last `count` changes, or all those of the process with pid `by`. */
  undo: {
    args: { readonly count?: number; readonly by?: number; readonly branch?: string; readonly intent: Intent };
    result: ChangeReport;
  };
  /** Opens a transaction: a branch of that kind, off the mounted branch or `from`, as it is now; a name left out is chosen. */
  begin: { args: { readonly name?: string; readonly from?: string }; result: BranchReport };
  /** Merges a transaction into the branch it was forked from, and drops it; with conflicts it stays as it is. */
  commit: {
    args: { readonly name: string; readonly resolutions: readonly Resolution[]; readonly markers: Markers; readonly intent: Intent };
    result: ChangeReport;
  };
  /** Drops a transaction. */
  rollback: { args: { readonly name: string }; result: Record<string, never> };
}

export type StoreOperation = keyof StoreOperations;

/** Every name of a store operation. */
export const storeOperations: readonly StoreOperation[] = [
  "fork",
  "dropBranch",
  "renameBranch",
  "snapshot",
  "dropSnapshot",
  "merge",
  "restore",
  "undo",
  "begin",
  "commit",
  "rollback",
];

/** Operations of the mount: the worker carries them out. */
export interface MountOperations extends StoreOperations {
  /** Shows another branch in the root of the mount. */
  switch: { args: { readonly name: string }; result: { readonly name: string } };
}

export type MountOperation = keyof MountOperations;

/** Every name of an operation of the mount. */
export const mountOperations: readonly MountOperation[] = [...storeOperations, "switch"];

/** One of these, with its arguments. */
export type MountCall<Op extends MountOperation = MountOperation> = { [Each in Op]: { op: Each; args: MountOperations[Each]["args"] } }[Op];

/** Who asks on the control socket, as the kernel says (SO_PEERCRED, unix(7)). */
export interface Peer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Operations of the control socket, each with its arguments and its result. */
export interface Operations extends MountOperations {
  /** How the daemon is doing. */
  status: { args: Record<string, never>; result: DaemonStatus };
  /** Commits everything pending durably, so that whoever opens the database next sees it. */
  barrier: { args: Record<string, never>; result: Record<string, never> };
  /** Forgets the past beyond `keepMicros` microseconds ago. */
  gc: { args: { readonly keepMicros: number }; result: GcReport };
  /** Commits and unmounts. `how` "plain" refuses with EBUSY while the mount is in use; "lazy" detaches it at once. */
  unmount: { args: { readonly how: "plain" | "lazy" }; result: Record<string, never> };
  /** Ends the daemon as SIGTERM does: commits, unmounts, detaches what is in use. */
  shutdown: { args: Record<string, never>; result: Record<string, never> };
}

export type Operation = keyof Operations;

/** One line from a client. */
export interface Request<Op extends Operation = Operation> {
  readonly id: number;
  readonly op: Op;
  readonly args: Operations[Op]["args"];
}

/** A refusal; `code` is a Linux error name such as EBUSY where there is one. */
export interface Refusal {
  readonly message: string;
  readonly code?: string;
}

/** A refusal with its Linux error name, to throw inside a handler. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly code: string | undefined;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.code = refusal.code;
  }
}

/** One line back. */
export type Answer =
  | { readonly id: number; readonly ok: Operations[Operation]["result"] }
  | { readonly id: number; readonly error: Refusal };

export interface DaemonStatus {
  readonly pid: number;
  readonly database: string;
  readonly mountPoint: string;
  readonly branch: string;
  readonly at?: string;
  readonly readOnly: boolean;
  readonly startedAtMillis: number;
  readonly uptimeMillis: number;
  readonly residentBytes: number;
  /** What the worker counts, by name. Empty while it is too busy to answer. */
  readonly counters: Counters;
}

export type Counters = Readonly<Record<string, number>>;

/** What a garbage collection did. */
export interface GcReport {
  /** Rows of the past that no kept moment needs any more. */
  readonly rows: number;
  readonly blobs: number;
  /** Bytes of content forgotten. */
  readonly bytes: number;
}

/** From the main thread to the worker. The byte in the wake descriptor follows the message. */
export type WorkerRequest =
  | { readonly id: number; readonly op: "status" | "barrier" }
  | { readonly id: number; readonly op: "gc"; readonly keepMicros: number }
  | { readonly id: number; readonly op: "call"; readonly call: MountCall; readonly peer: Peer }
  /** What was found out about a process the worker asked for by its row's id. */
  | { readonly id: number; readonly op: "process"; readonly details: ProcessDetails };

/** From the worker to the main thread. */
export type WorkerMessage =
  | { readonly kind: "mounted" }
  /** A process acts for the first time: what /proc says of it is to be sent back, for the row `id`. */
  | { readonly kind: "process"; readonly id: number; readonly pid: number }
  | { readonly kind: "answer"; readonly id: number; readonly result: unknown }
  | { readonly kind: "refusal"; readonly id: number; readonly error: Refusal }
  /** The worker cannot go on; `stack` is for the log. It ends after this. */
  | { readonly kind: "failed"; readonly message: string; readonly stack: string };
