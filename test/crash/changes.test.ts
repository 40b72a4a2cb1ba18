/** kill -9 in the middle of a merge, a restore, a fork: whoever opens the database next finds all of it or nothing. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { performDirectly } from "../../src/cli/direct.js";
import { openStore } from "../../src/store/store.js";
import { daemonOf } from "../support/daemon.js";
import { type Mount, onMount } from "../support/mount.js";
import { stone, stoneCommand } from "../support/stone.js";
import { temporaryDirectory } from "../support/temporary.js";
import { type Change, changes, makeHistory, nameOf, stateOf } from "./changes.js";

/** How often each change is killed, at moments spread over the time it takes. */
const kills = 4;

/** Those that differ in what they write. */
const killed = changes.filter(
  ({ op }, index) =>
    ["merge", "restore", "undo", "commit", "fork", "rollback"].includes(op) && changes.findIndex((other) => other.op === op) === index,
);

/** A database before a change, and what it shows then and afterwards. */
interface Case {
  readonly template: string;
  readonly before: string;
  readonly after: string;
}

function look(database: string): string {
  const store = openStore(database);
  try {
    return stateOf(store);
  } finally {
    store.close();
  }
}

function copyDatabase(from: string, to: string): void {
  for (const suffix of ["-wal", "-shm", "-redo", "-reserve"]) fs.rmSync(to + suffix, { force: true });
  fs.copyFileSync(from, to);
}

function caseOf(t: Test, change: Change): Case {
  const template = join(temporaryDirectory(t), "db");
  t.equal(stone(["init", template]).status, 0);
  const store = openStore(template);
  makeHistory(store);
  const before = stateOf(store);
  store.close();
  const changed = join(temporaryDirectory(t), "db");
  copyDatabase(template, changed);
  performDirectly(changed, change.op, change.args);
  const after = look(changed);
  t.not(after, before, "the change is one");
  return { template, before, after };
}

function spin(millis: number): void {
  const end = performance.now() + millis;
  while (performance.now() < end);
}

/** Has the daemon make the change and kills it after `millis`, or with Infinity when it has answered. Returns how long it took to answer. */
async function killDuring(mount: Mount, change: Change, millis: number): Promise<{ answered: boolean; tookMs: number }> {
  const daemon = await daemonOf(mount);
  const began = performance.now();
  let tookMs = Number.POSITIVE_INFINITY;
  const answer = daemon.ask(change.op, change.args).then(
    () => {
      tookMs = performance.now() - began;
    },
    () => undefined,
  );
  if (millis === Number.POSITIVE_INFINITY) await answer;
  else spin(millis);
  await mount.kill();
  await answer;
  daemon.close();
  return { answered: tookMs !== Number.POSITIVE_INFINITY, tookMs };
}

for (const change of killed) {
  t.test(`the daemon is killed in: ${nameOf(change)}`, (t) =>
    onMount(t, async (mount) => {
      const { template, before, after } = caseOf(t, change);
      mount.unmount();
      const round = async (millis: number): Promise<number> => {
        copyDatabase(template, mount.database);
        mount.mount();
        const { answered, tookMs } = await killDuring(mount, change, millis);
        mount.check();
        const found = look(mount.database);
        const what = found === after ? "all of it" : found === before ? "nothing" : "something between";
        const expected = answered ? ["all of it"] : ["all of it", "nothing"];
        t.ok(expected.includes(what), `killed after ${millis.toFixed(1)} ms, ${answered ? "answered" : "not answered"}: ${what} is there`);
        return tookMs;
      };
      const tookMs = await round(Number.POSITIVE_INFINITY);
      for (let kill = 0; kill < kills; kill++) await round((tookMs * kill) / kills);
      mount.mount();
    }),
  );
}

t.test("a command without a daemon is killed", async (t) => {
  const [change] = changes as readonly [Change];
  const { template, before, after } = caseOf(t, change);
  const database = join(temporaryDirectory(t), "db");
  const began = performance.now();
  const found = new Set<string>();
  const round = async (millis: number): Promise<void> => {
    copyDatabase(template, database);
    const [program, args] = stoneCommand(["merge", "feat", "--db", database]);
    const command = spawn(program, args, { stdio: "ignore" });
    const killer = millis === Number.POSITIVE_INFINITY ? undefined : setTimeout(() => command.kill("SIGKILL"), millis);
    const [status] = await once(command, "close");
    clearTimeout(killer);
    const state = look(database);
    const what = state === after ? "all of it" : state === before ? "nothing" : "something between";
    t.ok(
      what === "all of it" || (what === "nothing" && status !== 0),
      `killed after ${millis.toFixed(1)} ms, status ${status}: ${what} is there`,
    );
    t.equal(stone(["check", "--db", database]).status, 0, "the integrity check is clean");
    found.add(what);
  };
  await round(Number.POSITIVE_INFINITY);
  const tookMs = performance.now() - began;
  for (let kill = 0; kill < 2 * kills; kill++) await round(tookMs * (0.3 + (0.6 * kill) / (2 * kills)));
  t.ok(found.has("all of it"));
});
