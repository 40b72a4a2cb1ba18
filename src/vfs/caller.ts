/** Who asks: the identity that files created get, and the process that the event is attributed to. */
export interface Caller {
  readonly uid: number;
  readonly gid: number;
  /** Row of the `process` table; null for the file system itself. */
  readonly process: number | null;
}
