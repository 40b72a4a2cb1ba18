import { isDeepStrictEqual } from "node:util";
import { rootIno, type Tree } from "../../src/store/tree.js";
import { isDirectory, isRegular, permissionBits, S_IFMT } from "../../src/vfs/mode.js";

/** One file of a copy. Never changed: a change makes a new one. */
export interface CopiedFile {
  readonly type: number;
  readonly mode: number;
  readonly uid: number;
  readonly content: string;
  readonly target: string | null;
  readonly xattrs: Readonly<Record<string, string>>;
  /** Of a directory. */
  readonly entries: ReadonlyMap<string, number>;
}

/** A whole tree in memory, by inode number. */
export type Copy = ReadonlyMap<number, CopiedFile>;

/** Reads a whole tree. */
export function copyOf(tree: Tree): Map<number, CopiedFile> {
  const copy = new Map<number, CopiedFile>();
  const visit = (ino: number): void => {
    if (copy.has(ino)) return;
    const inode = tree.inode(ino);
    if (inode === undefined) throw new Error(`inode ${ino} is named but not there`);
    const entries = new Map<string, number>();
    if (isDirectory(inode.mode)) for (const entry of tree.list(ino, 0, Number.MAX_SAFE_INTEGER)) entries.set(entry.name, entry.ino);
    const content = Buffer.alloc(isRegular(inode.mode) ? inode.size : 0);
    tree.read(inode, 0, content);
    const xattrs: Record<string, string> = {};
    for (const name of tree.xattrNames(ino)) xattrs[name] = Buffer.from(tree.xattr(ino, name) ?? []).toString("latin1");
    copy.set(ino, {
      type: inode.mode & S_IFMT,
      mode: inode.mode & permissionBits,
      uid: inode.uid,
      content: content.toString("latin1"),
      target: inode.target,
      xattrs,
      entries,
    });
    for (const child of entries.values()) visit(child);
  };
  visit(rootIno);
  return copy;
}

/** What differs between a tree and its copy; also whether the tree's counts and directories' parents are right. */
export function differences(tree: Tree, expected: Copy): string[] {
  const found: string[] = [];
  let actual: Copy;
  try {
    actual = copyOf(tree);
  } catch (error) {
    return [(error as Error).message];
  }
  for (const ino of new Set([...expected.keys(), ...actual.keys()])) {
    const a = actual.get(ino);
    const b = expected.get(ino);
    if (!isDeepStrictEqual(a, b)) found.push(`inode ${ino}: ${show(a)}, expected ${show(b)}`);
  }
  return [...found, ...unsound(tree, actual)];
}

/** Broken rules of a tree: every name's inode and type, link counts, parents of directories. */
export function unsound(tree: Tree, copy: Copy): string[] {
  const found: string[] = [];
  const names = new Map<number, number[]>();
  for (const [ino, { entries }] of copy) for (const child of entries.values()) names.set(child, [...(names.get(child) ?? []), ino]);
  for (const [ino, file] of copy) {
    const inode = tree.inode(ino);
    const parents = names.get(ino) ?? [];
    if (inode === undefined) continue;
    if (isDirectory(inode.mode)) {
      const subdirectories = [...file.entries.values()].filter((child) => isDirectory(copy.get(child)?.type ?? 0)).length;
      if (tree.asOf === undefined && inode.nlink !== 2 + subdirectories)
        found.push(`directory ${ino} counts ${inode.nlink}, should ${2 + subdirectories}`);
      if (ino !== rootIno && (parents.length !== 1 || inode.parent !== parents[0]))
        found.push(`directory ${ino} is in ${parents}, says ${inode.parent}`);
    } else if (inode.nlink !== parents.length) found.push(`file ${ino} counts ${inode.nlink} names, has ${parents.length}`);
    for (const [name, child] of file.entries) {
      if (tree.lookup(ino, name)?.ino !== child)
        found.push(`lookup of ${ino}/${name} gives ${tree.lookup(ino, name)?.ino}, the listing ${child}`);
      if ((tree.lookup(ino, name)?.type ?? 0) << 12 !== copy.get(child)?.type)
        found.push(`${ino}/${name} is of another type than its inode`);
    }
    const cookies = tree.list(ino, 0, Number.MAX_SAFE_INTEGER).map(({ cookie }) => cookie);
    if (isDirectory(inode.mode) && new Set(cookies).size !== cookies.length) found.push(`directory ${ino} lists two names at one place`);
  }
  return found;
}

/** A tree by path, without inode numbers; hard links are told by the first path of the file. */
export function byPath(copy: Copy): Record<string, unknown> {
  const paths: Record<string, unknown> = {};
  const first = new Map<number, string>();
  const visit = (ino: number, path: string): void => {
    const file = copy.get(ino) as CopiedFile;
    const { entries, ...rest } = file;
    const link = first.get(ino);
    if (link === undefined) first.set(ino, path);
    paths[path] = link ?? rest;
    for (const [name, child] of [...entries].sort()) visit(child, `${path}/${name}`);
  };
  visit(rootIno, "");
  return paths;
}

/** A path for each inode. */
export function pathsOf(copy: Copy): Map<number, string> {
  const paths = new Map<number, string>();
  const visit = (ino: number, path: string): void => {
    paths.set(ino, path);
    for (const [name, child] of copy.get(ino)?.entries ?? []) visit(child, `${path}/${name}`);
  };
  visit(rootIno, "");
  return paths;
}

function show(file: CopiedFile | undefined): string {
  return file === undefined ? "nothing" : JSON.stringify({ ...file, entries: [...file.entries] });
}
