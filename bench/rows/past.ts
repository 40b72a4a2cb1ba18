/** The same reads in `/.history` and in a branch as in the live tree of the same mount, as ratios to it. */
import { randomFillSync } from "node:crypto";
import fs from "node:fs";
import { basename, dirname } from "node:path";
import { dropCaches } from "../caches.js";
import { KiB, MiB, type Row, timed, type Workload } from "../row.js";
import { listAll, makeSmallFiles, readAll, statAll } from "./small-files.js";

const passes = 5;
const largeBytes = 32 * MiB;
const places = { past: "in the past", branch: "in a branch" } as const;

function readLarge(path: string): void {
  const [buffer, fd] = [Buffer.alloc(256 * KiB), fs.openSync(path, "r")];
  while (fs.readSync(fd, buffer) > 0);
  fs.closeSync(fd);
}

interface Read {
  readonly name: string;
  readonly temperature: "cold" | "warm";
  readonly read: (directory: string, names: readonly string[]) => void;
}

const buffer = Buffer.alloc(KiB);
const kinds = {
  stat: (_directory: string, names: readonly string[]) => statAll(names),
  "readdir+stat": (directory: string) => listAll(directory),
  "open+read+close": (_directory: string, names: readonly string[]) => readAll(names, buffer),
  "sequential read": (directory: string) => readLarge(`${directory}/large`),
};

const reads: readonly Read[] = Object.entries(kinds).flatMap(([name, read]) => [
  { name: `${name}, cold`, temperature: "cold" as const, read },
  { name: `${name}, warm`, temperature: "warm" as const, read },
]);

const rowName = (read: Read, place: string): string => `${read.name}, ${place} / live`;

const rows: readonly Row[] = Object.values(places).flatMap((place) =>
  reads.map((read) => ({ name: rowName(read, place), unit: "ratio" as const, goals: place === places.past ? [{ atMost: 1.1 }] : [] })),
);

/** Seconds of a read in each directory, pass by pass in turn. A cold pass follows on empty caches. */
function measure({ read, temperature }: Read, directories: readonly string[], relative: readonly string[]): number[] {
  const names = directories.map((directory) => relative.map((name) => `${directory}/${name}`));
  const totals = directories.map(() => 0);
  for (let pass = 0; pass < passes; pass++) {
    directories.forEach((directory, index) => {
      const action = (): void => read(directory, names[index] ?? []);
      if (temperature === "warm") action();
      else if (!dropCaches()) throw new Error("only root can empty the kernel's caches");
      totals[index] = (totals[index] ?? 0) + timed(action);
    });
  }
  return totals;
}

export const past: Workload = {
  name: "in time",
  rows,
  peers: ["stonefs"],
  run(directory) {
    const [root, inside] = [dirname(directory), basename(directory)];
    const relative = makeSmallFiles(directory).names.map((name) => name.slice(directory.length + 1));
    fs.writeFileSync(`${directory}/large`, randomFillSync(Buffer.alloc(largeBytes)));
    const [moment, branch] = [`${root}/.history/bench`, `${root}/.branches/bench`];
    fs.mkdirSync(moment);
    fs.mkdirSync(branch);
    // What was changed since is what makes the past differ from now, and a branch from what it came from.
    for (const name of relative.slice(0, relative.length / 10)) fs.appendFileSync(`${directory}/${name}`, "changed");
    const samples: Record<string, number> = {};
    for (const read of reads.filter(({ temperature }) => temperature === "warm" || process.geteuid?.() === 0)) {
      const [live = 0, then = 0, there = 0] = measure(read, [directory, `${moment}/${inside}`, `${branch}/${inside}`], relative);
      samples[rowName(read, places.past)] = then / live;
      samples[rowName(read, places.branch)] = there / live;
    }
    fs.rmdirSync(branch);
    fs.rmdirSync(moment);
    return samples;
  },
};
