/** The suite on a fresh mount. `allow_other` because the cases act as several users. */
import fs from "node:fs";
import { join } from "node:path";
import t from "tap";
import { onMount } from "../support/mount.js";
import { runSuite, unsupportedHere } from "./suite.js";

await onMount(
  t,
  async (mount) => {
    const directory = join(mount.directory, "suite");
    fs.mkdirSync(directory);
    await runSuite(t, directory, unsupportedHere());
  },
  process.geteuid?.() === 0 ? { options: ["allow_other"] } : {},
);
