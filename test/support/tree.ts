/** What a tree holds, to compare two of them. */
import { createHash } from "node:crypto";
import fs from "node:fs";
import { getxattr, listxattr } from "./sys.js";

/** What is compared of each file; everything by default. */
export interface TreeOptions {
  /** Leave modification times out, where a tool does not keep them. */
  readonly ignore?: readonly ("mtime" | "directory-mtime" | "xattrs" | "owner" | "nlink")[];
  /** Modification times from this second on are all alike: those of the run, not ones that were set. */
  readonly timesBefore?: number;
  /** Names to leave out, at the top. */
  readonly without?: readonly string[];
}

function describe(path: Buffer, first: Map<bigint, string>, name: string, options: TreeOptions): string {
  const stat = fs.lstatSync(path, { bigint: true });
  const ignored = options.ignore ?? [];
  const parts = [`mode=${stat.mode.toString(8)}`];
  if (!ignored.includes("owner")) parts.push(`owner=${stat.uid}:${stat.gid}`);
  const timeless = ignored.includes("mtime") || (stat.isDirectory() && ignored.includes("directory-mtime"));
  const recent = options.timesBefore !== undefined && stat.mtimeNs >= BigInt(options.timesBefore) * 1_000_000_000n;
  if (!timeless) parts.push(recent ? "mtime=recent" : `mtime=${stat.mtimeNs}`);
  if (!ignored.includes("xattrs")) {
    const attributes = listxattr(path).map((each) => `${each}=${getxattr(path, Buffer.from(each, "latin1")).toString("hex")}`);
    if (attributes.length > 0) parts.push(`xattrs=${attributes.join(",")}`);
  }
  if (stat.isSymbolicLink()) parts.push(`target=${fs.readlinkSync(path, "buffer").toString("latin1")}`);
  if (stat.isCharacterDevice() || stat.isBlockDevice()) parts.push(`rdev=${stat.rdev}`);
  if (!stat.isFile()) return parts.join(" ");
  if (!ignored.includes("nlink")) {
    parts.push(`nlink=${stat.nlink}`);
    // Names of one file are told by the first of them, since inode numbers differ from tree to tree.
    if (stat.nlink > 1n) parts.push(`links=${first.get(stat.ino) ?? name}`);
    if (!first.has(stat.ino)) first.set(stat.ino, name);
  }
  parts.push(`size=${stat.size}`, `sha256=${createHash("sha256").update(fs.readFileSync(path)).digest("hex")}`);
  return parts.join(" ");
}

/** Path (latin1, "." is the top) to a line that says all that is compared. */
export function describeTree(root: string, options: TreeOptions = {}): Map<string, string> {
  const lines = new Map<string, string>();
  const first = new Map<bigint, string>();
  const visit = (path: Buffer, name: string): void => {
    lines.set(name, describe(path, first, name, options));
    if (!fs.lstatSync(path).isDirectory()) return;
    const children = fs.readdirSync(path, { encoding: "latin1" }).sort();
    for (const child of children) {
      if (name === "." && options.without?.includes(child)) continue;
      visit(Buffer.concat([path, Buffer.from("/"), Buffer.from(child, "latin1")]), name === "." ? child : `${name}/${child}`);
    }
  };
  visit(Buffer.from(root), ".");
  return lines;
}

/** How two descriptions differ, one line for each path; none when the trees are the same. */
export function differences(left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): string[] {
  const paths = [...new Set([...left.keys(), ...right.keys()])].sort();
  return paths
    .filter((path) => left.get(path) !== right.get(path))
    .map((path) => `${path}: ${left.get(path) ?? "missing"} | ${right.get(path) ?? "missing"}`);
}

/** Compares two trees; the first twenty differences. */
export function compareTrees(left: string, right: string, options: TreeOptions = {}): string[] {
  return differences(describeTree(left, options), describeTree(right, options)).slice(0, 20);
}
