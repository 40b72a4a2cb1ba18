/** The results as pictures. */
import { loader, parse, type Spec, View } from "vega";

const font = "sans-serif";
const ink = "#24292f";
const reachedColour = "#2da44e";
const missedColour = "#d1843a";
const config = {
  axis: { labelFont: font, titleFont: font, labelColor: ink, titleColor: ink, labelLimit: 0, gridColor: "#e4e7ea" },
  text: { font, fill: ink },
  legend: { labelFont: font, titleFont: font, labelColor: ink, labelLimit: 0 },
  title: { font, color: ink, anchor: "start" },
} as const;

/** One bar: a ratio to a peer, and the most it was to be. */
export interface Bar {
  readonly label: string;
  readonly ratio: number;
  readonly goal: number;
  readonly verdict: "reached" | "missed";
}

/** How long stonefs takes beside a peer, with a mark where the goal is. */
export function barChart(bars: readonly Bar[]): Promise<string> {
  const values = bars.flatMap(({ ratio, goal }) => [ratio, goal]);
  return render({
    $schema: "https://vega.github.io/schema/vega/v6.json",
    title: "time of stonefs / time of the peer (mark: the most it was to be)",
    width: 560,
    height: { signal: "bandspace(domain('row').length, 0.3, 0.15) * 18" },
    padding: 8,
    background: "white",
    config,
    data: [{ name: "bars", values: [...bars] }],
    scales: [
      { name: "row", type: "band", domain: { data: "bars", field: "label" }, range: { step: 18 }, padding: 0.3 },
      { name: "ratio", type: "log", domain: [Math.min(...values) / 1.5, Math.max(...values) * 2], range: "width" },
      { name: "verdict", type: "ordinal", domain: ["reached", "missed"], range: [reachedColour, missedColour] },
    ],
    axes: [
      { orient: "left", scale: "row", domain: false, ticks: false },
      { orient: "bottom", scale: "ratio", grid: true, tickCount: 6, format: "~g" },
    ],
    legends: [{ fill: "verdict", orient: "bottom", direction: "horizontal" }],
    marks: [
      {
        type: "rect",
        from: { data: "bars" },
        encode: {
          enter: {
            y: { scale: "row", field: "label" },
            height: { scale: "row", band: 1 },
            x: { value: 0 },
            x2: { scale: "ratio", field: "ratio" },
            fill: { scale: "verdict", field: "verdict" },
          },
        },
      },
      {
        type: "rect",
        from: { data: "bars" },
        encode: {
          enter: {
            y: { scale: "row", field: "label", offset: -2 },
            height: { scale: "row", band: 1, offset: 4 },
            x: { scale: "ratio", field: "goal", offset: -1 },
            width: { value: 2 },
            fill: { value: ink },
          },
        },
      },
      {
        type: "text",
        from: { data: "bars" },
        encode: {
          enter: {
            y: { scale: "row", field: "label", band: 0.5 },
            x: { signal: "scale('ratio', max(datum.ratio, datum.goal))", offset: 6 },
            baseline: { value: "middle" },
            text: { signal: "format(datum.ratio, datum.ratio < 0.1 ? '.3f' : '.2f')" },
          },
        },
      },
    ],
  });
}

/** One measurement of a curve: how many times as long as on the smallest tree. */
export interface CurvePoint {
  readonly row: string;
  readonly files: number;
  readonly ratio: number;
}

export function growthChart(curve: readonly CurvePoint[], atMost: number): Promise<string> {
  const ratios = curve.map(({ ratio }) => ratio);
  return render({
    $schema: "https://vega.github.io/schema/vega/v6.json",
    title: `time on a tree of so many files / on 1,000 files (dashed: ${atMost}, the most it was to be)`,
    width: 460,
    height: 480,
    padding: 8,
    background: "white",
    config,
    data: [
      { name: "curve", values: [...curve] },
      { name: "bound", values: [{ atMost }] },
    ],
    scales: [
      { name: "files", type: "log", domain: { data: "curve", field: "files" }, range: "width" },
      { name: "ratio", type: "log", domain: [Math.min(0.5, ...ratios), Math.max(2, ...ratios)], range: "height" },
      { name: "row", type: "ordinal", domain: { data: "curve", field: "row" }, range: { scheme: "category20" } },
    ],
    axes: [
      { orient: "left", scale: "ratio", grid: true, tickCount: 6, format: "~g" },
      { orient: "bottom", scale: "files", title: "files in the tree", tickCount: 4, format: "~s" },
    ],
    legends: [{ stroke: "row", symbolType: "stroke", symbolStrokeWidth: 2 }],
    marks: [
      {
        type: "group",
        from: { facet: { name: "line", data: "curve", groupby: "row" } },
        marks: [
          {
            type: "line",
            from: { data: "line" },
            encode: {
              enter: {
                x: { scale: "files", field: "files" },
                y: { scale: "ratio", field: "ratio" },
                stroke: { scale: "row", field: "row" },
                strokeWidth: { value: 2 },
              },
            },
          },
        ],
      },
      {
        type: "rule",
        from: { data: "bound" },
        encode: {
          enter: {
            x: { value: 0 },
            x2: { signal: "width" },
            y: { scale: "ratio", field: "atMost" },
            stroke: { value: ink },
            strokeDash: { value: [4, 4] },
          },
        },
      },
    ],
  });
}

function render(spec: Spec): Promise<string> {
  return new View(parse(spec), { renderer: "none", loader: loader() }).toSVG();
}
