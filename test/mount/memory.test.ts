/** The daemon's memory does not grow with the tree. */
import fs from "node:fs";
import { join } from "node:path";
import t from "tap";
import { onMount } from "../support/mount.js";
import { succeed } from "../support/run.js";

/** A quicker look for who works on something else: STONE_TEST_FILES=20000. */
const files = Number(process.env.STONE_TEST_FILES ?? 100_000);
const limitBytes = 300 * 1024 * 1024;

t.setTimeout(900_000);

t.test(`${files} files made and read back`, { timeout: 900_000 }, (t) =>
  onMount(
    t,
    (mount) => {
      const make = `
        const fs = require("fs");
        for (let d = 0; d < ${files / 100}; d++) {
          fs.mkdirSync("d" + d);
          for (let f = 0; f < 100; f++) fs.writeFileSync("d" + d + "/f" + f, "x".repeat(1000) + d + "/" + f);
        }`;
      const readBack = `
        const fs = require("fs");
        for (let d = 0; d < ${files / 100}; d++) {
          if (fs.readdirSync("d" + d).length !== 100) throw new Error("d" + d);
          for (let f = 0; f < 100; f++) if (!fs.readFileSync("d" + d + "/f" + f, "utf8").endsWith("x" + d + "/" + f)) throw new Error(d + "/" + f);
        }`;
      const options = { cwd: mount.directory, timeoutMs: 400_000 };
      succeed(t, process.execPath, ["-e", make], options);
      const afterMaking = mount.residentBytes();
      t.ok(afterMaking < limitBytes, `${afterMaking >> 20} MiB resident after making`);
      succeed(t, process.execPath, ["-e", readBack], options);
      succeed(t, "find", [".", "-newer", join("d0", "f0"), "-name", "nothing"], options);
      const afterReading = mount.residentBytes();
      t.ok(afterReading < limitBytes, `${afterReading >> 20} MiB resident after reading`);
      succeed(t, "rm", ["-rf", ...fs.readdirSync(mount.directory).slice(0, 500)], options);
      const afterRemoving = mount.residentBytes();
      t.ok(afterRemoving < limitBytes, `${afterRemoving >> 20} MiB resident after removing`);
      t.comment(`resident: ${[afterMaking, afterReading, afterRemoving].map((bytes) => `${bytes >> 20} MiB`).join(", ")}`);
    },
    { deadlineMs: 850_000 },
  ),
);
