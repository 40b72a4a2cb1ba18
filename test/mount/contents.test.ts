/** Random operations on the bytes of files, the same on the mount and on the host: each answers the same, and the files are the same. */
import fs from "node:fs";
import t, { type Test } from "tap";
import { onMount } from "../support/mount.js";
import { Random, seedOf } from "../support/random.js";
import { temporaryDirectory } from "../support/temporary.js";
import { type Change, Contents, type Kind, nextChange } from "./contents.js";

/** In all; a longer hunt: CONTENTS_SECONDS=600. */
const seconds = Number(process.env.CONTENTS_SECONDS ?? 30);
const variants = [
  { name: "as mounted by default", options: {} },
  { name: "with delayed writes", options: { options: ["writeback"] } },
];

t.setTimeout((seconds + 150) * 1000);

const brief = ({ kind, file, offset, from, length }: Change): string =>
  `${kind} file${file} at ${offset}, ${length} bytes${kind.startsWith("copy") ? ` from ${from}` : ""}`;

/** What the host's file system cannot do is not asked of the mount either. */
function hostLacks(directory: string): Set<Kind> {
  const probe = new Contents(directory);
  const asked: Kind[] = ["allocate", "keep-size", "punch", "zero", "zero-keep", "copy", "copy-within"];
  const change = { file: 0, offset: 0, from: 8192, length: 4096, bytes: Buffer.alloc(0) } as const;
  const lacks = asked.filter((kind) => ["EOPNOTSUPP", "ENOTSUP", "EXDEV", "EINVAL"].includes(probe.apply({ ...change, kind })));
  probe.close();
  for (const file of [0, 1]) fs.rmSync(probe.path(file));
  return new Set(lacks);
}

/** The first byte at which two files differ, or undefined. */
function firstDifference(one: string, two: string): number | undefined {
  const [left, right] = [fs.readFileSync(one), fs.readFileSync(two)];
  if (left.equals(right)) return undefined;
  const shorter = Math.min(left.length, right.length);
  for (let at = 0; at < shorter; at++) if (left[at] !== right[at]) return at;
  return shorter;
}

/** The operations that could have to do with a byte, the last of them. */
function touching(row: readonly Change[], file: number, at: number): string[] {
  const moves = ["truncate", "cut", "append", "reopen"];
  return row
    .map((change, index) => ({ change, text: `${index}: ${brief(change)}` }))
    .filter(({ change }) => change.file === file || change.kind === "copy")
    .filter(({ change }) => moves.includes(change.kind) || (change.offset <= at && at < change.offset + change.length))
    .map(({ text }) => text)
    .slice(-25);
}

function same(t: Test, host: Contents, mount: Contents, row: readonly Change[]): boolean {
  for (const file of [0, 1]) {
    const at = firstDifference(host.path(file), mount.path(file));
    if (at === undefined) continue;
    t.fail(`file${file} differs at ${at}, after ${row.length} operations`, { operations: touching(row, file, at) });
    return false;
  }
  return true;
}

for (const [index, { name, options }] of variants.entries()) {
  t.test(name, { timeout: (seconds + 120) * 1000 }, (t) =>
    onMount(
      t,
      (mount) => {
        const random = new Random(seedOf(t) + index);
        const here = temporaryDirectory(t);
        const lacks = hostLacks(here);
        if (lacks.size > 0) t.comment(`the host's file system lacks ${[...lacks].join(", ")}: not compared`);
        const [host, there] = [new Contents(here), new Contents(mount.directory)];
        const row: Change[] = [];
        const end = Date.now() + (seconds * 1000) / variants.length;
        let remounts = 0;
        while (Date.now() < end) {
          const change = nextChange(random, lacks);
          // The bytes themselves would be all the memory there is.
          row.push({ ...change, bytes: Buffer.alloc(0) });
          const [expected, found] = [host.apply(change), there.apply(change)];
          if (expected !== found) {
            const text = `operation ${row.length - 1}, ${brief(change)}: host ${expected.slice(0, 80)}, mount ${found.slice(0, 80)}`;
            t.fail(text, { operations: touching(row, change.file, change.offset) });
            break;
          }
          if (row.length % 200 === 0 && !same(t, host, there, row)) break;
          if (row.length % 1500 !== 0) continue;
          there.close();
          mount.unmount();
          mount.mount();
          there.open();
          remounts++;
        }
        t.ok(same(t, host, there, row), `the same after ${row.length} operations and ${remounts} remounts`);
        t.ok(row.length > 300, "fewer operations would prove little");
        host.close();
        there.close();
      },
      { ...options, deadlineMs: (seconds + 100) * 1000 },
    ),
  );
}
