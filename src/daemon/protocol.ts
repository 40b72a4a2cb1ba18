import type { ProcessDetails } from "../store/processes.js";
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

/** The version of the control protocol, in its first line. */
export const protocolVersion = 1;

/** The first line a daemon sends on every connection. */
export interface Hello {
  readonly stonefs: number;
  readonly pid: number;
}

/** Operations of the control socket, each with its arguments and its result. */
export interface Operations {
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
