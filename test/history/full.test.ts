/** A disk that is full in the middle of a merge, a restore, a fork: ENOSPC, nothing of it happened, and with room it goes through. */
import t, { type Test } from "tap";
import { ENOSPC } from "../../src/base/errno.js";
import { checkDatabase } from "../../src/store/check/check.js";
import { rootIno } from "../../src/store/tree.js";
import { applyTo, type Change, changes, makeHistory, nameOf, stateOf } from "../crash/changes.js";
import { assertClean, crashCopy, open } from "../store/database.js";
import { newFaultyStore } from "../store/faulty.js";
import { errnoOf, root, vfsOf } from "../vfs/files.js";

/** How many of a change's statements are the first that fails, one after the other. */
const faults = 12;

/** How many statements a change takes. */
function statementsOf(t: Test, change: Change): number {
  const { store, disk } = newFaultyStore(t);
  makeHistory(store);
  const before = disk.done;
  applyTo(store, change);
  return disk.done - before;
}

function fullDuring(t: Test, change: Change): void {
  const total = statementsOf(t, change);
  const { store, disk } = newFaultyStore(t);
  makeHistory(store);
  const vfs = vfsOf(store);
  const view = vfs.views.mounted;
  // A file that is open, and one whose number somebody else still knows, must stay what they are.
  const moved = vfs.lookup(view, rootIno, "moved")?.ino ?? 0;
  const handle = vfs.handles.open(view, moved, 2, root);
  const gone = vfs.create(view, rootIno, "gone", 0o100644, root).ino;
  vfs.unlink(view, rootIno, "gone", root);
  store.commit("durable");

  const problems: string[] = [];
  let refusals = 0;
  for (let at = 0; at < total; at += Math.max(1, Math.floor(total / faults))) {
    const text = Buffer.from(`full at ${at}`);
    vfs.handles.write(handle, 0, text, false, root);
    vfs.mkdir(view, rootIno, `waiting ${at}`, 0o755, root);
    const before = stateOf(store);
    // What waits is committed; then the change itself meets the full disk.
    store.commit("ordered");
    disk.left = at;
    const errno = errnoOf(() => applyTo(store, change));
    if (errno === ENOSPC) refusals += 1;
    else problems.push(`${at}: errno ${errno}`);
    disk.left = Number.POSITIVE_INFINITY;
    if (store.writer.open || store.writer.stalled) problems.push(`${at}: something waits`);
    if (stateOf(store) !== before) problems.push(`${at}: the trees differ`);
    const copy = open(t, crashCopy(t, store), { mode: "read" });
    if (stateOf(copy) !== before) problems.push(`${at}: the database differs`);
    problems.push(...checkDatabase(copy.connection).map(({ message }) => `${at}: ${message}`));
    copy.connection.close();
    if (vfs.attributes(view, gone).nlink !== 0) problems.push(`${at}: a removed file came back`);
    const read = Buffer.alloc(text.length);
    vfs.handles.read(handle, 0, read);
    if (!read.equals(text)) problems.push(`${at}: the open file has other bytes`);
  }
  t.same(problems, [], `refused ${refusals} times in ${total} statements`);
  const before = stateOf(store);
  applyTo(store, change);
  const after = stateOf(store);
  t.not(after, before, "with room it goes through");
  const copy = open(t, crashCopy(t, store), { mode: "read" });
  t.ok(stateOf(copy) === after, "and is durable");
  copy.connection.close();
  vfs.handles.release(handle);
  vfs.forget(view, gone);
  assertClean(t, store);
  t.end();
}

for (const change of changes) t.test(nameOf(change), (t) => fullDuring(t, change));

t.test("full before it begins: what was acknowledged waits, and the change is refused", (t) => {
  for (const change of changes) {
    const { store, disk } = newFaultyStore(t);
    makeHistory(store);
    const vfs = vfsOf(store);
    vfs.mkdir(vfs.views.mounted, rootIno, "waiting", 0o755, root);
    const before = stateOf(store);
    disk.left = 1;
    t.equal(
      errnoOf(() => applyTo(store, change)),
      ENOSPC,
      nameOf(change),
    );
    disk.left = Number.POSITIVE_INFINITY;
    store.commit("durable");
    t.ok(stateOf(store) === before, "nothing of it happened, nothing was lost");
    applyTo(store, change);
    assertClean(t, store);
  }
  t.end();
});
