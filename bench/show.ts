/** Numbers and verdicts as a person reads them. */
import { variantOf } from "./peers/all.js";
import type { Line, Measurement, Verdict } from "./results.js";
import type { Unit } from "./row.js";

function plain(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function showValue(unit: Unit, value: number): string {
  if (typeof unit === "object") {
    return "bytes" in unit ? `${(unit.bytes / value / 1e6).toFixed(0)} MB/s` : `${plain((value / unit.operations) * 1e6)} µs`;
  }
  switch (unit) {
    case "seconds":
      return `${value.toFixed(2)} s`;
    case "milliseconds":
      return `${plain(value)} ms`;
    case "MiB":
      return `${value.toFixed(0)} MiB`;
    default:
      return `${value.toFixed(2)}×`;
  }
}

export function showSpread(unit: Unit, { least, most, samples }: Measurement): string {
  return samples.length < 2 ? "" : `${showValue(unit, least)} to ${showValue(unit, most)}`;
}

export const showRatio = (ratio: number): string => `${ratio >= 0.1 ? ratio.toFixed(2) : ratio.toFixed(3)}×`;

/** Throughput rows are bounded from below: twice the time is half the throughput. */
export function showGoal({ unit }: Line, { peer, subject, atMost }: Verdict): string {
  const variant = variantOf(subject);
  const whose = variant === undefined ? "" : `${variant}: `;
  if (peer === undefined) return `${whose}≤ ${unit === "milliseconds" || unit === "MiB" ? showValue(unit, atMost) : `${atMost}×`}`;
  return `${whose}≤ ${Number(atMost.toFixed(3))}× ${peer}`;
}
