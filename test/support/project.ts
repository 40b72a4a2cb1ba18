/** Real material for tests: this project's own sources. */
import fs from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import { succeed } from "./run.js";

export const projectRoot = fileURLToPath(new URL("../../../", import.meta.url));

/** Copies the project's sources, without what is installed, built or versioned. */
export function copyProject(target: string): void {
  fs.mkdirSync(target, { recursive: true });
  for (const name of fs.readdirSync(projectRoot)) {
    if (["src", "test", "schema", "scripts", "bench"].includes(name) || /\.(json|md)$/.test(name)) {
      fs.cpSync(join(projectRoot, name), join(target, name), { recursive: true, preserveTimestamps: true });
    }
  }
}

/** A committer, and none of the user's own settings. */
export const gitEnvironment: Readonly<Record<string, string>> = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_AUTHOR_NAME: "Test",
  GIT_AUTHOR_EMAIL: "test@example.org",
  GIT_COMMITTER_NAME: "Test",
  GIT_COMMITTER_EMAIL: "test@example.org",
};

/** Runs git in a directory; its output. */
export function git(t: Test, directory: string, ...args: string[]): string {
  return succeed(t, "git", args, { cwd: directory, env: gitEnvironment });
}

/** Makes `directory` a repository of this project with a few commits. */
export function makeRepository(t: Test, directory: string): void {
  copyProject(directory);
  git(t, directory, "init", "-q", "-b", "main");
  for (const part of fs.readdirSync(directory).filter((name) => name !== ".git")) {
    git(t, directory, "add", part);
    // An empty directory is nothing to commit, which git calls a failure.
    git(t, directory, "commit", "-q", "--allow-empty", "-m", `add ${part}`);
  }
}
