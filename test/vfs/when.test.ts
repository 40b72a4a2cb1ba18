import fc from "fast-check";
import t from "tap";
import { formatWhen, parseWhen } from "../../src/vfs/when.js";

process.env.TZ = "Europe/Berlin";
const now = Date.parse("2026-11-22T12:00:00Z") * 1000;

/** The clock time a moment stands for, as ISO 8601 with microseconds, or what else it is. */
function read(text: string): unknown {
  const when = parseWhen(text, now);
  if (when === undefined || when.kind === "event") return when;
  return `${new Date(when.micros / 1000).toISOString().slice(0, -1)}${String(when.micros % 1000).padStart(3, "0")} ${when.relative}`;
}

t.test("events", (t) => {
  t.same(read("@1"), { kind: "event", event: 1 });
  t.same(read("@123456789012345"), { kind: "event", event: 123456789012345 });
  t.end();
});

t.test("a time ago", (t) => {
  t.equal(read("30s-ago"), "2026-11-22T11:59:30.000000 relative");
  t.equal(read("5m-ago"), "2026-11-22T11:55:00.000000 relative");
  t.equal(read("2h-ago"), "2026-11-22T10:00:00.000000 relative");
  t.equal(read("3d-ago"), "2026-11-19T12:00:00.000000 relative");
  t.equal(read("1w-ago"), "2026-11-15T12:00:00.000000 relative");
  t.equal(read("0s-ago"), "2026-11-22T12:00:00.000000 relative");
  t.end();
});

t.test("days", (t) => {
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  const today = parseWhen("today", now);
  t.same(today, { kind: "time", micros: midnight.getTime() * 1000, relative: "relative" });
  midnight.setDate(midnight.getDate() - 1);
  t.same(parseWhen("yesterday", now), { kind: "time", micros: midnight.getTime() * 1000, relative: "relative" });
  t.equal(read("2026-07-01"), "2026-06-30T22:00:00.000000 absolute", "a date is its first moment here");
  t.end();
});

t.test("ISO 8601, here and with a zone", (t) => {
  t.equal(read("2026-01-02T03:04"), "2026-01-02T02:04:00.000000 absolute");
  t.equal(read("2026-01-02T03:04:05"), "2026-01-02T02:04:05.000000 absolute");
  t.equal(read("2026-01-02T03:04:05.25"), "2026-01-02T02:04:05.250000 absolute");
  t.equal(read("2026-01-02T03:04:05.123456"), "2026-01-02T02:04:05.123456 absolute");
  t.equal(read("2026-01-02T03:04:05.123456789Z"), "2026-01-02T03:04:05.123456 absolute");
  t.equal(read("2026-01-02T03:04:05+05:30"), "2026-01-01T21:34:05.000000 absolute");
  t.equal(read("2026-01-02T03:04-0800"), "2026-01-02T11:04:00.000000 absolute");
  t.equal(read("1969-12-31T23:59:59Z"), "1969-12-31T23:59:59.000000 absolute");
  t.end();
});

t.test("what is no moment", (t) => {
  const bad = [
    "",
    "nonsense",
    "@",
    "@-1",
    "@1.5",
    "@1x",
    "@1234567890123456",
    "5",
    "5m",
    "5m-",
    "-5m-ago",
    "5 m-ago",
    "5y-ago",
    "5M-ago",
    "1.5h-ago",
    "1234567890s-ago",
    "tomorrow",
    "now",
    "Today",
    "yesterday ",
    "last friday 5pm",
    "monday",
    "may",
    "2026",
    "2026-1-2",
    "2026-13-01",
    "2026-02-30",
    "2026-01-02T",
    "2026-01-02T25:00",
    "2026-01-02T03",
    "2026-01-02T03:60",
    "2026-01-02T03:04.5",
    "2026-01-02 03:04",
    "2026-01-02T03:04:05.",
    "2026-01-02T03:04:05.1234567890",
    "2026-01-02T03:04:05CET",
    "2026-01-02T03:04:05+25:00",
    "2026-01-02Z",
    "20260102T030405Z",
    "..",
    ".",
    "friday-backup",
  ];
  for (const text of bad) t.equal(parseWhen(text, now), undefined, JSON.stringify(text));
  t.end();
});

t.test("what a listing shows is read back exactly", (t) => {
  const from = Date.parse("2020-01-01T00:00:00Z") * 1000;
  const to = Date.parse("2040-01-01T00:00:00Z") * 1000;
  fc.assert(
    fc.property(fc.integer({ min: from, max: to }), (micros) => {
      const when = parseWhen(formatWhen(micros), now);
      return when?.kind === "time" && when.micros === micros;
    }),
  );
  t.equal(formatWhen(Date.parse("2026-01-02T02:04:05.250Z") * 1000 + 7), "2026-01-02T03:04:05.250007");
  t.end();
});

t.test("also in the hour that comes twice", (t) => {
  for (const time of ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]) {
    const micros = Date.parse(time) * 1000 + 1;
    const when = parseWhen(formatWhen(micros), now);
    t.same(when, { kind: "time", micros, relative: "absolute" }, `${time} shows as ${formatWhen(micros)}`);
  }
  t.end();
});
