import type { Connection } from "../../db/connection.js";
import { checkAllocated } from "./allocated.js";
import { checkAttributes } from "./attributes.js";
import { checkBlobRanges, checkBlobs, checkExtents, checkUnusedBlobs } from "./content.js";
import { checkReachability } from "./directories.js";
import { checkEntries } from "./entries.js";
import { checkLinkCounts } from "./links.js";
import type { Check, Problem } from "./problem.js";
import { checkBatches, checkBranches, checkClock, checkIntervals } from "./timeline.js";

export type { Problem } from "./problem.js";

/** One function for each invariant that the schema states, in its order. */
export const checks: readonly Check[] = [
  checkBranches, // I1
  checkClock, // I2
  checkBatches, // I3
  checkLinkCounts, // I4
  checkReachability, // I5
  checkEntries, // I6
  checkExtents, // I7
  checkBlobRanges, // I8
  checkAttributes, // I9
  checkBlobs, // I10
  checkUnusedBlobs, // I11
  checkIntervals, // I12
  checkAllocated, // I13
];

/** Checks a whole database as of one moment. Everything must have been committed. Returns what is broken; nothing is mended. */
export function checkDatabase(connection: Connection): Problem[] {
  return connection.reading(() => checks.flatMap((check) => check(connection)));
}
