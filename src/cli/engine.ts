import type { Name } from "../base/bytes.js";
import type { GcReport } from "../daemon/protocol.js";

/** What the commands need of the store. One file, so that its shape and ours meet in one place. */
export interface Engine {
  /** Makes an empty file system. Throws when the file exists. */
  createStore(path: string, options: { readonly pageSize?: number }): void;
  /** Throws DatabaseFormatError when the file is not of this format. */
  openStore(path: string, options: { readonly readOnly: boolean }): OpenedStore;
}

export interface OpenedStore {
  check(): readonly Problem[];
  /** The versions of what a path of a branch has been, oldest first; empty when it never was anything. */
  history(branch: string, path: readonly Name[]): readonly FileVersion[];
  gc(keepMicros: number): GcReport;
  close(): void;
}

/** A broken invariant. */
export interface Problem {
  /** As `schema/` numbers it, such as `I7`. */
  readonly invariant: string;
  readonly message: string;
}

export interface FileVersion {
  /** The event that made it. */
  readonly event: number;
  readonly atMicros: number;
  readonly op: string;
  readonly sizeBytes: number;
}

export async function loadEngine(): Promise<Engine> {
  const module = "../store/open.js";
  return (await import(module)) as Engine;
}
