import { chownSync } from "node:fs";
import type { Test } from "tap";
import { type Outcome, run } from "../support/run.js";
import { stone, stoneCommand } from "../support/stone.js";
import { nobody } from "../support/users.js";

/** Runs `stone`, which must refuse: with this status, one line on standard error that has all these words, nothing on standard output. */
export function refuses(t: Test, status: 1 | 2, args: readonly string[], words: readonly (string | RegExp)[], outcome = stone(args)): void {
  const what = `stone ${args.join(" ")}`;
  t.equal(outcome.status, status, `${what}: status`, { stderr: outcome.stderr });
  t.match(outcome.stderr, /^stone: [^\n]+\n$/, `${what}: one line`);
  for (const word of words) {
    if (typeof word === "string") t.ok(outcome.stderr.includes(word), `${what}: names ${word}`, { stderr: outcome.stderr });
    else t.match(outcome.stderr, word, what);
  }
  t.equal(outcome.stdout, "", `${what}: prints nothing else`);
}

/** Runs `stone`, which must succeed. Its standard output. */
export function accepts(t: Test, args: readonly string[], cwd = "/"): string {
  const { status, stdout, stderr } = stone(args, { cwd });
  t.equal(status, 0, `stone ${args.join(" ")}`, { stdout, stderr });
  return stdout;
}

/** What `stone` prints with --json. */
export function list<Row>(t: Test, args: readonly string[], cwd = "/"): Row[] {
  return JSON.parse(accepts(t, args, cwd)) as Row[];
}

/** Runs `stone`, which must find conflicts: exit status 1, a line on standard error, and the list of them. */
export function conflicts(t: Test, args: readonly string[], cwd = "/"): { readonly kind: string; readonly path: string }[] {
  const { status, stdout, stderr } = stone([...args, "--json"], { cwd });
  t.equal(status, 1, `stone ${args.join(" ")}: status`, { stdout, stderr });
  t.match(stderr, /^stone: \d+ conflicts?; nothing was applied[^\n]*\n$/, `stone ${args.join(" ")}: one line`);
  return (JSON.parse(stdout) as { conflicts: { kind: string; path: string }[] }).conflicts;
}

/** Runs `stone` as somebody whom file modes bind: as `nobody` if we are root, who may write everything. */
export function stoneBound(args: readonly string[]): Outcome {
  if (process.geteuid?.() !== 0) return stone(args);
  const user = [`--reuid=${nobody.uid}`, `--regid=${nobody.gid}`, "--clear-groups"];
  return run("setpriv", [...user, ...stoneCommand(args).flat()], { cwd: "/" });
}

/** Gives a file to whom `stoneBound` acts as. */
export function giveToBound(path: string): void {
  if (process.geteuid?.() === 0) chownSync(path, nobody.uid, nobody.gid);
}
