/** Starts and stops mounts for the driver's tests, in processes of their own: a test that waits on a mount must not serve it. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface Tiny {
  readonly child: ChildProcess;
  /** Resolves when the process has ended, with all it printed. */
  readonly ended: Promise<string>;
  /** What it has written to standard error so far. */
  readonly log: () => string;
  readonly output: () => string;
}

/** A command in front of node, such as one that drops privileges. */
export type Prefix = readonly string[];

/** Starts tiny.js and waits until it has mounted; rejects with what it said when it ends before. */
export async function startTiny(
  mountPoint: string,
  options: readonly string[],
  prefix: Prefix = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Tiny> {
  return await startScript("tiny.js", mountPoint, options, prefix, env);
}

/** Starts a file system that lies beside this file, as `startTiny` does. */
export async function startScript(
  name: string,
  mountPoint: string,
  options: readonly string[],
  prefix: Prefix = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Tiny> {
  const script = fileURLToPath(new URL(`./${name}`, import.meta.url));
  const [command, ...args] = [...prefix, process.execPath, script, mountPoint, ...options];
  const child = spawn(command ?? process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  let output = "";
  let log = "";
  child.stdout.setEncoding("utf8");
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const ended = once(child, "close").then(() => output);
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (text: string) => {
      output += text;
      if (output.includes("ready\n")) resolve();
    });
    void ended.then(() => reject(new Error(`${name} ended before it mounted: ${log}`)));
  });
  return { child, ended, log: () => log, output: () => output };
}

/** Removes a test's mount point, mount and process, whatever state they are in. */
export async function cleanUp(mountPoint: string, tiny: Tiny | undefined): Promise<void> {
  spawnSync("umount", ["-l", mountPoint], { stdio: "ignore" });
  tiny?.child.kill("SIGKILL");
  await tiny?.ended;
  rmdirSync(mountPoint);
}

/** Why a test that mounts cannot run here; false when it can. */
export function noMounts(): string | false {
  if (!existsSync("/dev/fuse")) return "there is no /dev/fuse";
  return process.getuid?.() === 0 ? false : "this test mounts as root";
}
