/** The suite on a fresh mount. `allow_other` because the cases act as several users. */
import fs from "node:fs";
import { join } from "node:path";
import t from "tap";
import { onMount } from "../support/mount.js";
import { runSuite, type Unsupported, unsupportedHere } from "./suite.js";

/** What this version does not do yet. */
const notYet: Unsupported = {
  fallocate: "fallocate is not served yet",
  "seek-hole": "SEEK_DATA and SEEK_HOLE are not served yet",
  tmpfile: "O_TMPFILE is not served yet",
};

await onMount(
  t,
  async (mount) => {
    const directory = join(mount.directory, "suite");
    fs.mkdirSync(directory);
    await runSuite(t, directory, { ...notYet, ...unsupportedHere() });
  },
  process.geteuid?.() === 0 ? { options: ["allow_other"] } : {},
);
