/** git on a repository of some thousand files. */
import { timed, type Workload, warm } from "../row.js";
import { must, sleep } from "../run.js";

const name = { clone: "git clone", status: "git status", checkout: "git checkout of two distant commits" } as const;

/** git reads each file again that changed in the second in which it wrote its index: how many those are would be chance. */
const raceMillis = 1100;

const nearExt4 = [{ peer: "ext4", atMost: 1.2 }];

export const git: Workload = {
  name: "git",
  rows: Object.values(name).map((row) => ({ name: row, unit: "seconds", goals: nearExt4 })),
  fixtures: ["repository"],
  run(directory, { repository = "" }) {
    const clone = `${directory}/clone`;
    const run = (...args: string[]): string => must("git", ["-C", clone, ...args]);
    // Over a pipe, as from a server: a local clone would link the objects or copy them as files.
    const cloned = timed(() => must("git", ["clone", "--quiet", "--no-local", repository, clone]));
    sleep(raceMillis);
    return {
      [name.clone]: cloned,
      [name.status]: warm(3, () => run("status", "--short")),
      [name.checkout]: timed(() => {
        run("checkout", "--quiet", "far");
        run("checkout", "--quiet", "near");
      }),
    };
  },
};
