import { isDeepStrictEqual } from "node:util";
import { timespecOf } from "../../src/base/clock.js";
import type { Inode } from "../../src/store/inode.js";
import type { ListedDirent, Tree } from "../../src/store/tree.js";
import { S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG } from "../../src/vfs/mode.js";
import type { Kind, Node } from "./model.js";

const types: Readonly<Record<Kind, number>> = { directory: S_IFDIR, file: S_IFREG, symlink: S_IFLNK, fifo: S_IFIFO };

/** Few, so that listings go on from cookies. */
const listedAtOnce = 5;

/**
 * Compares a tree with what it should be. Returns the differences, each with its path.
 * Times and link counts of directories are exact in the live tree only; in the past they are exact to the batch.
 */
export function differences(tree: Tree, expected: Node): string[] {
  const found: string[] = [];
  const seen = new Set<number>();
  compare(tree, expected, "", found, seen);
  return found;
}

function compare(tree: Tree, node: Node, path: string, found: string[], seen: Set<number>): void {
  const say = (what: string, actual: unknown, wanted: unknown) => {
    if (!isDeepStrictEqual(actual, wanted))
      found.push(`${path || "/"} (inode ${node.ino}): ${what} ${show(actual)}, expected ${show(wanted)}`);
  };
  const inode = tree.inode(node.ino);
  if (inode === undefined) {
    found.push(`${path || "/"}: inode ${node.ino} is not there`);
    return;
  }
  if (seen.has(node.ino)) return;
  seen.add(node.ino);
  say("mode", inode.mode, types[node.kind] | node.mode);
  say("owner", [inode.uid, inode.gid], [node.uid, node.gid]);
  if (node.kind !== "directory" || tree.asOf === undefined) {
    say("nlink", inode.nlink, node.nlink);
    say("mtime", { sec: inode.mtimeSec, nsec: inode.mtimeNsec }, node.mtime);
    say("ctime", { sec: inode.ctimeSec, nsec: inode.ctimeNsec }, node.ctime);
  }
  say("attributes", attributesOf(tree, inode), [...node.xattrs].sort());
  if (node.kind === "symlink") say("target", inode.target, node.target);
  if (node.kind === "file") compareContent(tree, inode, node, say);
  if (node.kind === "directory") compareEntries(tree, node, path, found, seen, say);
}

function attributesOf(tree: Tree, inode: Inode): [string, string][] {
  return tree.xattrNames(inode.ino).map((name) => [name, Buffer.from(tree.xattr(inode.ino, name) ?? []).toString("latin1")]);
}

type Say = (what: string, actual: unknown, wanted: unknown) => void;

function compareContent(tree: Tree, inode: Inode, node: Node, say: Say): void {
  say("size", inode.size, node.content.length);
  const content = Buffer.alloc(node.content.length + 10, 0xaa);
  const length = tree.read(inode, 0, content);
  say("bytes read", length, node.content.length);
  if (content.subarray(0, length).equals(node.content)) return;
  const at = content.findIndex((byte, index) => byte !== node.content[index]);
  say(`content, first at ${at}:`, content[at], node.content[at]);
}

function compareEntries(tree: Tree, node: Node, path: string, found: string[], seen: Set<number>, say: Say): void {
  const listed: ListedDirent[] = [];
  for (let after = 0; ; ) {
    const some = tree.list(node.ino, after, listedAtOnce);
    listed.push(...some);
    const last = some[some.length - 1];
    if (last === undefined || some.length < listedAtOnce) break;
    after = last.cookie;
  }
  say(
    "names",
    listed.map((entry) => [entry.name, entry.ino, entry.type << 12]).sort(),
    [...node.entries].map(([name, child]) => [name, child.ino, types[child.kind]]).sort(),
  );
  for (const [name, child] of node.entries) {
    say(`lookup of ${name}`, tree.lookup(node.ino, name)?.ino, child.ino);
    if (child.kind === "directory" && tree.inode(child.ino)?.parent !== node.ino)
      say(`parent of ${name}`, tree.inode(child.ino)?.parent, node.ino);
    compare(tree, child, `${path}/${name}`, found, seen);
  }
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? "nothing";
}

/** A clock time of the store's, microseconds, as the times of files. */
export const timeOf = timespecOf;
