import { FsError } from "../base/errno.js";
import { type Ref, resolveRef } from "../history/refs.js";
import type { Store } from "../store/store.js";
import type { Tree } from "../store/tree.js";
import { parseWhen, whenForms } from "../vfs/when.js";
import { CliError } from "./errors.js";
import { readFreeWords } from "./freewords.js";
import { branchId } from "./session.js";

/**
 * Reads `BRANCH`, `BRANCH@WHEN` or `WHEN`, the last on the branch `here`; WHEN also in free words. Throws FsError or CliError with a
 * message for a person.
 */
export function findRef(store: Store, here: string, text: string): Ref {
  const branch = branchId(store, here);
  try {
    return resolveRef(store, text, branch);
  } catch (error) {
    const at = text.indexOf("@", 1);
    const owner = at < 0 ? undefined : store.branches.named(text.slice(0, at));
    if (!(error instanceof FsError)) throw error;
    const when = owner === undefined ? text : text.slice(at + 1);
    const words = parseWhen(when, 0) === undefined ? readFreeWords(when) : undefined;
    if (words === undefined) throw refusalOf(text, error);
    try {
      return resolveRef(store, words, owner?.id ?? branch);
    } catch {
      throw new CliError(`"${text}" is ${words}, and that is before the history that is kept begins`);
    }
  }
}

/** A refusal that fits on a line: the forms of moments are many. */
function refusalOf(text: string, error: FsError): CliError {
  if (!error.message.includes(whenForms)) return new CliError(error.message);
  return new CliError(`"${text}" is neither a branch (stone branch lists them) nor a moment (stone help explains them)`);
}

/** The moment (an event) that a person's words mean on a branch. Throws as `findRef`. */
export function findMoment(store: Store, here: string, text: string): number {
  const { branch, moment } = findRef(store, here, text);
  if (moment === undefined) throw new CliError(`"${text}" is a branch, not a moment; stone help lists the forms of moments`);
  if (!isPastOf(store, branchId(store, here), branch, moment)) {
    throw new CliError(`"${text}" is a moment of ${store.branches.get(branch).name}, which ${here} never showed`);
  }
  return moment;
}

/** Whether a moment of `branch` is also one of `of`: the same branch, or one it was forked from, not later. */
function isPastOf(store: Store, of: number, branch: number, moment: number): boolean {
  if (of === branch) return true;
  const { parent, forkedAt } = store.branches.get(of);
  return parent !== null && moment <= forkedAt && isPastOf(store, parent, branch, moment);
}

/** The tree of a ref, to read. What is live is read as of the newest event, so that it stands still. */
export function readTree(store: Store, ref: Ref): Tree {
  return store.past(ref.branch, ref.moment ?? store.events.last);
}
