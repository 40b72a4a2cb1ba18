import { nameText } from "../base/bytes.js";
import type { Change } from "../history/change.js";
import type { Ref } from "../history/refs.js";
import type { Inode } from "../store/inode.js";
import type { Store } from "../store/store.js";
import type { Tree } from "../store/tree.js";
import { isDirectory, isRegular, S_IFLNK, S_IFMT } from "../vfs/mode.js";
import { pathsOf } from "./changes.js";
import { formatBytes, printLine, showPath } from "./output.js";
import { readTree } from "./refs.js";
import { printTable } from "./table.js";
import { countLines, type FileDiff, type Paint, textMaxBytes, unifiedDiff } from "./textdiff.js";
import { userNames } from "./users.js";

/** Prints a unified diff of every change, with lines above it for what is no text: renames, modes, owners. */
export function printFileDiffs(store: Store, a: Ref, b: Ref, changes: readonly Change[], paint: Paint): void {
  const [oldTree, newTree] = [readTree(store, a), readTree(store, b)];
  const userOf = userNames();
  for (const change of changes) {
    for (const line of headings(change, userOf)) printLine(paint("header", line));
    if (!change.contentChanged) continue;
    for (const line of unifiedDiff(contents(oldTree, newTree, change), paint)) printLine(line);
  }
}

/** What happened to a file beside its content. */
function headings(change: Change, userOf: (uid: number) => string): string[] {
  const { kind, oldMode, newMode, oldUid, newUid, oldGid, newGid } = change;
  const lines = [`${kind} ${pathsOf(change)}${isDirectory(newMode ?? oldMode ?? 0) ? "/" : ""}`];
  if (oldMode === undefined || newMode === undefined) return lines;
  if (oldMode !== newMode) lines.push(`mode ${octal(oldMode)} -> ${octal(newMode)}`);
  if (oldUid !== newUid) lines.push(`owner ${userOf(oldUid ?? 0)} -> ${userOf(newUid ?? 0)}`);
  if (oldGid !== newGid) lines.push(`group ${oldGid} -> ${newGid}`);
  for (const name of change.xattrs) lines.push(`attribute ${nameText(name)}`);
  return lines;
}

function octal(mode: number): string {
  return mode.toString(8).padStart(6, "0");
}

/** Both sides of a change, as much of them as can be compared. */
function contents(oldTree: Tree, newTree: Tree, change: Change): FileDiff {
  const oldBytes = change.oldIno === undefined ? undefined : contentOf(oldTree, change.oldIno);
  const newBytes = change.newMode === undefined ? undefined : contentOf(newTree, change.ino);
  return {
    oldName: oldBytes === undefined ? null : `a${showPath(change.oldPath ?? change.path)}`,
    newName: newBytes === undefined ? null : `b${showPath(change.path)}`,
    oldBytes: oldBytes ?? Buffer.alloc(0),
    newBytes: newBytes ?? Buffer.alloc(0),
  };
}

/** A file's bytes, or a symbolic link's target; nothing for what has none. Of a file too large to compare a little more than the limit. */
function contentOf(tree: Tree, ino: number): Uint8Array | undefined {
  const inode: Inode | undefined = tree.inode(ino);
  if (inode === undefined) return undefined;
  if ((inode.mode & S_IFMT) === S_IFLNK) return Buffer.from(inode.target ?? "", "latin1");
  if (!isRegular(inode.mode)) return Buffer.alloc(0);
  const bytes = Buffer.alloc(Math.min(inode.size, textMaxBytes + 1));
  return bytes.subarray(0, tree.read(inode, 0, bytes));
}

const barWidth = 40;

/** Prints how many lines changed in each file, and in all. */
export function printStat(store: Store, a: Ref, b: Ref, changes: readonly Change[], paint: Paint): void {
  const [oldTree, newTree] = [readTree(store, a), readTree(store, b)];
  let [added, removed, most] = [0, 0, 1];
  const rows = changes.map((change) => {
    const counts = change.contentChanged ? countLines(contents(oldTree, newTree, change)) : { added: 0, removed: 0 };
    if (counts === null) return { change, text: `${formatBytes(change.oldSize ?? 0)} -> ${formatBytes(change.newSize ?? 0)}`, counts };
    added += counts.added;
    removed += counts.removed;
    most = Math.max(most, counts.added + counts.removed);
    return { change, text: String(counts.added + counts.removed), counts };
  });
  const scale = Math.min(1, barWidth / most);
  const bar = (count: number, sign: string): string => sign.repeat(count === 0 ? 0 : Math.max(1, Math.round(count * scale)));
  if (rows.length > 0) {
    printTable(
      [{ title: "CHANGED", align: "right" }, { title: "PATH" }, { title: "" }],
      rows.map(({ change, text, counts }) => [
        text,
        `${pathsOf(change)}${isDirectory(change.newMode ?? change.oldMode ?? 0) ? "/" : ""}`,
        counts === null
          ? "binary"
          : `${paintBar(paint, "added", bar(counts.added, "+"))}${paintBar(paint, "removed", bar(counts.removed, "-"))}`,
      ]),
    );
  }
  printLine(`${changes.length} changed, ${added} lines added, ${removed} removed`);
}

function paintBar(paint: Paint, style: "added" | "removed", bar: string): string {
  return bar === "" ? "" : paint(style, bar);
}
