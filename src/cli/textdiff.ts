import { structuredPatch } from "diff";

/** How a file changed, for `printFileDiff`. */
export interface FileDiff {
  /** Names in the header; null stands for `/dev/null`. */
  readonly oldName: string | null;
  readonly newName: string | null;
  /** Contents; a side that is not there is empty. */
  readonly oldBytes: Uint8Array;
  readonly newBytes: Uint8Array;
}

/** Lines added and removed; null for what is no text. */
export type LineCounts = { readonly added: number; readonly removed: number } | null;

/** Paints one line of output. */
export type Paint = (style: "header" | "range" | "added" | "removed", line: string) => string;

export const plain: Paint = (_style, line) => line;

const codes = { header: "1", range: "36", added: "32", removed: "31" };

/** As git paints a diff on a terminal. */
export const colored: Paint = (style, line) => `\x1b[${codes[style]}m${line}\x1b[m`;

/** A file with a NUL this early is no text, as git and grep see it. */
const probedBytes = 8000;
/** A file larger than this is not compared line by line. */
export const textMaxBytes = 8 * 1024 * 1024;
/** Files with nothing in common cost the square of their lines; after this long it is enough to say that they differ. */
const patienceMillis = 5000;

export function isBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, probedBytes).includes(0);
}

interface Hunk {
  readonly oldStart: number;
  readonly oldLines: number;
  readonly newStart: number;
  readonly newLines: number;
  readonly lines: readonly string[];
}

/** The hunks of a text, "binary", or "large" for what is too large or too different. */
function hunksOf({ oldBytes, newBytes }: FileDiff): readonly Hunk[] | "binary" | "large" {
  if (isBinary(oldBytes) || isBinary(newBytes)) return "binary";
  if (oldBytes.length > textMaxBytes || newBytes.length > textMaxBytes) return "large";
  const text = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
  const patch = structuredPatch("", "", text(oldBytes), text(newBytes), undefined, undefined, { context: 3, timeout: patienceMillis });
  return patch === undefined ? "large" : patch.hunks;
}

/** The lines of a unified diff of one file; none when the contents are alike. */
export function unifiedDiff(file: FileDiff, paint: Paint): string[] {
  const hunks = hunksOf(file);
  const [oldName, newName] = [file.oldName ?? "/dev/null", file.newName ?? "/dev/null"];
  if (hunks === "binary") return [`Binary files ${oldName} and ${newName} differ`];
  if (hunks === "large") return [`Files ${oldName} and ${newName} differ, too large or too different to show`];
  if (hunks.length === 0) return [];
  const lines = [paint("header", `--- ${oldName}`), paint("header", `+++ ${newName}`)];
  for (const hunk of hunks) {
    lines.push(paint("range", `@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`));
    for (const line of hunk.lines) lines.push(paintLine(line, paint));
  }
  return lines;
}

/** As diff(1) writes it: one line has no length, and no lines stand after the line before them. */
function range(start: number, lines: number): string {
  if (lines === 0) return `${start - 1},0`;
  return lines === 1 ? String(start) : `${start},${lines}`;
}

function paintLine(line: string, paint: Paint): string {
  if (line.startsWith("+")) return paint("added", line);
  if (line.startsWith("-")) return paint("removed", line);
  return line;
}

/** How many lines came and went; null for what is no text. */
export function countLines(file: FileDiff): LineCounts {
  const hunks = hunksOf(file);
  if (typeof hunks === "string") return null;
  const lines = hunks.flatMap((hunk) => hunk.lines);
  return { added: lines.filter((line) => line.startsWith("+")).length, removed: lines.filter((line) => line.startsWith("-")).length };
}
