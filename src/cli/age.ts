import { UsageError } from "./errors.js";

const unitMicros: Readonly<Record<string, number>> = {
  s: 1e6,
  m: 60e6,
  h: 3600e6,
  d: 86_400e6,
  w: 7 * 86_400e6,
  y: 365 * 86_400e6,
};

/** How far back, as a person writes it (`90s`, `12h`, `30d`), in microseconds. */
export function parseAge(text: string): number {
  const match = /^([0-9]{1,9})([smhdwy])$/.exec(text);
  const unit = unitMicros[match?.[2] ?? ""];
  if (match === null || unit === undefined) {
    throw new UsageError(`'${text}' is not an age: write a number and one of s, m, h, d, w, y, such as 30d`);
  }
  return Number(match[1]) * unit;
}
