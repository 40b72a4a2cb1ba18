/** Databases of many files, made in this process, where a file takes 30 µs. */
import { createStore } from "../src/store/create.js";
import { mainBranch, openStore, type Store } from "../src/store/store.js";
import type { Caller } from "../src/vfs/caller.js";
import { Vfs } from "../src/vfs/vfs.js";
import type { View } from "../src/vfs/view.js";
import { timed } from "./row.js";

export const nobody: Caller = { uid: 0, gid: 0, process: null };
export const filesPerDirectory = 1000;
const fileBytes = 100;

export function openVfs(store: Store): Vfs {
  return new Vfs(store, { branch: mainBranch, access: "read-write", moment: undefined, dirHistory: false, viewsVisible: false });
}

export function writeFile(vfs: Vfs, view: View, ino: number, bytes: Buffer): void {
  const handle = vfs.handles.open(view, ino, 2, nobody);
  vfs.handles.write(handle, 0, bytes, false, nobody);
  vfs.handles.release(handle);
  vfs.store.pulse();
}

/** Makes a database with directories of a thousand files of 100 bytes, and rewrites files until it has had so many events. */
export function makeTree(database: string, files: number, events = 0): void {
  process.stderr.write(`making ${files} files\n`);
  createStore(database);
  const vfs = openVfs(openStore(database));
  const view = vfs.views.mounted;
  const bytes = Buffer.alloc(fileBytes, "x");
  const made: number[] = [];
  const seconds = timed(() => {
    let parent = view.rootIno;
    for (let file = 0; file < files; file++) {
      if (file % filesPerDirectory === 0) parent = vfs.mkdir(view, view.rootIno, `d${file / filesPerDirectory}`, 0o755, nobody).ino;
      const { ino } = vfs.create(view, parent, `f${file % filesPerDirectory}`, 0o100644, nobody);
      writeFile(vfs, view, ino, bytes);
      made.push(ino);
    }
    for (let write = 0; vfs.store.events.last < events; write++) writeFile(vfs, view, made[write % files] as number, bytes);
    vfs.close();
  });
  process.stderr.write(`made in ${seconds.toFixed(0)} s\n`);
}
