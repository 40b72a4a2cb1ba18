/** Random operations over many branches, forks, merges, restores and undos, against full copies in memory. */
import t from "tap";
import { Random, seedOf, stepsOf } from "../support/random.js";
import { Branches } from "./branches.js";

t.test("many branches against full copies", { timeout: 170_000 }, (t) => {
  const branches = new Branches(t, new Random(seedOf(t)));
  const steps = stepsOf(1200);
  for (let step = 0; step < steps; step++) {
    branches.step();
    if (step % 500 === 499) branches.check();
  }
  branches.reopen();
  branches.compareAll();
  t.comment(JSON.stringify(branches.counts));
  t.ok((branches.counts["clean merges"] ?? 0) >= steps / 400, "some merges had no conflict");
  t.ok((branches.counts["resolved merges"] ?? 0) > steps / 400, "some had conflicts that were resolved");
  t.ok(branches.kept.length > steps / 400, "many points of the past were read again");
  t.end();
});
