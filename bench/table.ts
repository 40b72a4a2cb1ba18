/** The results on a terminal. */
import Table from "cli-table3";
import { subject } from "./peers/all.js";
import type { Line, Verdict } from "./results.js";
import { showGoal, showRatio, showValue } from "./show.js";

function verdictText(line: Line, verdict: Verdict): string {
  const measured = verdict.peer === undefined ? showValue(line.unit, verdict.measured) : showRatio(verdict.measured);
  return `${showGoal(line, verdict)}: ${verdict.reached ? "reached" : "missed"}, ${measured}`;
}

/** Medians, how many times as long as each peer stonefs takes, its spread, the memory of its daemon, and the goals. */
export function tableOf(lines: readonly Line[]): string {
  const names = [...new Set(lines.flatMap((line) => Object.keys(line.peers)))];
  const ordered = [...names.filter((name) => name === subject), ...names.filter((name) => name !== subject)];
  const table = new Table({
    head: ["", ...ordered, "spread", "MiB", "goals"],
    colAligns: ["left", ...ordered.map(() => "right" as const), "right", "right", "left"],
    style: { head: [], border: [] },
  });
  for (const line of lines) {
    const mine = line.peers[subject];
    table.push([
      line.row,
      ...ordered.map((name) => {
        const measurement = line.peers[name];
        if (measurement === undefined) return "";
        const shown = showValue(line.unit, measurement.median);
        return measurement.ratio === undefined ? shown : `${shown}\n${showRatio(measurement.ratio)}`;
      }),
      mine === undefined ? "" : `${showValue(line.unit, mine.least)}\n${showValue(line.unit, mine.most)}`,
      mine?.memoryMiB ?? "",
      line.verdicts.map((verdict) => verdictText(line, verdict)).join("\n"),
    ]);
  }
  return table.toString();
}
