import { isUtf8 } from "node:buffer";
import { diff3Merge } from "node-diff3";

/** Larger files are not merged by lines: finding what lines have in common takes more than linear time. */
const textMaxBytes = 8 * 1024 * 1024;

/** What the sides are called in conflict markers. */
export interface Labels {
  readonly ours: string;
  readonly theirs: string;
}

export type TextMerge =
  | { readonly outcome: "merged"; readonly text: Buffer; readonly clashes: number }
  | { readonly outcome: "clash"; readonly clashes: number }
  | { readonly outcome: "not text" };

/**
 * Merges three texts by lines. Where both sides changed the same lines it leaves both between markers, as git does, when `labels`
 * are given; else the outcome is a clash. Only valid UTF-8 without NUL is text. A last line without a newline is a line of its own kind.
 */
export function mergeText(base: Buffer, ours: Buffer, theirs: Buffer, labels: Labels | undefined): TextMerge {
  if (![base, ours, theirs].every(isText)) return { outcome: "not text" };
  const regions = diff3Merge(linesOf(ours), linesOf(base), linesOf(theirs), { excludeFalseConflicts: true });
  const clashes = regions.filter(({ conflict }) => conflict !== undefined).length;
  if (clashes > 0 && labels === undefined) return { outcome: "clash", clashes };
  const merged: string[] = [];
  for (const { ok, conflict } of regions) {
    if (ok !== undefined) merged.push(...ok);
    if (conflict !== undefined && labels !== undefined) {
      merged.push(`<<<<<<< ${labels.ours}\n`, ...ended(conflict.a), "=======\n", ...ended(conflict.b), `>>>>>>> ${labels.theirs}\n`);
    }
  }
  return { outcome: "merged", text: Buffer.from(merged.join(""), "utf8"), clashes };
}

function isText(bytes: Buffer): boolean {
  return bytes.length <= textMaxBytes && isUtf8(bytes) && !bytes.includes(0);
}

/** Lines with their ends. */
function linesOf(text: Buffer): string[] {
  return text.length === 0 ? [] : text.toString("utf8").split(/(?<=\n)/);
}

/** Lines between markers, which must begin lines of their own. */
function ended(lines: readonly string[]): string[] {
  return lines.map((line) => (line.endsWith("\n") ? line : `${line}\n`));
}
