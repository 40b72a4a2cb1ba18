/** A broken invariant of this program: a bug, never the caller's fault. The mount turns read-only when it meets one. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** Checks an invariant, in production too. Throws InvariantError with `what` when it does not hold. */
export function invariant(condition: boolean, what: string): asserts condition {
  if (!condition) throw new InvariantError(what);
}
