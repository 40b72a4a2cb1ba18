import { type Name, nameText } from "../base/bytes.js";
import type { ChangeReport } from "../daemon/protocol.js";
import type { Change } from "../history/change.js";
import type { Conflict } from "../history/conflict.js";
import { CliError } from "./errors.js";
import { printJson, printLine, showPath } from "./output.js";
import { printTable } from "./table.js";

const letters: Readonly<Record<Change["kind"], string>> = { added: "A", removed: "D", modified: "M", renamed: "R", attributes: "P" };

/** The letter of a change: added, removed (D), modified, renamed, or only its attributes (P: permissions, owner, extended ones). */
export function letterOf({ kind }: Change): string {
  return letters[kind];
}

/** The paths of a change as one field: `old -> new` for a rename. */
export function pathsOf({ path, oldPath }: { readonly path: readonly Name[]; readonly oldPath?: readonly Name[] | undefined }): string {
  return oldPath === undefined ? showPath(path) : `${showPath(oldPath)} -> ${showPath(path)}`;
}

/** A change or a conflict as JSON has it: paths are text. */
export function plainOf<Item extends { readonly path: readonly Name[]; readonly oldPath?: readonly Name[] | undefined }>(
  item: Item,
): unknown {
  const text = (path: readonly Name[]): string => `/${path.map(nameText).join("/")}`;
  return { ...item, path: text(item.path), ...(item.oldPath === undefined ? {} : { oldPath: text(item.oldPath) }) };
}

/** One line a change, as `git diff --name-status` has it. */
export function printChanges(changes: readonly Change[]): void {
  for (const change of changes) printLine(`${letterOf(change)}\t${pathsOf(change)}`);
}

export function printConflicts(conflicts: readonly Conflict[]): void {
  printTable(
    [{ title: "CONFLICT" }, { title: "PATH" }, { title: "DETAIL" }],
    conflicts.map((conflict) => [conflict.kind, pathsOf(conflict), conflict.detail]),
  );
}

/** What to tell the user of a report. */
export interface Telling {
  readonly json: boolean;
  readonly dryRun: boolean;
  /** What was done, such as `merged idea into main`. */
  readonly done: string;
  /** What could be done about conflicts. */
  readonly advice: string;
}

/** Prints what a merge, a restore, an undo or a commit did. Throws CliError when there were conflicts, after they were listed. */
export function tell(report: ChangeReport, { json, dryRun, done, advice }: Telling): void {
  const { changes, conflicts, event } = report;
  if (json) printJson({ changes: changes.map(plainOf), conflicts: conflicts.map(plainOf), event: event ?? null });
  else if (conflicts.length > 0) printConflicts(conflicts);
  else printChanges(changes);
  if (conflicts.length > 0) throw new CliError(`${count(conflicts.length, "conflict")}; nothing was applied. ${advice}`);
  if (json) return;
  const size = count(changes.length, "change");
  if (changes.length === 0 && event === undefined) printLine(`nothing to do: ${done} would change nothing`);
  else if (dryRun) printLine(`${size}; not applied (--dry-run)`);
  else printLine(`${done}: ${size}${event === undefined ? "" : ` (event @${event})`}`);
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
