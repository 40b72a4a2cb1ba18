/** Reads all over a large tree, made by `makeTree` in the root beside the directory that is given. */
import fs from "node:fs";
import { dirname } from "node:path";
import { dropCaches } from "../caches.js";
import { filesPerDirectory } from "../large-tree.js";
import { Random } from "../random.js";
import { timed, type Workload } from "../row.js";
import { readAll, statAll } from "./small-files.js";

const files = 1000;

const name = {
  statCold: "stat across the tree, cold",
  stat: "stat across the tree, warm",
  read: "open+read+close across the tree, warm",
  list: "listing of 1,000 names with stat, cold",
} as const;

export const acrossTree: Workload = {
  name: "across the tree",
  rows: [
    { name: name.statCold, unit: { operations: files } },
    { name: name.stat, unit: { operations: files } },
    { name: name.read, unit: { operations: files } },
    { name: name.list, unit: { operations: filesPerDirectory } },
  ],
  run(directory, { round = 0 }) {
    // Other files each round: those of the round before are in the daemon's memory.
    const [root, random] = [dirname(directory), new Random(3 + round)];
    const directories = fs.readdirSync(root).filter((entry) => /^d\d+$/.test(entry));
    const pick = (): string => `${root}/${directories[random.below(directories.length)]}/f${random.below(filesPerDirectory)}`;
    const names = Array.from({ length: files }, pick);
    const listed = `${root}/${directories[directories.length - 1]}`;
    const samples: Record<string, number> = {};
    if (dropCaches()) {
      samples[name.statCold] = timed(() => statAll(names));
      dropCaches();
      samples[name.list] = timed(() => {
        for (const entry of fs.readdirSync(listed)) fs.statSync(`${listed}/${entry}`);
      });
    }
    statAll(names);
    const buffer = Buffer.alloc(4096);
    samples[name.stat] = timed(() => statAll(names));
    readAll(names, buffer);
    samples[name.read] = timed(() => readAll(names, buffer));
    return samples;
  },
};
