/** A command failed, or was used wrongly: `message` is the one line the user gets. It names the file, the value and what to do next. */
export class CliError extends Error {
  override readonly name: string = "CliError";
  /** The exit status: 1 for a failure, 2 for a command that was not understood. */
  readonly status: number = 1;
}

export class UsageError extends CliError {
  override readonly name = "UsageError";
  override readonly status = 2;
}

/** The Linux error name of a failed system call, such as ENOENT, or an empty string. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}

/** Why a system call failed, as strerror(3) would say it: Node writes `EACCES: permission denied, open 'x'`. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /^E[A-Z0-9]+: ([^,]+),/.exec(message)?.[1] ?? message;
}
