// By their own modules: the whole of date-fns takes 100 ms to load.
import { formatDuration } from "date-fns/formatDuration";
import { intervalToDuration } from "date-fns/intervalToDuration";

/** A length of time in words, its two largest units: `3 hours 12 minutes`. */
export function formatMillis(millis: number): string {
  const duration = intervalToDuration({ start: 0, end: millis });
  const words = formatDuration(duration).split(" ");
  return words[0] === "" ? "less than a second" : words.slice(0, 4).join(" ");
}
