/** Doing things as somebody else: only root can, so cases that use this need "root". */

export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  readonly groups?: readonly number[];
}

/** Debian's `nobody`, and two numbers that no account has. */
export const nobody: Credentials = { uid: 65534, gid: 65534 };
export const alice: Credentials = { uid: 40001, gid: 40001 };
export const bob: Credentials = { uid: 40002, gid: 40002 };

/**
 * Runs `action` with the effective user, group and supplementary groups of `who`. The kernel checks files against exactly
 * these and drops root's capabilities with the effective user. `action` must be synchronous: all threads change together.
 */
export function asUser<Result>(who: Credentials, action: () => Result): Result {
  const groups = process.getgroups?.() ?? [];
  process.setgroups?.([...(who.groups ?? [])]);
  process.setegid?.(who.gid);
  process.seteuid?.(who.uid);
  try {
    return action();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
    process.setgroups?.(groups);
  }
}

/** Runs `action` with another umask. */
export function withUmask<Result>(mask: number, action: () => Result): Result {
  const before = process.umask(mask);
  try {
    return action();
  } finally {
    process.umask(before);
  }
}
