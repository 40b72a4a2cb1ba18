/**
 * ESTALE after a switch. The kernel finds a directory below the root that it knew below `.branches`, or the other way round, and moves
 * it, for which it only tries to take its locks (__d_unalias in fs/dcache.c): of many that look at once, one may be told that the
 * directory is stale. Whoever looks again sees it.
 */

/** Node has no name for it. */
const staleErrno = -116;

export function isStale(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).errno === staleErrno;
}

/** Looks again, a few times, when it is told so. */
export function lookAgain<Result>(look: () => Result): Result {
  for (let turn = 0; ; turn++) {
    try {
      return look();
    } catch (error) {
      if (turn === 10 || !isStale(error)) throw error;
    }
  }
}
