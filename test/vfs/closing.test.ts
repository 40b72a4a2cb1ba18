/** What ends a version of a file's bytes: each of these, and nothing else. */
import t from "tap";
import { mainBranch } from "../../src/store/store.js";
import type { Vfs } from "../../src/vfs/vfs.js";
import type { View } from "../../src/vfs/view.js";
import { assertClean, textAsOf } from "../store/database.js";
import { newVfs, root } from "./files.js";

const flags = { read: 0, write: 2 };

interface Scene {
  readonly vfs: Vfs;
  readonly view: View;
  readonly ino: number;
  readonly handle: number;
}

/** Ends a version in between, or does not; by what, and the handle that goes on writing. */
const actions: Readonly<Record<string, (scene: Scene) => void>> = {
  "another handle's close": ({ vfs, view, ino }) => vfs.handles.release(vfs.handles.open(view, ino, flags.write, root)),
  fsync: ({ vfs }) => vfs.sync(),
  "the batch's end": ({ vfs }) => vfs.store.commit("ordered"),
  "a rename": ({ vfs, view }) => vfs.rename(view, 1, "file", 1, "renamed", "replace", root),
  "a rename over it": ({ vfs, view }) => vfs.rename(view, 1, "other", 1, "file", "replace", root),
  "an exchange": ({ vfs, view }) => vfs.rename(view, 1, "other", 1, "file", "exchange", root),
  "a link": ({ vfs, view, ino }) => vfs.link(view, ino, 1, "linked", root),
  "an unlink": ({ vfs, view }) => vfs.unlink(view, 1, "file", root),
  "a read of the past": ({ vfs }) => vfs.store.past(mainBranch, vfs.store.events.last),
  "looking up a moment": ({ vfs, view }) => vfs.views.open(view, 1, "1w-ago") ?? vfs.views.open(view, 1, `@${vfs.store.events.last}`),
  "a fork": ({ vfs }) => vfs.store.branches.fork("fork", mainBranch, undefined, "branch", null),
  "a change of mode": ({ vfs, view, ino }) => vfs.setAttributes(view, ino, { mode: 0o600 }, root),
  "an attribute": ({ vfs, view, ino }) => vfs.setXattr(view, ino, "user.x", Buffer.from("x"), "set", root),
};

const others: Readonly<Record<string, (scene: Scene) => void>> = {
  nothing: () => {},
  "a read": ({ vfs, handle }) => vfs.handles.read(handle, 0, Buffer.alloc(10)),
  "closing a handle that only reads": ({ vfs, view, ino }) => vfs.handles.release(vfs.handles.open(view, ino, flags.read, root)),
  "a change of another file": ({ vfs, view }) => vfs.unlink(view, 1, "other", root),
  "writing row versions": ({ vfs }) => vfs.store.drain(),
};

/** What the moment between two writes shows, when `action` happens there. */
function shownBetween(vfs: Vfs, action: (scene: Scene) => void): string | undefined {
  const view = vfs.views.mounted;
  vfs.create(view, 1, "other", 0o100644, root);
  const { ino } = vfs.create(view, 1, "file", 0o100644, root);
  const first = vfs.handles.open(view, ino, flags.write, root);
  vfs.handles.write(first, 0, Buffer.from("one"), false, root);
  vfs.handles.release(first);
  const handle = vfs.handles.open(view, ino, flags.write, root);
  vfs.handles.write(handle, 0, Buffer.from("two"), false, root);
  const between = vfs.store.events.last;
  action({ vfs, view, ino, handle });
  vfs.handles.write(handle, 0, Buffer.from("six"), false, root);
  vfs.handles.release(handle);
  return textAsOf(vfs.store, ino, between);
}

for (const [what, action] of Object.entries(actions)) {
  t.test(`ended by ${what}`, (t) => {
    const vfs = newVfs(t);
    t.equal(shownBetween(vfs, action), "two");
    assertClean(t, vfs.store);
    t.end();
  });
}

for (const [what, action] of Object.entries(others)) {
  t.test(`not ended by ${what}`, (t) => {
    const vfs = newVfs(t);
    t.equal(shownBetween(vfs, action), "one");
    assertClean(t, vfs.store);
    t.end();
  });
}

t.test("truncated while somebody reads it: the last close ends the version", (t) => {
  const vfs = newVfs(t);
  const view = vfs.views.mounted;
  const { ino } = vfs.create(view, 1, "file", 0o100644, root);
  const reading = vfs.handles.open(view, ino, flags.read, root);
  vfs.setAttributes(view, ino, { size: 3 }, root);
  const truncated = vfs.store.events.last;
  vfs.handles.release(reading);
  vfs.setAttributes(view, ino, { size: 5 }, root);
  t.equal(textAsOf(vfs.store, ino, truncated), "\0\0\0");
  t.equal(textAsOf(vfs.store, ino, truncated + 1), "\0\0\0\0\0");
  assertClean(t, vfs.store);
  t.end();
});
