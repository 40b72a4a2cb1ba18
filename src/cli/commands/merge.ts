import { Command } from "commander";
import { tell } from "../changes.js";
import { UsageError } from "../errors.js";
import { markersOf, type ResolutionFlags, resolutionOptions, resolutionsOf } from "../resolutions.js";
import { here } from "../session.js";

interface Flags extends ResolutionFlags {
  readonly into?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

/** `--markers` is about lines, and so about `--text`. */
export function checkMarkers(flags: ResolutionFlags): void {
  if (flags.markers === true && flags.text === undefined) throw new UsageError("--markers goes with --text");
}

async function merge(source: string, flags: Flags): Promise<void> {
  checkMarkers(flags);
  await here(flags, async (session) => {
    const target = flags.into ?? session.branch;
    const dryRun = flags.dryRun === true;
    const report = await session.change("merge", {
      source,
      target,
      resolutions: resolutionsOf(flags),
      markers: markersOf(flags),
      intent: dryRun ? "dry-run" : "apply",
    });
    tell(report, {
      json: flags.json === true,
      dryRun,
      done: `merging ${source} into ${target}`,
      advice: "Settle them with --ours, --theirs or --text, for all or for a path: --ours PATH",
    });
  });
}

export function mergeCommand(): Command {
  const command = new Command("merge")
    .summary("take over what another branch changed")
    .description(
      "Takes what branch NAME changed since the two were last one: three-way, all at once or not at all. What both sides changed is a conflict:\n" +
        "conflicts are listed and nothing is applied (exit status 1) unless an option settles them. Merging again takes only what is new.",
    )
    .argument("<NAME>", "the branch whose changes to take; before the options that take paths")
    .option("--into <BRANCH>", "the branch to change; by default the one the current directory is in, or the mounted one");
  for (const option of resolutionOptions) command.addOption(option);
  return command
    .option("-n, --dry-run", "only say what would change")
    .option("--db <FILE>", "the database")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  stone merge idea --dry-run             what would change, and what is in conflict
  stone merge idea
  stone merge idea --text --theirs config.json
  stone merge main --into idea           catch up`,
    )
    .action(merge);
}
