/** Programs that a benchmark starts and waits for. */
import { type SpawnSyncOptions, spawnSync } from "node:child_process";

/** Somebody wants the benchmark to end. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** Runs a program to its end and gives what it printed. Throws with its last words when it fails. */
export function must(program: string, args: readonly string[], options: SpawnSyncOptions = {}): string {
  const { status, signal, error, stdout, stderr } = spawnSync(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 1 << 28,
    ...options,
    encoding: "utf8",
  });
  if (signal === "SIGINT" || signal === "SIGTERM") throw new Interrupted(`${program} was ended by ${signal}`);
  if (status !== 0) {
    const words = stderr?.trim().slice(-500) ?? "";
    throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? (words === "" ? (signal ?? `status ${status}`) : words)}`);
  }
  return stdout ?? "";
}

/** The same for a program whose success is a matter of what the machine has. */
export function succeeds(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: "ignore" }).status === 0;
}

export function installed(program: string): boolean {
  return succeeds("sh", "-c", 'command -v "$0"', program);
}

export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

const clock = new Int32Array(new SharedArrayBuffer(4));

export function sleep(millis: number): void {
  Atomics.wait(clock, 0, 0, millis);
}

/** Waits until `condition` holds, looking every `everyMillis`. Throws after half a minute. */
export function waitUntil(what: string, everyMillis: number, condition: () => boolean): void {
  const deadline = Date.now() + 30_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited 30 s for ${what}`);
    sleep(everyMillis);
  }
}
