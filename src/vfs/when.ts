import { isValid } from "date-fns/isValid";
import { parseISO } from "date-fns/parseISO";
import { startOfToday } from "date-fns/startOfToday";
import { startOfYesterday } from "date-fns/startOfYesterday";

/** A moment as written: an event, or a clock time in microseconds since 1970. */
export type When =
  | { readonly kind: "event"; readonly event: number }
  | { readonly kind: "time"; readonly micros: number; readonly relative: "relative" | "absolute" };

/** What a person is told when a moment cannot be read. */
export const whenForms =
  "a snapshot's name, an ISO 8601 time (2026-11-22T14:05:00, 2026-11-22, 2026-11-22T14:05:00.250+01:00), " +
  "@EVENT, a time ago (30s-ago, 5m-ago, 2h-ago, 3d-ago, 1w-ago), today or yesterday";

const unitMicros: Readonly<Record<string, number>> = { s: 1e6, m: 60e6, h: 3600e6, d: 86_400e6, w: 604_800e6 };
const isoTime = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2})?)((?<=:\d{2}:\d{2})\.\d{1,9})?(Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?)?$/;

/**
 * Reads the strict grammar that paths use; snapshot names are looked up before. A time without a zone is the local one;
 * a date alone is its first moment; `today` and `yesterday` are theirs. Undefined when it is none of these.
 * @param now the clock, microseconds since 1970
 */
export function parseWhen(text: string, now: number): When | undefined {
  const event = /^@(\d{1,15})$/.exec(text);
  if (event !== null) return { kind: "event", event: Number(event[1]) };
  const ago = /^(\d{1,9})([smhdw])-ago$/.exec(text);
  if (ago !== null) return { kind: "time", micros: now - Number(ago[1]) * (unitMicros[ago[2] as string] as number), relative: "relative" };
  if (text === "today") return { kind: "time", micros: startOfToday().getTime() * 1000, relative: "relative" };
  if (text === "yesterday") return { kind: "time", micros: startOfYesterday().getTime() * 1000, relative: "relative" };
  return parseIso(text);
}

function parseIso(text: string): When | undefined {
  const match = isoTime.exec(text);
  if (match === null) return undefined;
  const [, date, clock, fraction, zone] = match;
  const time = parseISO(clock === undefined ? (date as string) : `${date}T${clock}${zone ?? ""}`);
  if (!isValid(time)) return undefined;
  const micros = fraction === undefined ? 0 : Math.trunc(Number(`0${fraction}`) * 1e6 + 1e-4);
  return { kind: "time", micros: time.getTime() * 1000 + micros, relative: "absolute" };
}

/**
 * A clock time in the form `parseWhen` reads back exactly: local, to the microsecond. In the hour that comes twice when summer time
 * ends, the zone is added where it takes it to tell which one.
 */
export function formatWhen(micros: number): string {
  const date = new Date(Math.floor(micros / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const fraction = String(micros - Math.floor(micros / 1e6) * 1e6).padStart(6, "0");
  const text = `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${fraction}`;
  const read = parseIso(text);
  if (read?.kind === "time" && read.micros === micros) return text;
  const east = -date.getTimezoneOffset();
  return `${text}${east < 0 ? "-" : "+"}${two(Math.floor(Math.abs(east) / 60))}:${two(Math.abs(east) % 60)}`;
}
