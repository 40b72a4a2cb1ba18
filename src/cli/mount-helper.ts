#!/usr/bin/env node
/**
 * `mount.stonefs`, which mount(8) runs for `mount -t stonefs DB DIR -o …` and for lines of fstab(5): `mount.stonefs DB DIR [-sfnv]
 * [-t type] [-o options]`. It mounts as `stone mount` does. What that takes as flags of its own are options here: `branch=`, `at=`.
 */
import { CommanderError } from "commander";
import { mountCommand } from "./commands/mount.js";
import { UsageError } from "./errors.js";
import { helperArguments } from "./helper-arguments.js";
import { printError } from "./output.js";

/** Exit codes of mount(8). */
const usageStatus = 1;
const failedStatus = 32;

async function main(argv: readonly string[]): Promise<number> {
  const parsed = helperArguments(argv);
  if (parsed === undefined) {
    printError("usage: mount.stonefs DB DIR [-sfnv] [-o OPTIONS]");
    return usageStatus;
  }
  if (parsed.pretend) return 0;
  try {
    const command = mountCommand()
      .exitOverride()
      .configureOutput({ outputError: () => {} });
    await command.parseAsync(parsed.args, { from: "user" });
    return 0;
  } catch (error) {
    printError(`mount.stonefs: ${error instanceof Error ? error.message : String(error)}`);
    return error instanceof UsageError || error instanceof CommanderError ? usageStatus : failedStatus;
  }
}

process.exit(await main(process.argv.slice(2)));
