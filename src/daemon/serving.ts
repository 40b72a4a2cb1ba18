import type { ProcessDetails } from "../store/processes.js";
import type { Counters, DaemonConfig, GcReport, MountCall, MountOperation, MountOperations, Peer } from "./protocol.js";

/** What the file system does for the control socket. Called on the worker, between two requests of the kernel. */
export interface Served {
  /** Commits everything pending durably. */
  barrier(): void;
  /** Drops history in steps between requests; `answer` gets the report, `refuse` what went wrong. */
  gc(keepMicros: number, answer: (report: GcReport) => void, refuse: (error: unknown) => void): void;
  counters(): Counters;
  /**
   * Carries out an operation on the store or the mount, for `peer`. Throws FsError, or Error with a message for the user, when it
   * refuses; calls `answer` when the kernel knows of what changed: at once, or between two later requests.
   */
  perform(call: MountCall, peer: Peer, answer: (result: MountOperations[MountOperation]["result"]) => void): void;
  /** Calls `then` when the kernel knows of every change so far that it did not ask for: at once, or between two later requests. */
  whenNoticed(then: () => void): void;
  /** Completes the row of a process. */
  describeProcess(id: number, details: ProcessDetails): void;
}

/**
 * What a file system is given to serve with. It is opened, mounted, and closed after it was unmounted; whoever serves throws when it
 * cannot begin, with a message for the user, or cannot go on.
 */
export interface Serving {
  readonly config: DaemonConfig;
  /** To be called when a process acts for the first time, with its row's id: `describeProcess` answers later. */
  onNewProcess(id: number, pid: number): void;
  /** To be called once, when the mount answers. */
  onMounted(): void;
}

/** For a driver that keeps its thread. */
export interface KernelServing extends Serving {
  /** To be polled beside the kernel's descriptor. */
  readonly wakeDescriptor: number;
  /** To be called when the wake descriptor is readable: answers what the main thread asked. Never throws. */
  onWake(served: Served): void;
}

/** For a driver on the event loop. */
export interface LibfuseServing extends Serving {
  /** To be called once, before mounting: `served` answers what is asked from then on, `afterwards` is called after each. */
  onServed(served: Served, afterwards: () => void): void;
}
