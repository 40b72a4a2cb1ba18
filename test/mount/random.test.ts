/** Random operations on the mount and on a host directory: the same live tree, and the same tree at each moment of the past. */
import fs from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import t, { type Test } from "tap";
import { onMount } from "../support/mount.js";
import { apply, operations, setTimesBefore } from "../support/operations.js";
import { seedOf } from "../support/random.js";
import { temporaryDirectory } from "../support/temporary.js";
import { describeTree, differences } from "../support/tree.js";

const moments = 30;

/** With the times that were set; the others two runs do not share. */
const live = (directory: string): Map<string, string> => describeTree(directory, { ignore: ["owner"], timesBefore: setTimesBefore });
/** A directory's times in the past are exact to the batch only. */
const stateOf = (directory: string): Map<string, string> =>
  describeTree(directory, { ignore: ["owner", "directory-mtime"], timesBefore: setTimesBefore });

interface Moment {
  readonly iso: string;
  readonly state: Map<string, string>;
}

/** Applies operations to both until the next moment; fails where one of them refuses what the other does. */
function applyToBoth(t: Test, here: string, there: string, row: Generator, count: number): void {
  for (let index = 0; index < count; index++) {
    const operation = row.next().value;
    const [onHost, onMount] = [apply(here, operation), apply(there, operation)];
    if (onHost !== onMount) t.fail(`${JSON.stringify(operation)}: host ${onHost}, mount ${onMount}`);
  }
}

async function run(t: Test, here: string, there: string): Promise<Moment[]> {
  const seed = seedOf(t);
  const row = operations(seed);
  const taken: Moment[] = [];
  for (let index = 0; index < moments; index++) {
    applyToBoth(t, here, there, row, 20 + ((seed + index * 37) % 300));
    await pause(20);
    taken.push({ iso: new Date().toISOString(), state: stateOf(here) });
    await pause(20);
    if (index % 5 === 0) t.same(differences(live(here), live(there)), [], `live, moment ${index}`);
  }
  return taken;
}

function compareAll(t: Test, root: string, taken: readonly Moment[], when: string): void {
  for (const [index, { iso, state }] of taken.entries()) {
    t.same(differences(state, stateOf(join(root, ".history", iso, "tree"))), [], `moment ${index}, ${when}`);
  }
}

t.test("live and past trees are what a host directory was", { timeout: 170_000 }, (t) =>
  onMount(t, async (mount) => {
    const [here, there] = [join(temporaryDirectory(t), "tree"), join(mount.directory, "tree")];
    for (const directory of [here, there]) fs.mkdirSync(directory);
    const taken = await run(t, here, there);
    const different = new Set(taken.map(({ state }) => JSON.stringify([...state]))).size;
    t.ok(different > moments / 2, `${different} different states; fewer would prove little`);
    compareAll(t, mount.directory, taken, "at once");
    mount.unmount();
    mount.mount();
    t.same(differences(live(here), live(there)), [], "live, mounted again");
    compareAll(t, mount.directory, taken, "mounted again");
  }),
);
