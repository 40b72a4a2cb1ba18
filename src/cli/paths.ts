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

/** The stonefs mount the current directory lies in. The kernel knows the directory's path even when the mount is dead. */
function currentMount(): MountEntry | undefined {
  let directory: string;
  try {
    directory = process.cwd();
  } catch {
    return undefined;
  }
  const mount = mountOf(directory);
  return mount?.type === mountType ? mount : undefined;
}

/** The database a command means: `--db`, else the one mounted around the current directory, else STONE_DB. */
export function findDatabase(flag: string | undefined): string {
  if (flag !== undefined) return existingDatabase(flag);
  const mount = currentMount();
  if (mount !== undefined) return existingDatabase(mount.source);
  const variable = process.env.STONE_DB;
  if (variable) return existingDatabase(variable);
  throw new UsageError("which database? Run this inside a mount, or say --db FILE, or set STONE_DB");
}

/** A file of a stonefs file system: its database, and its path below the root of that file system. */
export interface Place {
  readonly database: string;
  /** Components below the root; none for the root itself. */
  readonly components: readonly string[];
}

/**
 * The file that `path` means. With a database given it is a path inside that file system; else it must lie in a mount.
 * A path through `.history/<when>` means the same file, whose versions do not depend on where one looks from.
 */
export function findPlace(path: string, flag: string | undefined): Place {
  if (flag !== undefined) return { database: existingDatabase(flag), components: componentsOf(resolve("/", path)) };
  const absolute = canonicalPath(path);
  const mount = mountOf(absolute);
  if (mount?.type === mountType) {
    return { database: existingDatabase(mount.source), components: componentsOf(relative(mount.mountPoint, absolute)) };
  }
  const variable = process.env.STONE_DB;
  if (variable) return { database: existingDatabase(variable), components: componentsOf(resolve("/", path)) };
  throw new CliError(`${path}: not inside a stonefs mount; say --db FILE for a path inside that database`);
}

function componentsOf(path: string): string[] {
  const components = path.split("/").filter((component) => component !== "");
  const view = components.indexOf(".history");
  if (view >= 0 && components.length > view + 1) components.splice(view, 2);
  return components;
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
