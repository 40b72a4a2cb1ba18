import type { Name } from "../base/bytes.js";
import type { Inode } from "../store/inode.js";
import { rootIno, type Tree } from "../store/tree.js";
import { S_IFLNK, S_IFMT } from "../vfs/mode.js";

/** As many symbolic links as the kernel follows in one path, path_resolution(7). */
const linksMax = 40;

/**
 * The file a path leads to in a tree, symbolic links inside the file system followed; undefined when there is none.
 * An absolute link leads out of the file system, so it leads nowhere here.
 */
export function resolveFile(tree: Tree, components: readonly Name[]): Inode | undefined {
  const directories: Inode[] = [];
  let at = tree.inode(rootIno);
  const rest = [...components];
  for (let links = 0; at !== undefined && rest.length > 0; ) {
    const name = rest.shift() as Name;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      at = directories.pop() ?? at;
      continue;
    }
    const entry = tree.lookup(at.ino, name);
    const next: Inode | undefined = entry === undefined ? undefined : tree.inode(entry.ino);
    if (next !== undefined && (next.mode & S_IFMT) === S_IFLNK) {
      const target = next.target ?? "/";
      links += 1;
      if (target.startsWith("/") || links > linksMax) return undefined;
      rest.unshift(...target.split("/"));
      continue;
    }
    directories.push(at);
    at = next;
  }
  return at;
}
