import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { constants } from "node:os";

/** A tree to show in place of another directory, to one command only. */
export interface Overlay {
  /** The directory to show ... */
  readonly source: string;
  /** ... and where. */
  readonly target: string;
}

/** Binds, changes directory and becomes the command: `sh -c SCRIPT sh SOURCE TARGET DIRECTORY CMD…`. */
const script = 'mount --no-mtab --bind -- "$1" "$2" && cd -- "$3" && shift 3 && exec "$@"';

/** A mount namespace of its own, in which nothing that is mounted shows outside. */
function unshareWords(): string[] {
  const words = ["unshare", "--mount", "--propagation", "private"];
  // Only root may make one, and an ordinary user is root in a user namespace of its own.
  return isRoot() ? words : [...words, "--user", "--map-root-user"];
}

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** Back to the user's own number, in a namespace within. */
function asSelf(command: readonly string[]): string[] {
  if (isRoot()) return [...command];
  return ["unshare", "--user", `--map-user=${process.geteuid?.()}`, `--map-group=${process.getegid?.()}`, "--", ...command];
}

/** The command line that runs another in a private mount namespace with an overlay. */
export function inNamespace({ source, target }: Overlay, directory: string, command: readonly string[]): string[] {
  return [...unshareWords(), "--", "sh", "-c", script, "sh", source, target, directory, ...asSelf(command)];
}

/** Why a private mount namespace is refused here; undefined when it works. */
export function whyNoNamespace(overlay: Overlay, directory: string): string | undefined {
  const [program = "", ...args] = inNamespace(overlay, directory, ["true"]);
  // "/", since the current directory may be of a branch that another mount hides.
  const { status, stderr, error } = spawnSync(program, args, { cwd: "/", encoding: "utf8", env: { ...process.env, LC_ALL: "C" } });
  if (status === 0) return undefined;
  return error === undefined ? (stderr.trim().split("\n")[0] ?? "") : error.message;
}

/** Signals that end a command from outside; those of the terminal's keys reach it by themselves. */
const passedOn = ["SIGTERM", "SIGHUP"] as const;
const fromTerminal = ["SIGINT", "SIGQUIT"] as const;

/** Runs a command with this one's input and output. Resolves to its exit status, 128 and the signal's number when one ended it. */
export function runCommand(command: readonly string[], directory: string, variables: Readonly<Record<string, string>>): Promise<number> {
  const [program = "", ...args] = command;
  let child: ChildProcess | undefined;
  const pass = (signal: NodeJS.Signals): void => void child?.kill(signal);
  const ignore = (): void => {};
  for (const signal of passedOn) process.on(signal, pass);
  for (const signal of fromTerminal) process.on(signal, ignore);
  return new Promise<number>((resolve, reject) => {
    child = spawn(program, args, { cwd: directory, stdio: "inherit", env: { ...process.env, ...variables } });
    child.once("error", reject);
    child.once("exit", (status, signal) => resolve(status ?? 128 + constants.signals[signal ?? "SIGKILL"]));
  }).finally(() => {
    for (const signal of passedOn) process.off(signal, pass);
    for (const signal of fromTerminal) process.off(signal, ignore);
  });
}
