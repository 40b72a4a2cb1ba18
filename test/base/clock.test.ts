import t from "tap";
import { nowMicros, timespecOf } from "../../src/base/clock.js";

t.test("a timespec from microseconds", (t) => {
  t.same(timespecOf(0), { sec: 0, nsec: 0 });
  t.same(timespecOf(1_500_000), { sec: 1, nsec: 500_000_000 });
  t.same(timespecOf(1_795_312_345_123_456), { sec: 1_795_312_345, nsec: 123_456_000 });
  t.same(timespecOf(-1), { sec: -1, nsec: 999_999_000 }, "before 1970 the seconds go down and the nanoseconds stay positive");
  t.same(timespecOf(-2_000_000), { sec: -2, nsec: 0 });
  t.end();
});

t.test("the clock is the wall clock, in microseconds, and goes forward", (t) => {
  let before = nowMicros();
  let finer = false;
  for (let i = 0; i < 10_000; i++) {
    const now = nowMicros();
    if (now < before - 2000) t.fail(`the clock went from ${before} to ${now}`);
    finer ||= now % 1000 !== 0;
    before = now;
  }
  t.ok(Math.abs(before / 1000 - Date.now()) < 10, "close to Date.now()");
  t.ok(Number.isInteger(before), "whole microseconds");
  t.ok(finer, "finer than milliseconds");
  t.end();
});

t.test("a wall clock set by hand is followed", (t) => {
  const real = Date.now;
  t.teardown(() => {
    Date.now = real;
  });
  Date.now = () => real() + 3600_000;
  t.ok(Math.abs(nowMicros() / 1000 - Date.now()) < 10, "an hour ahead");
  Date.now = real;
  t.ok(Math.abs(nowMicros() / 1000 - Date.now()) < 10, "and back");
  t.end();
});
