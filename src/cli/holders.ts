import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { isWithin } from "../daemon/mountinfo.js";

function linkIsWithin(link: string, directory: string): boolean {
  try {
    return isWithin(readlinkSync(link), directory);
  } catch {
    return false;
  }
}

function listDescriptors(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => `/proc/${pid}/fd/${fd}`);
  } catch {
    return [];
  }
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "?";
  }
}

/**
 * The processes that keep a mount busy, as far as this user may look: those with their working directory, root, program or an
 * open file on it. Only links of /proc are read, so a mount that does not answer cannot block it.
 */
export function findHolders(mountPoint: string): string[] {
  const pids = readdirSync("/proc").filter((entry) => /^[0-9]+$/.test(entry) && entry !== String(process.pid));
  const holds = (pid: string): boolean =>
    ["cwd", "root", "exe"].some((name) => linkIsWithin(`/proc/${pid}/${name}`, mountPoint)) ||
    listDescriptors(pid).some((link) => linkIsWithin(link, mountPoint));
  return pids.filter(holds).map((pid) => `${nameOf(pid)} (pid ${pid})`);
}
