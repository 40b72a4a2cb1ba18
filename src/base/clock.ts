/** A moment as the kernel's `struct timespec`: whole seconds since 1970 (negative before) and nanoseconds 0..999,999,999. */
export interface Timespec {
  readonly sec: number;
  readonly nsec: number;
}

const originMicros = Date.now() * 1000 - Math.trunc(performance.now() * 1000);

/** Microseconds since 1970: the wall clock as it was at start, advanced by the monotonic clock in between. */
let offsetMicros = originMicros;

/**
 * The wall clock in microseconds since 1970 (exact in a double until 2255).
 * `Date.now()` has only milliseconds, so the fraction comes from the monotonic clock, which is fitted to the
 * wall clock again whenever the two are more than 2 ms apart (a clock set by hand, a suspended machine).
 */
export function nowMicros(): number {
  const monotonic = Math.trunc(performance.now() * 1000);
  const micros = offsetMicros + monotonic;
  const wall = Date.now() * 1000;
  const drift = micros - wall;
  if (drift > 2000 || drift < -2000) {
    offsetMicros = wall - monotonic;
    return wall;
  }
  return micros;
}

/** A timespec from microseconds since 1970. */
export function timespecOf(micros: number): Timespec {
  const sec = Math.floor(micros / 1e6);
  return { sec, nsec: (micros - sec * 1e6) * 1000 };
}
