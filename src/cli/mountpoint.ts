import { constants } from "node:fs";
import { access, readdir, realpath, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { isWithin, type MountEntry, mountAt, mountType } from "../daemon/mountinfo.js";
import { CliError, codeOf, reasonOf } from "./errors.js";
import { printError } from "./output.js";
import { canonicalPath } from "./paths.js";

/** A mount whose daemon holds its requests is not waited for longer than this. */
const patienceMillis = 10_000;

/**
 * Asks a mount, whose daemon may have died (ENOTCONN) or hang (ETIMEDOUT), for an answer. Returns the error's name, or "".
 * By statfs(2), because stat(2) is answered from the kernel's cache even when the daemon is dead.
 */
async function probe(path: string): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve("ETIMEDOUT"), patienceMillis);
  });
  const asked = statfs(path).then(
    () => "",
    (error: unknown) => codeOf(error) || reasonOf(error),
  );
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for the first answer of a mount that was just made. */
export async function awaitAnswer(mountPoint: string): Promise<void> {
  const code = await probe(mountPoint);
  if (code !== "") throw new CliError(`${mountPoint} is mounted but does not answer (${code}); look at the daemon's log`);
}

/** What a directory is before anything is mounted on it. */
export type MountPoint = { readonly path: string; readonly mounted?: MountEntry };

/**
 * The directory to mount on, checked. Takes away what a daemon that died left there. `mounted` is a stonefs that is there and alive.
 * Throws CliError for what cannot be mounted on.
 */
export async function checkMountPoint(directory: string): Promise<MountPoint> {
  const path = await resolveDirectory(directory);
  const entry = mountAt(path);
  if (entry?.type !== mountType) return { path };
  const code = await probe(path);
  if (code === "") return { path, mounted: entry };
  if (code !== "ENOTCONN") throw new CliError(`${directory}: ${entry.source} is mounted there and does not answer (${code})`);
  await takeAwayDead(path);
  // Below a dead mount there may be another.
  return await checkMountPoint(directory);
}

/** Unmounts a mount whose daemon died; detaches it while something still uses it. */
export async function takeAwayDead(path: string): Promise<void> {
  const { detach, unmount } = await import("../daemon/unmount.js");
  const errno = (await unmount(path)) === 0 ? 0 : await detach(path);
  if (errno !== 0) throw new CliError(`${path}: left by a daemon that died, and it cannot be unmounted; try: sudo umount -l ${path}`);
  printError(`stone: unmounted ${path}, which a daemon that died had left`);
}

async function resolveDirectory(directory: string): Promise<string> {
  const path = canonicalPath(directory);
  // What is mounted there may be dead, and then only its name can be had.
  if (mountAt(path)?.type === mountType) return path;
  try {
    const stats = await stat(path);
    if (!stats.isDirectory()) throw new CliError(`${directory}: not a directory; name a directory to mount on`);
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (codeOf(error) === "ENOENT") throw new CliError(`${directory}: no such directory; create it with: mkdir -p ${directory}`);
    if (codeOf(error) === "ENOTCONN") throw new CliError(`${directory}: a dead mount is there; take it away with: umount -l ${directory}`);
    throw new CliError(`${directory}: ${reasonOf(error)}`);
  }
  return await realpath(path);
}

/** Files below a mount point are hidden, not lost; the user should know. */
export async function warnIfNotEmpty(path: string): Promise<void> {
  const entries = await readdir(path).catch(() => []);
  if (entries.length > 0) printError(`stone: warning: ${path} is not empty; what is in it is hidden while it is mounted on`);
}

/** Whether a database can be mounted on a directory, as far as can be told without its lock. */
export async function checkDatabase(database: string, mountPoint: string): Promise<void> {
  const stats = await stat(database);
  if (!stats.isFile()) throw new CliError(`${database}: not a file; a database is one file, made with: stone init FILE`);
  if (isWithin(database, mountPoint)) {
    throw new CliError(`${database} lies inside ${mountPoint} and would be hidden by its own mount; mount on another directory`);
  }
  await checkWritable(database, database);
  // The log, the lock and the socket lie beside the database.
  await checkWritable(dirname(database), database);
}

async function checkWritable(path: string, database: string): Promise<void> {
  try {
    await access(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    const what = path === database ? database : `${database}: its directory ${path}`;
    throw new CliError(`${what} is not writable (${reasonOf(error)}); a mount needs to write the database and files beside it`);
  }
}

/** The pid of the daemon behind a mount, or undefined when none answers. */
export async function daemonPid(database: string): Promise<number | undefined> {
  const { connectDaemon } = await import("../daemon/client.js");
  const daemon = await connectDaemon(database).catch(() => undefined);
  daemon?.close();
  return daemon?.pid;
}
