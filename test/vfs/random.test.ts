/**
 * Random operations on a file system and on a model of it, and the past compared with what the model was. To repeat a failure:
 * STONE_TEST_SEED=n, and STONE_TEST_STEPS=n for how many.
 */
import t, { type Test } from "tap";
import { collectGarbage } from "../../src/store/gc.js";
import type { StoreOptions } from "../../src/store/store.js";
import { assertClean } from "../store/database.js";
import { Random, seedOf, stepsOf } from "../support/random.js";
import { World } from "./world.js";

type Step = (world: World) => void;

/** How often each operation happens, by weight. */
const steps: readonly (readonly [weight: number, step: Step])[] = [
  [10, (world) => world.make("directory")],
  [20, (world) => world.make("file")],
  [4, (world) => world.make("symlink")],
  [2, (world) => world.make("fifo")],
  [6, (world) => world.link()],
  [22, (world) => world.remove()],
  [22, (world) => world.rename()],
  [25, (world) => world.open()],
  [50, (world) => world.write()],
  [10, (world) => world.truncate()],
  [20, (world) => world.release()],
  [10, (world) => world.setAttributes()],
  [8, (world) => world.xattr()],
  [4, (world) => world.removeXattr()],
  [5, (world) => world.sync()],
  [6, (world) => world.keep()],
  [3, (world) => world.lookBack()],
  [3, (world) => world.compareLive()],
  [0.5, (world) => world.remount()],
  [0.5, (world) => world.crash()],
  [0.5, (world) => world.collect()],
];

const total = steps.reduce((sum, [weight]) => sum + weight, 0);

function someStep(random: Random): Step {
  let at = random.fraction() * total;
  for (const [weight, step] of steps) {
    at -= weight;
    if (at < 0) return step;
  }
  return (world) => world.compareLive();
}

function run(t: Test, options: StoreOptions, usual: number, forks = 0): void {
  const world = new World(t, new Random(seedOf(t)), options);
  const count = stepsOf(usual);
  for (let i = 0; i < count; i++) {
    if (i % Math.ceil(count / (forks + 1)) === 0 && i > 0) world.fork();
    someStep(world.random)(world);
    world.pulse();
  }
  world.compareLive();
  t.ok(world.kept.length > 0, `${world.kept.length} moments were remembered`);
  for (const kept of world.kept) world.comparePast(kept);
  world.compareLeft();
  world.model.closeAll();
  world.finishCollecting();
  assertClean(t, world.vfs.store);
  collectGarbage(
    world.vfs.store,
    0,
    world.kept.map(({ moment }) => moment),
  );
  for (const kept of world.kept) world.comparePast(kept);
  world.compareLive();
  assertClean(t, world.vfs.store, "clean after dropping what was between the kept moments");
  world.remount();
  world.compareLive();
  world.compareLeft();
  for (const kept of world.kept) world.comparePast(kept);
  assertClean(t, world.vfs.store, "clean after a remount");
}

t.test("as the model, live and in the past", (t) => {
  run(t, {}, 3000);
  t.end();
});

t.test("with caches that hold almost nothing", (t) => {
  run(t, { cacheBytes: 40_000, blobCacheBytes: 1000 }, 2000);
  t.end();
});

t.test("with batches that end all the time", (t) => {
  run(t, { batchBytes: 20_000 }, 1500);
  t.end();
});

t.test("in a branch of a branch of a branch", (t) => {
  run(t, {}, 1500, 3);
  t.end();
});
