/** The suite where the kernel opens files without asking. */
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
  { options: ["noopen", ...(process.geteuid?.() === 0 ? ["allow_other"] : [])] },
);
