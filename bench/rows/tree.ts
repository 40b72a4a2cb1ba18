/** A real tree, out of a tar, copied, searched and taken away, by tar, cp, grep and rm themselves. */
import { timed, type Workload, warm } from "../row.js";
import { must } from "../run.js";

const name = { untar: "untar", copy: "cp -a", search: "grep -r", remove: "rm -rf" } as const;

const nearExt4 = [{ peer: "ext4", atMost: 1.2 }];

export const tree: Workload = {
  name: "tree",
  rows: Object.values(name).map((row) => ({ name: row, unit: "seconds", goals: nearExt4 })),
  variants: ["stonefs+noopen", "stonefs+fuse-native"],
  fixtures: ["archive"],
  run(directory, { archive = "" }) {
    const inside = `${directory}/tree`;
    return {
      [name.untar]: timed(() => must("tar", ["-xf", archive, "-C", directory])),
      [name.copy]: timed(() => must("cp", ["-a", inside, `${directory}/copy`])),
      // grep fails when it finds nothing; every package has a name.
      [name.search]: warm(2, () => must("grep", ["-rlF", '"name"', inside])),
      [name.remove]: timed(() => must("rm", ["-rf", inside])),
    };
  },
};
