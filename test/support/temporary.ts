import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import type { Test } from "tap";

/** A new directory that every user may pass, removed when `t` ends. */
export function temporaryDirectory(t: Test): string {
  const path = fs.mkdtempSync(join(os.tmpdir(), "stonefs-"));
  fs.chmodSync(path, 0o755);
  t.teardown(() => fs.rmSync(path, { recursive: true, force: true }));
  return path;
}
