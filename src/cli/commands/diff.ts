import { Command, Option } from "commander";
import { type Name, nameFromText, nameText } from "../../base/bytes.js";
import { FsError } from "../../base/errno.js";
import type { Change } from "../../history/change.js";
import { diffTrees } from "../../history/diff.js";
import { resolvePath } from "../../history/paths.js";
import type { Ref } from "../../history/refs.js";
import type { Store } from "../../store/store.js";
import { plainOf, printChanges } from "../changes.js";
import { printFileDiffs, printStat } from "../difftext.js";
import { CliError, UsageError } from "../errors.js";
import { printJson } from "../output.js";
import { currentPlace, findPlace, type Place } from "../paths.js";
import { findRef, readTree } from "../refs.js";
import { branchId, type Session, withSession } from "../session.js";
import { colored, plain } from "../textdiff.js";

interface Flags {
  readonly stat?: true;
  readonly nameStatus?: true;
  readonly color: "auto" | "always" | "never";
  readonly db?: string;
  readonly branch?: string;
  readonly json?: true;
}

/** What to compare. */
interface Sides {
  readonly a: Ref;
  readonly b: Ref;
  readonly path: readonly Name[];
}

/** A ref, or why the text is none: then it may be a path. */
function tryRef(store: Store, here: string, text: string): Ref | Error {
  // No branch's or snapshot's name has a slash, and no time does.
  if (text.includes("/") || text === "." || text === "..") return new CliError(`${text}: no such file on either side`);
  try {
    return findRef(store, here, text);
  } catch (error) {
    if (error instanceof FsError || error instanceof CliError) return error;
    throw error;
  }
}

/** Reads `A [B] [PATH]`: the second word is B if it names a tree, else it is PATH. */
function readSides(store: Store, session: Session, words: readonly string[], flags: Flags): Sides {
  const [first = "", second, third] = words;
  const a = findRef(store, session.branch, first);
  const live: Ref = { branch: branchId(store, session.branch) };
  if (second === undefined) return { a, b: live, path: [] };
  if (third !== undefined) {
    const b = findRef(store, session.branch, second);
    return { a, b, path: pathOf(store, [a, b], third, flags, new CliError(`${third}: no such file on either side`)) };
  }
  const b = tryRef(store, session.branch, second);
  if (b instanceof Error) return { a, b: live, path: pathOf(store, [a, live], second, flags, b) };
  return { a, b, path: [] };
}

/** The components of a path that is there on one side at least. Throws `otherwise`. */
function pathOf(store: Store, sides: readonly Ref[], word: string, flags: Flags, otherwise: Error): Name[] {
  const path = findPlace(word, flags.db).components.map(nameFromText);
  if (!sides.some((side) => resolvePath(readTree(store, side), path) !== undefined)) throw otherwise;
  return path;
}

function usesColor({ color }: Flags): boolean {
  if (color === "auto") return process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  return color === "always";
}

function print(store: Store, changes: readonly Change[], { a, b }: Sides, flags: Flags): void {
  if (flags.json === true) printJson(changes.map((change) => ({ ...(plainOf(change) as object), xattrs: change.xattrs.map(nameText) })));
  else if (flags.nameStatus === true) printChanges(changes);
  else if (flags.stat === true) printStat(store, a, b, changes, usesColor(flags) ? colored : plain);
  else printFileDiffs(store, a, b, changes, usesColor(flags) ? colored : plain);
}

async function diff(words: readonly string[], flags: Flags): Promise<void> {
  if (words.length > 3) throw new UsageError(`unexpected '${words[3]}'; stone diff takes A [B] [PATH]`);
  if ([flags.stat, flags.nameStatus, flags.json].filter((flag) => flag === true).length > 1) {
    throw new UsageError("--stat, --name-status and --json exclude each other");
  }
  await withSession(placeOf(words, flags), flags, (session) =>
    session.read((store) => {
      const sides = readSides(store, session, words, flags);
      print(store, diffTrees(store, sides.a, sides.b, sides.path), sides, flags);
    }),
  );
}

/** Where the command is about: where it runs, else where its path lies. */
function placeOf(words: readonly string[], flags: Flags): Place {
  try {
    return currentPlace(flags.db);
  } catch (error) {
    const path = words.slice(1).findLast((word) => word.includes("/"));
    if (path === undefined) throw error;
    return findPlace(path, flags.db);
  }
}

export function diffCommand(): Command {
  return new Command("diff")
    .summary("compare two trees")
    .description(
      "Shows what differs between tree A and tree B, or only in PATH and below. A tree is a branch as it is now (idea), a branch as of a moment\n" +
        "(idea@5m-ago) or a moment of the branch one is in (5m-ago, a snapshot, @1234). Without B it is that branch as it is now.\n" +
        "Renames are known, not guessed. The cost grows with what changed, not with the tree.",
    )
    .argument("<A>", "the old side")
    .argument("[B]", "the new side; a word that names no tree is PATH")
    .argument("[PATH]", "a file or directory; write ./NAME where a branch has the same name")
    .option("--stat", "count lines, or bytes where it is no text, for each file")
    .option("--name-status", "only letters and paths: added, deleted, modified, renamed, permissions and other attributes")
    .addOption(new Option("--color <WHEN>", "colours").choices(["auto", "always", "never"]).default("auto"))
    .option("--branch <NAME>", "the branch; by default the one the current directory is in, or the mounted one")
    .option("--db <FILE>", "the database")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  stone diff 10m-ago                     what changed in ten minutes
  stone diff before-upgrade src          in src since a snapshot
  stone diff main idea --stat            what branch idea did
  stone diff main@yesterday main@today --name-status`,
    )
    .action((a: string, b: string | undefined, path: string | undefined, flags: Flags) =>
      diff(
        [a, b, path].filter((word) => word !== undefined),
        flags,
      ),
    );
}
