import type { Test } from "tap";
import { checkDatabase } from "../../../src/store/check/check.js";
import type { Store } from "../../../src/store/store.js";
import { addDirectory, addFile, liveOf, newStore, removeFile, writeVersion } from "../database.js";

/** Inode numbers of the small healthy database, by what they are. */
export interface Healthy {
  readonly store: Store;
  readonly file: number;
  readonly directory: number;
  readonly inner: number;
  readonly removed: number;
}

/** A small database with something in every table: versions, a removal, an attribute, a directory with a file in it, batches. */
export function healthy(t: Test): Healthy {
  const store = newStore(t);
  const tree = liveOf(store);
  const file = addFile(store, "file");
  writeVersion(store, file, 0, "one two three");
  store.commit("ordered");
  writeVersion(store, file, 4, "TWO");
  for (const value of ["old", "new"]) {
    const tick = tree.change("setxattr", file.ino, null, { name: "user.x" });
    tree.setXattr(file.ino, "user.x", Buffer.from(value), tick);
    tree.record(file, tick);
  }
  const directory = addDirectory(store, "directory");
  const inner = addFile(store, "inner", directory.ino);
  writeVersion(store, inner, 0, "inner");
  store.commit("ordered");
  const removed = addFile(store, "removed");
  writeVersion(store, removed, 0, "removed");
  store.commit("ordered");
  removeFile(store, "removed");
  store.commit("durable");
  return { store, file: file.ino, directory: directory.ino, inner: inner.ino, removed: removed.ino };
}

/** Asserts that the damage done by `sql` is found, and that the first thing said of it is of invariant `number` and matches `words`. */
export function planted(t: Test, what: string, number: string, words: RegExp, damage: (healthy: Healthy) => string): void {
  t.test(`${number}: ${what}`, (t) => {
    const database = healthy(t);
    const { connection } = database.store;
    t.same(checkDatabase(connection), [], "clean before");
    connection.exec(damage(database));
    const problems = checkDatabase(connection);
    const named = problems.filter(({ invariant }) => invariant === number);
    t.ok(named.length > 0, `${number} is named among ${JSON.stringify(problems)}`);
    t.ok(
      named.some(({ message }) => words.test(message)),
      `in words: ${named.map(({ message }) => message).join("; ")}`,
    );
    t.end();
  });
}
