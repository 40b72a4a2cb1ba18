import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { makeDirectory, type Starter } from "./peer.js";

/** The package's name; resolved when the benchmark runs, because its engine weighs 40 MB and is needed for nothing else. */
export const agentfsPackage = "agentfs-sdk";

/** A file system in SQLite that is a library: no mount, so its rows are those of its own calls. */
export const startAgentfs: Starter = (setup) => {
  try {
    createRequire(import.meta.url).resolve(agentfsPackage);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND";
    if (missing) return { name: agentfsPackage, absent: `not installed; npm install --no-save ${agentfsPackage}` };
  }
  return {
    name: agentfsPackage,
    directory: makeDirectory(setup, agentfsPackage),
    runner: {
      script: fileURLToPath(new URL("../agentfs-worker.js", import.meta.url)),
      workloads: ["small files", "large file", "appends"],
    },
    stop: () => {},
  };
};
