import t from "tap";
import { type FileVersion, fileHistory } from "../../src/store/history.js";
import { mainBranch, type Store } from "../../src/store/store.js";
import { newVfs, root, vfsOf } from "../vfs/files.js";

function historyOf(store: Store, path: string, branch = mainBranch): FileVersion[] {
  store.commit("ordered");
  return fileHistory(
    store.connection,
    branch,
    path.split("/").filter((name) => name !== ""),
  );
}

/** What happened and the size after it. */
function summary(store: Store, path: string): [string, number][] {
  return historyOf(store, path).map(({ op, sizeBytes }) => [op, sizeBytes]);
}

t.test("what a file went through under its name", (t) => {
  const vfs = newVfs(t);
  const view = vfs.views.mounted;
  const write = (ino: number, text: string) => {
    const handle = vfs.handles.open(view, ino, 2, root);
    vfs.handles.write(handle, 0, Buffer.from(text), false, root);
    vfs.handles.release(handle);
  };
  const first = vfs.create(view, 1, "file", 0o100644, root);
  write(first.ino, "one");
  write(first.ino, "longer");
  vfs.setAttributes(view, first.ino, { mode: 0o600 }, root);
  vfs.unlink(view, 1, "file", root);
  const second = vfs.create(view, 1, "file", 0o100644, root);
  write(second.ino, "new");
  t.same(summary(vfs.store, "file"), [
    ["create", 0],
    ["write", 3],
    ["write", 6],
    ["setattr", 6],
    ["removed", 0],
    ["create", 0],
    ["write", 3],
  ]);
  const versions = historyOf(vfs.store, "file");
  t.same(
    versions.map(({ ino }) => ino === first.ino),
    [true, true, true, true, true, false, false],
  );
  for (let i = 1; i < versions.length; i++) t.ok((versions[i]?.atMicros ?? 0) > (versions[i - 1]?.atMicros ?? 0), "later and later");
  t.same(summary(vfs.store, "never"), []);
  t.end();
});

t.test("renames: its past comes with it, and the old name says where it went", (t) => {
  const vfs = newVfs(t);
  const view = vfs.views.mounted;
  const { ino } = vfs.create(view, 1, "old", 0o100644, root);
  vfs.setAttributes(view, ino, { size: 5 }, root);
  vfs.rename(view, 1, "old", 1, "new", "replace", root);
  t.same(summary(vfs.store, "new"), [
    ["create", 0],
    ["truncate", 5],
    ["rename", 5],
  ]);
  t.same(summary(vfs.store, "old"), [
    ["create", 0],
    ["truncate", 5],
    ["moved", 0],
  ]);
  t.end();
});

t.test("a file in a directory that was renamed", (t) => {
  const vfs = newVfs(t);
  const view = vfs.views.mounted;
  const directory = vfs.mkdir(view, 1, "old", 0o755, root);
  const { ino } = vfs.create(view, directory.ino, "file", 0o100644, root);
  vfs.setAttributes(view, ino, { size: 5 }, root);
  vfs.rename(view, 1, "old", 1, "new", "replace", root);
  t.same(summary(vfs.store, "new/file"), [
    ["create", 0],
    ["truncate", 5],
  ]);
  vfs.setAttributes(view, ino, { size: 6 }, root);
  t.same(summary(vfs.store, "new/file"), [
    ["create", 0],
    ["truncate", 5],
    ["truncate", 6],
  ]);
  t.same(summary(vfs.store, "old/file"), [
    ["create", 0],
    ["truncate", 5],
    ["moved", 0],
  ]);
  t.end();
});

t.test("a second name has its own beginning", (t) => {
  const vfs = newVfs(t);
  const view = vfs.views.mounted;
  const { ino } = vfs.create(view, 1, "one", 0o100644, root);
  vfs.link(view, ino, 1, "two", root);
  vfs.setAttributes(view, ino, { size: 4 }, root);
  t.same(summary(vfs.store, "two"), [
    ["link", 0],
    ["truncate", 4],
  ]);
  t.same(summary(vfs.store, "one"), [
    ["create", 0],
    ["link", 0],
    ["truncate", 4],
  ]);
  t.ok(historyOf(vfs.store, "/").length > 0, "the root has one too");
  t.end();
});

t.test("a branch's file has the history it had before the fork, and its own since", (t) => {
  const vfs = newVfs(t);
  const { store } = vfs;
  const view = vfs.views.mounted;
  const directory = vfs.mkdir(view, 1, "dir", 0o40755, root);
  const { ino } = vfs.create(view, directory.ino, "file", 0o100644, root);
  vfs.create(view, directory.ino, "gone", 0o100644, root);
  const { id } = store.branches.fork("idea", mainBranch, undefined, "branch", null);
  vfs.setAttributes(view, ino, { size: 5 }, root);
  const branch = vfsOf(store, { branch: id });
  branch.setAttributes(branch.views.mounted, ino, { mode: 0o600 }, root);
  const ops = (path: string, branch: number): string[] => historyOf(store, path, branch).map(({ op }) => op);
  t.same(ops("dir/file", id), ["create", "setattr"]);
  t.same(ops("dir/file", mainBranch), ["create", "truncate"]);
  vfs.unlink(view, directory.ino, "gone", root);
  t.same(ops("dir/gone", id), ["create"], "what the parent did after the fork is not its own");
  t.same(ops("dir/gone", mainBranch), ["create", "removed"]);
  branch.rename(branch.views.mounted, directory.ino, "gone", 1, "found", "replace", root);
  t.same(ops("found", id), ["create", "rename"]);
  t.end();
});
