/** The results on a terminal. */
import Table from "cli-table3";
import { subject } from "./peers/all.js";
import type { Line, Verdict } from "./results.js";
import { showGoal, showRatio, showValue } from "./show.js";

function verdictText(line: Line, verdict: Verdict): string {
  const measured = verdict.peer === undefined ? showValue(line.unit, verdict.measured) : showRatio(verdict.measured);
  return `${showGoal(line, verdict)}: ${verdict.reached ? "reached" : "missed"}, ${measured}`;
}

/** Prints rows whose first cell is a name, and the rest numbers; a last column `goals` is text. */
export function printTable(head: readonly string[], body: readonly (readonly (string | number)[])[]): void {
  const table = new Table({
    head: ["", ...head],
    colAligns: ["left", ...head.map((title) => (title === goalsTitle ? ("left" as const) : ("right" as const)))],
    style: { head: [], border: [] },
  });
  for (const row of body) table.push([...row]);
  process.stdout.write(`${table.toString()}\n`);
}

const goalsTitle = "goals";

/** Medians, how many times as long as each peer stonefs takes, its spread, the memory of its daemon, and the goals. */
export function printLines(lines: readonly Line[]): void {
  const names = [...new Set(lines.flatMap((line) => Object.keys(line.peers)))];
  const ordered = [...names.filter((name) => name === subject), ...names.filter((name) => name !== subject)];
  const body = lines.map((line) => {
    const mine = line.peers[subject];
    const measured = ordered.map((name) => {
      const measurement = line.peers[name];
      if (measurement === undefined) return "";
      const shown = showValue(line.unit, measurement.median);
      return measurement.ratio === undefined ? shown : `${shown}\n${showRatio(measurement.ratio)}`;
    });
    const spread = mine === undefined ? "" : `${showValue(line.unit, mine.least)}\n${showValue(line.unit, mine.most)}`;
    return [line.row, ...measured, spread, mine?.memoryMiB ?? "", line.verdicts.map((verdict) => verdictText(line, verdict)).join("\n")];
  });
  printTable([...ordered, "spread", "MiB", goalsTitle], body);
}
