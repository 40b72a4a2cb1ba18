import type { Test } from "tap";
import { checkDatabase } from "../../src/store/check/check.js";
import type { Store, StoreOptions } from "../../src/store/store.js";
import { crashCopy, open } from "../store/database.js";
import { differences } from "./compare.js";
import type { Node } from "./model.js";

/** A moment, and what the whole tree was then. */
export interface Kept {
  readonly moment: number;
  readonly tree: Node;
}

/** What must be there after a crash. */
interface Crashed {
  readonly branch: number;
  /** The last batch. */
  readonly committed: Kept;
  readonly kept: readonly Kept[];
}

/** How many of the remembered moments are looked at: opening the copy costs more than that. */
const newestKept = 5;

/** Opens what a crash at this instant would leave. Returns what differs from the last batch's tree, in the past too, and what is damaged. */
export function damageByCrash(t: Test, store: Store, options: StoreOptions, { branch, committed, kept }: Crashed): string[] {
  const copy = open(t, crashCopy(t, store), options);
  const found = differences(copy.live(branch), committed.tree);
  const past = kept.filter(({ moment }) => moment <= committed.moment).slice(-newestKept);
  for (const { moment, tree } of past) {
    found.push(...differences(copy.past(branch, moment), tree).map((difference) => `as of @${moment}: ${difference}`));
  }
  copy.commit("ordered");
  found.push(...checkDatabase(copy.connection).map(({ invariant, message }) => `${invariant}: ${message}`));
  copy.close();
  return found;
}
