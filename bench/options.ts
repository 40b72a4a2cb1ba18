/** The command line of `npm run bench`. */
import os from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { growthRows } from "./growth.js";
import { type Plan, peersOf } from "./measure.js";
import { peerNames, subject } from "./peers/all.js";
import type { Row } from "./row.js";
import { growthWorkloads, rows, workloads } from "./workloads.js";

const usage = `usage: npm run bench -- [--only ROW]... [--peer NAME]... [--rounds N] [--pin CPU] [--profile] [--growth] [--directory DIR] [--json FILE]
  --only ROW       the row of that name, or rows whose names contain it (default: all)
  --peer NAME      what to measure beside stonefs (default: what each row is compared with), or none:
                   ${peerNames.filter((name) => name !== subject).join(", ")}
  --rounds N       how often each is measured (default: 5)
  --pin CPU        everything, programs and daemons, on this one CPU
  --profile        a CPU profile and the counts of requests of each stonefs, beside the results
  --growth         stonefs alone, on trees of 1,000 to 1,000,000 files and after 1,000,000 events
  --directory DIR  a directory on the disk to measure (default: ${os.tmpdir()})
  --json FILE      where the results go (default: bench/results/speed.json, with --pin speed-pinned.json, with --growth growth.json)
rows:
${[...new Set([...rows, ...growthRows])].map(({ name }) => `  ${name}`).join("\n")}`;

export interface Options extends Plan {
  readonly peers: readonly string[];
  readonly cpu: number | undefined;
  readonly profile: boolean;
  readonly growth: boolean;
  readonly directory: string;
  readonly json: string;
}

function fail(message: string): never {
  process.stderr.write(`${message}\n${usage}\n`);
  process.exit(2);
}

function wholeNumber(option: string, text: string, least: number): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < least) fail(`--${option} ${text}: not a whole number from ${least}`);
  return number;
}

function namedPeers(names: readonly string[] | undefined): string[] | undefined {
  if (names === undefined) return undefined;
  const others = names.filter((name) => name !== "none" && name !== subject);
  const unknown = others.find((name) => !peerNames.includes(name));
  if (unknown !== undefined) fail(`--peer ${unknown}: no such peer`);
  return [subject, ...others];
}

function standardJson(name: string, suffix: string): string {
  return fileURLToPath(new URL(`../../bench/results/${name}${suffix}.json`, import.meta.url));
}

/** A whole name stands for its row alone, anything else for every row that contains it. */
function rowsOf(known: readonly Row[], texts: readonly string[]): Row[] {
  const whole = new Set(known.map(({ name }) => name));
  return known.filter(({ name }) => texts.some((text) => (whole.has(text) ? name === text : name.includes(text))));
}

export function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true, default: [""] },
      peer: { type: "string", multiple: true },
      rounds: { type: "string", default: "5" },
      pin: { type: "string" },
      profile: { type: "boolean", default: false },
      growth: { type: "boolean", default: false },
      directory: { type: "string", default: os.tmpdir() },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  const wanted = rowsOf(values.growth ? growthRows : rows, values.only);
  if (wanted.length === 0) fail(`--only ${values.only.join(" --only ")}: no such row`);
  const chosen = (values.growth ? growthWorkloads : workloads).filter((workload) => workload.rows.some((row) => wanted.includes(row)));
  const named = namedPeers(values.peer);
  return {
    rows: wanted,
    workloads: chosen,
    rounds: wholeNumber("rounds", values.rounds, 1),
    named,
    peers: peerNames.filter((name) => chosen.some((workload) => peersOf(workload, named).includes(name))),
    cpu: values.pin === undefined ? undefined : wholeNumber("pin", values.pin, 0),
    profile: values.profile,
    growth: values.growth,
    directory: values.directory,
    json: values.json ?? standardJson(values.growth ? "growth" : "speed", values.pin === undefined ? "" : "-pinned"),
  };
}
