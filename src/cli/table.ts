import Table from "cli-table3";
import { printLine } from "./output.js";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** Prints rows below titles, aligned, without lines, so that `awk` and `sort` can read them. */
export function printTable(columns: readonly Column[], rows: readonly (readonly string[])[]): void {
  const empty = Object.fromEntries(
    [
      "top",
      "top-mid",
      "top-left",
      "top-right",
      "bottom",
      "bottom-mid",
      "bottom-left",
      "bottom-right",
      "left",
      "left-mid",
      "mid",
      "mid-mid",
      "right",
    ].map((part) => [part, ""]),
  );
  const table = new Table({
    head: columns.map((column) => column.title),
    colAligns: columns.map((column) => column.align ?? "left"),
    chars: { ...empty, "right-mid": "", middle: "  " },
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
  });
  for (const row of rows) table.push([...row]);
  printLine(
    table
      .toString()
      .split("\n")
      .map((line) => line.trimEnd())
      .join("\n"),
  );
}
