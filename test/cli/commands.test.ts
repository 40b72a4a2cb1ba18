/** The commands that look at a mounted database, and gc: while it is mounted and when it is not. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { DaemonStatus } from "../../src/daemon/protocol.js";
import { onMount } from "../support/mount.js";
import { stone } from "../support/stone.js";
import { accepts, refuses } from "./support.js";

interface Version {
  readonly event: number;
  readonly time: string;
  readonly sizeBytes: number;
  readonly op: string;
}

function versions(t: Test, args: readonly string[], cwd?: string): Version[] {
  return JSON.parse(accepts(t, ["history", "--json", ...args], cwd)) as Version[];
}

t.test("status", (t) =>
  onMount(t, (mount) => {
    const table = accepts(t, ["status"]);
    t.match(table, /^MOUNT POINT +DATABASE +SHOWS +PID +MEMORY +UP\n/);
    t.match(table, new RegExp(`^${mount.directory} +${mount.database} +main +${mount.daemonPid()} `, "m"));
    const rows = JSON.parse(accepts(t, ["status", "--json", mount.directory])) as { status: DaemonStatus }[];
    t.equal(rows.length, 1);
    const status = rows[0]?.status;
    t.match(status, { pid: mount.daemonPid(), database: mount.database, mountPoint: mount.directory, branch: "main", readOnly: false });
    t.ok((status?.residentBytes ?? 0) > 1e6, "memory");
    t.ok(Object.keys(status?.counters ?? {}).length > 0, "counters");
    t.match(accepts(t, ["status", "--db", mount.database]), /COUNTER +VALUE/);
    mount.unmount();
    refuses(t, 1, ["status", "--db", mount.database], [mount.database, "not mounted", "stone mount"]);
    refuses(t, 1, ["status", mount.directory], ["nothing is mounted"]);
  }),
);

t.test("history sees what was written just before it", (t) =>
  onMount(t, (mount) => {
    const path = join(mount.directory, "note");
    writeFileSync(path, "one");
    const first = versions(t, [path]);
    t.equal(first.at(-1)?.sizeBytes, 3);
    writeFileSync(path, "three");
    const second = versions(t, ["note"], mount.directory);
    t.same(second.slice(0, first.length), first, "the past stays as it was");
    t.equal(second.at(-1)?.sizeBytes, 5);
    const table = accepts(t, ["history", path]).trimEnd().split("\n");
    t.match(table[0], /^EVENT +TIME +SIZE +OPERATION +BY$/);
    t.equal(table.length, second.length + 1);
  }),
);

t.test("a time and an event of history lead to that version", (t) =>
  onMount(t, (mount) => {
    const path = join(mount.directory, "note");
    for (const text of ["one", "three", "seventeen"]) writeFileSync(path, text);
    const written = versions(t, [path]).filter((version) => version.sizeBytes > 0);
    t.same(
      written.map((version) => version.sizeBytes),
      [3, 5, 9],
    );
    for (const { time, event, sizeBytes } of written) {
      for (const when of [time, `@${event}`]) {
        t.equal(readFileSync(join(mount.directory, ".history", when, "note")).length, sizeBytes, when);
      }
    }
  }),
);

t.test("history of what is gone, of what never was, through the past and without a mount", (t) =>
  onMount(t, (mount) => {
    mkdirSync(join(mount.directory, "dir"));
    const path = join(mount.directory, "dir", "gone");
    writeFileSync(path, "here");
    const before = versions(t, [path]);
    rmSync(join(mount.directory, "dir"), { recursive: true });
    const after = versions(t, [path]);
    t.same(after.slice(0, before.length), before);
    const when = before.at(-1)?.time ?? "";
    t.same(versions(t, [join(mount.directory, ".history", when, "dir", "gone")]), after, "through a past moment");
    refuses(t, 1, ["history", join(mount.directory, "never")], ["never", "no such file"]);
    refuses(t, 1, ["history", "/etc/passwd"], ["/etc/passwd", "--db"]);
    mount.unmount();
    t.same(versions(t, ["--db", mount.database, "/dir/gone"]), after, "without a mount");
    refuses(t, 1, ["history", "--db", mount.database, "--branch", "nowhere", "/x"], ["nowhere"]);
  }),
);

t.test("check, mounted and not, by every way to name the database", (t) =>
  onMount(t, (mount) => {
    writeFileSync(join(mount.directory, "note"), "one");
    t.match(accepts(t, ["check"], mount.directory), `${mount.database}: no problems`);
    mount.unmount();
    accepts(t, ["check", mount.database]);
    t.same(JSON.parse(accepts(t, ["check", "--json", "--db", mount.database])), []);
    t.equal(stone(["check"], { cwd: "/", env: { STONE_DB: mount.database } }).status, 0, "STONE_DB");
    refuses(t, 1, ["check", `${mount.database}.missing`], ["no such database", "stone init"]);
  }),
);

t.test("gc forgets the past, mounted and not, and nothing else", (t) =>
  onMount(t, (mount) => {
    const path = join(mount.directory, "note");
    for (const turn of ["mounted", "unmounted"] as const) {
      // Small versions of one batch share a blob, which goes with the last of them.
      for (let size = 1; size <= 4; size++) writeFileSync(path, "x".repeat(size * 40_000));
      t.ok(versions(t, [path]).length > 4, "there is a past");
      accepts(t, ["gc", "--keep", "1d", mount.database]);
      t.ok(versions(t, [path]).length > 4, "young enough to be kept");
      if (turn === "unmounted") mount.unmount();
      const report = JSON.parse(accepts(t, ["gc", "--json", "--keep", "0s", mount.database])) as { rows: number; bytes: number };
      t.ok(report.rows > 0 && report.bytes >= 240_000, turn, report);
      if (turn === "unmounted") mount.mount();
      t.equal(versions(t, [path]).length, 1, "only what is there now");
      t.equal(readFileSync(path).length, 160_000);
    }
  }),
);

t.test("a moment mounted by itself is read-only", (t) =>
  onMount(t, (mount) => {
    const path = join(mount.directory, "note");
    writeFileSync(path, "one");
    const when = `@${versions(t, [path]).at(-1)?.event}`;
    writeFileSync(path, "three");
    mount.unmount();
    accepts(t, ["mount", "--at", when, mount.database, mount.directory]);
    t.equal(readFileSync(path, "utf8"), "one");
    t.throws(() => writeFileSync(path, "new"), { code: "EROFS" });
    t.match(accepts(t, ["status"]), `main at ${when}`);
    accepts(t, ["umount", mount.directory]);
    accepts(t, ["mount", "-o", "ro", mount.database, mount.directory]);
    t.equal(readFileSync(path, "utf8"), "three");
    t.throws(() => writeFileSync(path, "new"), { code: "EROFS" });
  }),
);
