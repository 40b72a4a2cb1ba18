import { fileURLToPath } from "node:url";
import { type Outcome, type RunOptions, run } from "./run.js";

/** The command as it is built, next to the compiled tests. */
export const stoneMain = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

/**
 * The command line that runs `stone` as a user does. tap has every Node process that a test starts load its hooks, by
 * NODE_OPTIONS: that takes half a second, and the daemon would inherit them.
 */
export function stoneCommand(args: readonly string[]): [program: string, args: string[]] {
  return ["env", ["-u", "NODE_OPTIONS", process.execPath, stoneMain, ...args]];
}

/** Runs `stone` with these arguments. */
export function stone(args: readonly string[], options: RunOptions = {}): Outcome {
  return run(...stoneCommand(args), options);
}
