/** Holes, copies and unnamed files on a mount: what history says of them, what they cost the database, what is left of them. */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import t from "tap";
import { onMount } from "../support/mount.js";
import { stone } from "../support/stone.js";
import { copyFileRange, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, fallocate, linkDescriptor, open } from "../support/sys.js";

const MiB = 1 << 20;
const punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
const O_TMPFILE = 0o20200000;
const O_RDWR = 2;

interface Version {
  readonly event: number;
  readonly operation?: string;
}

/** The versions of a file, oldest first. */
function versions(path: string): Version[] {
  const { status, stdout, stderr } = stone(["history", "--json", path]);
  if (status !== 0) throw new Error(stderr);
  const listed = JSON.parse(stdout) as Version[];
  return [...listed].sort((a, b) => a.event - b.event);
}

function copy(from: string, to: string, length: number): number {
  const [source, target] = [fs.openSync(from, "r"), fs.openSync(to, "w+")];
  try {
    return copyFileRange(source, 0, target, 0, length);
  } finally {
    fs.closeSync(source);
    fs.closeSync(target);
  }
}

/** Bytes of content in the database. */
function contentBytes(database: string): number {
  const { stdout, stderr } = stone(["sql", "--db", database, "--json", "SELECT sum(length) AS bytes FROM blob"]);
  const [row] = JSON.parse(stdout || "[]") as { bytes: number }[];
  if (row === undefined) throw new Error(stderr);
  return row.bytes;
}

t.test("a copy stores nothing, of the present and of the past", (t) =>
  onMount(t, (mount) => {
    const bytes = randomBytes(64 * MiB);
    const [source, target, then] = ["source", "target", "then"].map((name) => join(mount.directory, name)) as [string, string, string];
    fs.writeFileSync(source, bytes);
    const before = contentBytes(mount.database);
    const [{ event } = { event: 0 }] = versions(source).slice(-1);
    t.equal(copy(source, target, bytes.length), bytes.length);
    fs.writeFileSync(source, "other now");
    const past = join(mount.directory, ".history", `@${event}`, "source");
    t.equal(fs.statSync(past).size, bytes.length);
    t.equal(copy(past, then, bytes.length), bytes.length);
    t.ok(fs.readFileSync(target).equals(bytes));
    t.ok(fs.readFileSync(then).equals(bytes));
    t.ok(contentBytes(mount.database) - before < 1000, "64 MiB twice in no space");
    t.equal(fs.statSync(then).blocks, bytes.length / 512);
  }),
);

t.test("each is a version like a write", (t) =>
  onMount(t, (mount) => {
    const path = join(mount.directory, "file");
    const bytes = randomBytes(300_000);
    fs.writeFileSync(path, bytes);
    const fd = fs.openSync(path, "r+");
    fallocate(fd, punch, 100_000, 100_000);
    fs.closeSync(fd);
    const [written, punched] = versions(path)
      .slice(-2)
      .map(({ event }) => join(mount.directory, ".history", `@${event}`, "file"));
    t.ok(fs.readFileSync(written ?? "").equals(bytes), "as it was before");
    t.ok(fs.readFileSync(punched ?? "").equals(Buffer.from(bytes).fill(0, 100_000, 200_000)), "and after");
    t.ok(fs.statSync(punched ?? "").blocks < fs.statSync(written ?? "").blocks);
  }),
);

t.test("what is copied out of a file without a name stays when that ends; the rest goes", (t) =>
  onMount(t, (mount) => {
    const bytes = randomBytes(4 * MiB);
    fs.writeFileSync(join(mount.directory, "before"), "x");
    const before = contentBytes(mount.database);
    const fd = open(mount.directory, O_TMPFILE | O_RDWR, 0o600);
    fs.writeSync(fd, bytes);
    const target = fs.openSync(join(mount.directory, "target"), "w+");
    t.equal(copyFileRange(fd, 0, target, 0, MiB), MiB);
    fs.closeSync(fd);
    const lost = open(mount.directory, O_TMPFILE | O_RDWR, 0o600);
    fs.writeSync(lost, bytes);
    fs.fsyncSync(lost);
    fs.closeSync(lost);
    fs.closeSync(target);
    t.ok(fs.readFileSync(join(mount.directory, "target")).equals(bytes.subarray(0, MiB)));
    t.equal(contentBytes(mount.database) - before, MiB);
    mount.unmount();
    mount.mount();
    t.ok(fs.readFileSync(join(mount.directory, "target")).equals(bytes.subarray(0, MiB)));
  }),
);

t.test("a nameless file that a crash ended takes along only what is its own", (t) =>
  onMount(t, async (mount) => {
    const bytes = randomBytes(2 * MiB);
    const fd = open(mount.directory, O_TMPFILE | O_RDWR, 0o600);
    fs.writeSync(fd, bytes);
    const target = fs.openSync(join(mount.directory, "target"), "w+");
    copyFileRange(fd, 0, target, 0, MiB);
    fs.fsyncSync(target);
    await mount.kill();
    fs.closeSync(fd);
    fs.closeSync(target);
    mount.mount();
    t.ok(fs.readFileSync(join(mount.directory, "target")).equals(bytes.subarray(0, MiB)));
    t.equal(contentBytes(mount.database), MiB);
  }),
);

t.test("a file that gets its name late is in the past from then on", (t) =>
  onMount(t, (mount) => {
    const fd = open(mount.directory, O_TMPFILE | O_RDWR, 0o600);
    fs.writeSync(fd, "made in secret");
    fs.fsyncSync(fd);
    linkDescriptor(fd, join(mount.directory, "named"));
    fs.closeSync(fd);
    const [linked] = versions(join(mount.directory, "named")).slice(-1);
    t.equal(fs.readFileSync(join(mount.directory, ".history", `@${linked?.event}`, "named"), "utf8"), "made in secret");
    t.notOk(fs.existsSync(join(mount.directory, ".history", `@${(linked?.event ?? 0) - 1}`, "named")));
  }),
);
