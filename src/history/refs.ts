import { nowMicros } from "../base/clock.js";
import { EINVAL, ENOENT, FsError } from "../base/errno.js";
import type { Store } from "../store/store.js";
import type { Tree } from "../store/tree.js";
import { parseWhen, whenForms } from "../vfs/when.js";
import type { Point } from "./lineage.js";

/** A tree: a branch as of a moment, or now. */
export interface Ref {
  readonly branch: number;
  readonly moment?: number;
}

/** The tree of a ref; without a moment the live one. */
export function treeOf(store: Store, ref: Ref): Tree {
  return ref.moment === undefined ? store.live(ref.branch) : store.past(ref.branch, ref.moment);
}

/** A ref as it stands this instant: every draft is ended. */
export function pointOf(store: Store, ref: Ref): Point {
  store.settle();
  return { branch: ref.branch, moment: ref.moment ?? store.events.last };
}

/**
 * Reads `BRANCH`, `BRANCH@WHEN` or `WHEN` (a snapshot, a time, @EVENT; of `defaultBranch`, or of the branch the snapshot is of).
 * A branch's name comes before a snapshot's. Throws ENOENT, EINVAL with a message for a person.
 */
export function resolveRef(store: Store, text: string, defaultBranch: number): Ref {
  const named = store.branches.named(text);
  if (named !== undefined) return { branch: named.id };
  const whole = momentIn(store, text, defaultBranch);
  if (whole !== undefined) return whole;
  for (let at = text.indexOf("@", 1); at > 0; at = text.indexOf("@", at + 1)) {
    const branch = store.branches.named(text.slice(0, at));
    if (branch === undefined) continue;
    const when = text.slice(at + 1);
    const found = momentIn(store, /^\d{1,15}$/.test(when) ? `@${when}` : when, branch.id);
    if (found === undefined) throw new FsError(EINVAL, `"${when}" is no moment of branch "${branch.name}"; write ${whenForms}`);
    return { branch: branch.id, moment: found.moment };
  }
  throw new FsError(ENOENT, `"${text}" is neither a branch (stone branch --list shows them) nor a moment: ${whenForms}`);
}

/** The moment that a text means; undefined when it is none. Throws ENOENT when it means one whose tree is not there. */
function momentIn(store: Store, text: string, branch: number): (Ref & { readonly moment: number }) | undefined {
  const sql = "SELECT branch, event FROM snapshot WHERE name = $1";
  const snapshot = store.connection.prepare<readonly [number, number]>(sql).get([text]);
  if (snapshot !== undefined) return { branch: snapshot[0], moment: snapshot[1] };
  const now = nowMicros();
  const when = parseWhen(text, now);
  if (when === undefined) return undefined;
  const moment = store.momentOf(when, now);
  if (moment === undefined) throw new FsError(ENOENT, `"${text}" is in the future, or before the history that is kept begins`);
  return { branch, moment };
}
