import { Option } from "commander";
import { nameFromText } from "../base/bytes.js";
import type { Markers, Resolution } from "../daemon/protocol.js";
import { findPlace } from "./paths.js";

/** What the command line says about conflicts: an option alone is for all of them, one with paths for those. */
export interface ResolutionFlags {
  readonly ours?: true | readonly string[];
  readonly theirs?: true | readonly string[];
  readonly text?: true | readonly string[];
  readonly markers?: true;
  readonly db?: string;
}

export const resolutionOptions: readonly Option[] = [
  new Option("--ours [PATH...]", "settle conflicts by keeping what the target has; with PATHs only theirs and those below"),
  new Option("--theirs [PATH...]", "settle them by taking what comes in"),
  new Option("--text [PATH...]", "settle them by merging the lines of text files"),
  new Option("--markers", "with --text: write lines that both sides changed between markers, as git does"),
];

/** The conflict options as the protocol has them. */
export function resolutionsOf(flags: ResolutionFlags): Resolution[] {
  return (["ours", "theirs", "text"] as const).flatMap((how) => {
    const value = flags[how];
    if (value === undefined) return [];
    if (value === true) return [{ how }];
    return value.map((path) => ({ how, path: findPlace(path, flags.db).components.map(nameFromText).join("/") }));
  });
}

export function markersOf(flags: ResolutionFlags): Markers {
  return flags.markers === true ? "markers" : "none";
}
