/** The suite: functions of a directory, run first on the host's own file system so that the suite itself is tested. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import { dirname, join } from "node:path";
import type { Test } from "tap";
import { acls } from "./acls.js";
import type { Area, Need } from "./case.js";
import { concurrency } from "./concurrency.js";
import { create } from "./create.js";
import { data } from "./data.js";
import { directories } from "./directories.js";
import { durability } from "./durability.js";
import { edges } from "./edges.js";
import { holes } from "./holes.js";
import { links } from "./links.js";
import { listing } from "./listing.js";
import { locks } from "./locks.js";
import { mmap } from "./mmap.js";
import { names } from "./names.js";
import { offsets } from "./offsets.js";
import { ownership } from "./ownership.js";
import { permissions } from "./permissions.js";
import { ranges } from "./ranges.js";
import { removed } from "./removed.js";
import { rename } from "./rename.js";
import { special } from "./special.js";
import { times } from "./times.js";
import { xattrs } from "./xattrs.js";

export const areas: readonly Area[] = [
  create,
  directories,
  links,
  rename,
  data,
  ranges,
  offsets,
  holes,
  times,
  ownership,
  permissions,
  xattrs,
  acls,
  listing,
  names,
  special,
  edges,
  durability,
  mmap,
  locks,
  removed,
  concurrency,
];

/** What a file system cannot do, each with the reason, which is shown beside every case left out. */
export type Unsupported = Partial<Record<Need, string>>;

/** Why cases that act as several users cannot run below this directory, or undefined. */
function noOtherUsers(): string | undefined {
  if (process.geteuid?.() !== 0) return "only root can act as several users";
  for (let path = os.tmpdir(); path !== "/"; path = dirname(path)) {
    if ((fs.statSync(path).mode & 0o001) === 0) return `other users may not pass ${path}`;
  }
  return undefined;
}

/** What this machine and user lack. */
export function unsupportedHere(): Unsupported {
  const root = noOtherUsers();
  return {
    ...(root === undefined ? {} : { root }),
    ...(spawnSync("python3", ["--version"]).status === 0 ? {} : { python3: "python3 is not installed" }),
  };
}

/**
 * Runs every area as a subtest below `directory`, each case in a directory of its own that ordinary users may enter.
 * `POSIX_CASE=text` runs the cases whose area or name contains the text.
 */
export async function runSuite(t: Test, directory: string, unsupported: Unsupported): Promise<void> {
  const wanted = process.env.POSIX_CASE ?? "";
  for (const [areaIndex, area] of areas.entries()) {
    const cases = area.cases.filter((each) => `${area.name}: ${each.name}`.includes(wanted));
    if (cases.length === 0) continue;
    await t.test(area.name, async (areaTest) => {
      for (const [caseIndex, each] of cases.entries()) {
        const missing = (each.needs ?? []).find((need) => unsupported[need] !== undefined);
        if (missing !== undefined) {
          areaTest.pass(each.name, { skip: unsupported[missing] ?? true });
          continue;
        }
        await areaTest.test(each.name, async (caseTest) => {
          const own = join(directory, `${areaIndex}-${caseIndex}`);
          fs.mkdirSync(own);
          fs.chmodSync(own, 0o755);
          await each.run(own, caseTest);
          fs.rmSync(own, { recursive: true });
        });
      }
    });
  }
}
