/** The suite on a mount that an ordinary user made, through fusermount3. Run by root it acts as `nobody`. */
import { fileURLToPath } from "node:url";
import t from "tap";
import { spawnAsNobody, whyNotAsNobody } from "../support/as-nobody.js";

const skip = whyNotAsNobody();
if (skip !== false) t.plan(0, skip);
else await spawnAsNobody(t, fileURLToPath(new URL("mount.test.js", import.meta.url)));
