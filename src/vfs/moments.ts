import { EINVAL, FsError } from "../base/errno.js";
import type { Store } from "../store/store.js";
import { parseWhen, whenForms } from "./when.js";

/** What a moment as written stands for in a branch: an event; or no form of a moment; or one that is in the future or not kept. */
export type NamedMoment =
  | { readonly kind: "moment"; readonly moment: number; readonly relative: boolean }
  | { readonly kind: "unreadable" }
  | { readonly kind: "nowhere" };

/** Reads a moment of a branch: a snapshot's name comes first, then the strict grammar. @param now microseconds since 1970 */
export function namedMoment(store: Store, branch: number, text: string, now: number): NamedMoment {
  const snapshot = store.snapshotNamed(branch, text);
  if (snapshot !== undefined) return { kind: "moment", moment: snapshot, relative: false };
  const when = parseWhen(text, now);
  if (when === undefined) return { kind: "unreadable" };
  const moment = store.momentOf(when, now);
  if (moment === undefined) return { kind: "nowhere" };
  return { kind: "moment", moment, relative: when.kind === "time" && when.relative === "relative" };
}

/** Throws EINVAL for what cannot be a new branch's name because it means a moment: where either may stand, the branch would hide it. */
export function refuseMomentName(name: string): void {
  if (parseWhen(name, 0) !== undefined)
    throw new FsError(EINVAL, `"${name}" already means a moment; a branch's name must be none of: ${whenForms}`);
}
