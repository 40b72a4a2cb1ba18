/** Running other programs from a test. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import type { Test } from "tap";

export interface Outcome {
  /** The exit status, or null when a signal ended it (a timeout sends SIGKILL). */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly timeoutMs?: number;
}

/**
 * Runs a program to its end. Output goes through files, because a daemon that the program leaves behind would hold a pipe
 * open and the run would never end.
 */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Outcome {
  const directory = fs.mkdtempSync(join(os.tmpdir(), "stonefs-run-"));
  const [out, err] = [join(directory, "out"), join(directory, "err")];
  const [outFd, errFd] = [fs.openSync(out, "w"), fs.openSync(err, "w")];
  try {
    const result = spawnSync(program, [...args], {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      input: options.input,
      stdio: [options.input === undefined ? "ignore" : "pipe", outFd, errFd],
      timeout: options.timeoutMs ?? 120_000,
      killSignal: "SIGKILL",
    });
    const failure = result.error === undefined ? "" : `${result.error.message}\n`;
    return { status: result.status, stdout: fs.readFileSync(out, "utf8"), stderr: failure + fs.readFileSync(err, "utf8") };
  } finally {
    fs.closeSync(outFd);
    fs.closeSync(errFd);
    fs.rmSync(directory, { recursive: true });
  }
}

/** Runs a program that must succeed; its standard output. */
export function succeed(t: Test, program: string, args: readonly string[], options: RunOptions = {}): string {
  const { status, stdout, stderr } = run(program, args, options);
  t.equal(status, 0, `${program} ${args.join(" ").slice(0, 80)}`, { stdout: stdout.slice(-2000), stderr: stderr.slice(-2000) });
  return stdout;
}

/** Whether a program is installed. */
export function has(program: string): boolean {
  return run("sh", ["-c", 'command -v "$0"', program]).status === 0;
}

/** The condition of a subtest that wants programs: false, or why it is skipped. */
export function without(...programs: string[]): string | false {
  const missing = programs.filter((program) => !has(program));
  return missing.length === 0 ? false : `${missing.join(", ")} not installed`;
}
