/** The results as tables of the README. */
import { type GrowthLine, growthAtMost } from "../growth.js";
import { subject, variantOf } from "../peers/all.js";
import type { Line, Verdict } from "../results.js";
import { showGoal, showRatio, showSpread, showValue } from "../show.js";

function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...body.map(line)].join("\n");
}

/** Peers with a column of their own; the same file system mounted otherwise has one together, and the library stands in the goals. */
const columns = ["ext4", "btrfs", "bindfs/ext4", "bindfs/tmpfs", "gocryptfs"];

/** How the usual mount compares with the others of the same file system, such as one that does not spin. */
function variantTexts({ peers }: Line): string[] {
  return Object.entries(peers).flatMap(([name, { ratio }]) => {
    const variant = variantOf(name);
    return variant === undefined || ratio === undefined ? [] : [`${variant}: ${showRatio(ratio)}`];
  });
}

function goalText(line: Line, verdict: Verdict): string {
  const measured = verdict.peer === undefined ? showValue(line.unit, verdict.measured) : showRatio(verdict.measured);
  return `${showGoal(line, verdict)}: ${verdict.reached ? measured : `**${measured}, missed**`}`;
}

/** A line for each row; `pinned` are the same rows of a run on one CPU. */
export function speedTable(lines: readonly Line[], pinned: readonly Line[]): string {
  const onOneCpu = new Map(pinned.map((line) => [line.row, line]));
  const goals = (line: Line | undefined): string => line?.verdicts.map((verdict) => goalText(line, verdict)).join("<br>") ?? "";
  const body = lines.map((line) => {
    const mine = line.peers[subject];
    return [
      line.row,
      mine === undefined ? "" : `${showValue(line.unit, mine.median)}<br>${showSpread(line.unit, mine)}`,
      ...columns.map((peer) => (line.peers[peer]?.ratio === undefined ? "" : showRatio(line.peers[peer].ratio))),
      variantTexts(line).join("<br>"),
      mine?.memoryMiB === undefined ? "" : String(mine.memoryMiB),
      goals(line),
      ...(pinned.length === 0 ? [] : [goals(onOneCpu.get(line.row))]),
    ];
  });
  const columnHeads = [...columns, "mounted with -o"].map((peer) => `/ ${peer}`);
  const head = ["", subject, ...columnHeads, "MiB", "goals", ...(pinned.length === 0 ? [] : ["on one CPU"])];
  return table(head, body);
}

export function growthTable(lines: readonly GrowthLine[], points: readonly string[]): string {
  const body = lines.map(({ row, unit, points: measured }) => [
    row,
    ...points.map((point, index) => {
      const at = measured[point];
      if (at === undefined) return "";
      const value = showValue(unit, at.median);
      if (index === 0) return value;
      const ratio = showRatio(at.ratio);
      return `${value}, ${at.ratio <= growthAtMost ? ratio : `**${ratio}**`}`;
    }),
  ]);
  return table(["", ...points], body);
}
