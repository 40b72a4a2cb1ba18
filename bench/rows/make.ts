/** A C project, compiled with two jobs. */
import { writeProject } from "../fixtures/c-project.js";
import { timed, type Workload } from "../row.js";
import { installed, must } from "../run.js";

const name = "make -j2";

export const make: Workload = {
  name: "make",
  rows: [{ name, unit: "seconds", goals: [{ peer: "ext4", atMost: 1.2 }] }],
  variants: ["stonefs+nospin"],
  run(directory) {
    if (!installed("make") || !installed("cc")) return {};
    writeProject(directory);
    return { [name]: timed(() => must("make", ["-j2", "-s", "-C", directory])) };
  },
};
