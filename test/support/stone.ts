import { fileURLToPath } from "node:url";
import { type Outcome, type RunOptions, run } from "./run.js";

/** The command as it is built, next to the compiled tests. */
export const stoneMain = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

/** Runs `stone` with these arguments. */
export function stone(args: readonly string[], options: RunOptions = {}): Outcome {
  return run(process.execPath, [stoneMain, ...args], options);
}
