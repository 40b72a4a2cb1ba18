import { readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { type MountEntry, mountAt, mountOf, mountType, readMounts } from "../daemon/mountinfo.js";
import { CliError, codeOf, reasonOf, UsageError } from "./errors.js";

/** An absolute path whose directories have no symbolic links. The last component may be missing, a link, or a dead mount. */
export function canonicalPath(path: string): string {
  const absolute = resolve(path);
  if (absolute === "/") return absolute;
  return join(canonicalDirectory(dirname(absolute)), basename(absolute));
}

/** As realpath(3), but what is missing at the end stays as it was written: a path may have existed only in the past. */
function canonicalDirectory(directory: string): string {
  try {
    return realpathSync.native(directory);
  } catch (error) {
    if (codeOf(error) !== "ENOENT" && codeOf(error) !== "ENOTDIR") throw new CliError(`${directory}: ${reasonOf(error)}`);
    return join(canonicalDirectory(dirname(directory)), basename(directory));
  }
}

/** The path of a database that must exist. */
export function existingDatabase(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") throw new CliError(`${path}: no such database; create it with: stone init ${path}`);
    throw new CliError(`${path}: ${reasonOf(error)}`);
  }
}

/** The current directory, or undefined when it is gone. The kernel knows its path even when its mount is dead. */
function currentDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

/** A file of a stonefs file system: its database, and its path below the root of that file system. */
export interface Place {
  readonly database: string;
  /** The branch whose directory below `/.branches` the path goes through, or that is mounted there by itself. */
  readonly branch?: string;
  /** Components below the root of the branch; none for the root itself. */
  readonly components: readonly string[];
}

/** Where the current directory lies in a mount; undefined outside of any. */
export function placeHere(): Place | undefined {
  const directory = currentDirectory();
  return directory === undefined ? undefined : placeInMount(directory);
}

/** What a command is about where no path says it: `--db`, else the mount around the current directory, else STONE_DB. */
export function currentPlace(flag: string | undefined): Place {
  if (flag !== undefined) return { database: existingDatabase(flag), components: [] };
  const place = placeHere();
  if (place !== undefined) return place;
  const variable = process.env.STONE_DB;
  if (variable) return { database: existingDatabase(variable), components: [] };
  throw new UsageError("which database? Run this inside a mount, or say --db FILE, or set STONE_DB");
}

/** The database a command means: `--db`, else the one mounted around the current directory, else STONE_DB. */
export function findDatabase(flag: string | undefined): string {
  return currentPlace(flag).database;
}

/**
 * The file that `path` means. With a database given it is a path inside that file system; else it must lie in a mount.
 * A path through `.history/<when>` means the same file, whose versions do not depend on where one looks from.
 */
export function findPlace(path: string, flag: string | undefined): Place {
  if (flag !== undefined) return { database: existingDatabase(flag), ...insideOf(resolve("/", path)) };
  const place = placeInMount(canonicalPath(path));
  if (place !== undefined) return place;
  const variable = process.env.STONE_DB;
  if (variable) return { database: existingDatabase(variable), ...insideOf(resolve("/", path)) };
  throw new CliError(`${path}: not inside a stonefs mount; say --db FILE for a path inside that database`);
}

/** Where an absolute path without symbolic links lies in the stonefs mount around it; undefined when there is none. */
function placeInMount(absolute: string): Place | undefined {
  const mount = mountOf(absolute);
  if (mount?.type !== mountType) return undefined;
  // A branch may be mounted by itself, as `stone tx` does.
  const inside = insideOf(join(mount.root, relative(mount.mountPoint, absolute)));
  return { database: existingDatabase(mount.source), ...inside };
}

/** Which file of which branch a path from the root of the mount means. */
function insideOf(path: string): Pick<Place, "branch" | "components"> {
  const components = path.split("/").filter((component) => component !== "");
  const branch = components[0] === ".branches" ? components[1] : undefined;
  if (branch !== undefined) components.splice(0, 2);
  const view = components.indexOf(".history");
  if (view >= 0 && components.length > view + 1) components.splice(view, 2);
  return branch === undefined ? { components } : { branch, components };
}

/** Every stonefs mount of this machine that this process can see. */
export function stonefsMounts(): MountEntry[] {
  return readMounts().filter((entry) => entry.type === mountType);
}

/** The mount a user means by the directory it is on, or by its database. */
export function findMount(path: string): MountEntry {
  const candidates = [canonicalPath(path)];
  try {
    candidates.push(realpathSync.native(path));
  } catch {
    // A dead mount, or nothing there at all: the message below says which.
  }
  for (const candidate of candidates) {
    const entry = mountAt(candidate) ?? stonefsMounts().findLast((mount) => mount.source === candidate);
    if (entry?.type === mountType) return entry;
    if (entry !== undefined) throw new CliError(`${path}: a file system of type ${entry.type} is mounted there, not stonefs`);
  }
  const around = mountOf(candidates[0] ?? path);
  if (around?.type === mountType) throw new CliError(`${path}: not a mount point; the mount around it is ${around.mountPoint}`);
  throw new CliError(`${path}: nothing is mounted there; stone status lists the mounts`);
}

/** The version of this program, from its package. */
export function packageVersion(): string {
  const file = new URL("../../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
