import fs from "node:fs";
import type { Starter } from "./peer.js";

/** Every Linux has this one, and lets every user write there. */
export function makeTmpfsDirectory(): string {
  const directory = fs.mkdtempSync("/dev/shm/stonefs-bench-");
  fs.chmodSync(directory, 0o755);
  return directory;
}

/** Memory only: what the system calls themselves cost. */
export const startTmpfs: Starter = () => {
  const directory = makeTmpfsDirectory();
  return { name: "tmpfs", directory, stop: () => fs.rmSync(directory, { recursive: true, force: true }) };
};
