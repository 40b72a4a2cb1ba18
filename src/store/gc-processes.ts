import type { Steps } from "../base/steps.js";
import type { Store } from "./store.js";

/** Events read in one step. */
const eventsPerStep = 100_000;

/** Forgets processes that did nothing there is an event of, unless one may still act by the row it has. */
export function* dropProcesses(store: Store): Steps<void> {
  const { connection, writer, processes } = store;
  store.commit("ordered");
  const idle = new Set(
    connection
      .prepare<readonly [number]>("SELECT id FROM process")
      .all([])
      .map(([id]) => id),
  );
  const actors = connection.prepare<readonly [number]>(
    "SELECT DISTINCT process FROM event WHERE id >= $1 AND id < $2 AND process IS NOT NULL",
  );
  const end = store.events.last + 1;
  for (let from = store.moments.oldest(); from < end; from += eventsPerStep) {
    for (const [id] of actors.all([from, Math.min(end, from + eventsPerStep)])) idle.delete(id);
    yield;
  }
  // What happened meanwhile, and who may act from now on.
  store.commit("ordered");
  for (const [id] of actors.all([end, Number.MAX_SAFE_INTEGER])) idle.delete(id);
  for (const id of processes.inUse()) idle.delete(id);
  const drop = connection.prepare("DELETE FROM process WHERE id = $1");
  for (const id of idle) writer.run(drop, [id]);
}
