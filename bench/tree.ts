/** A real tree: the project's own node_modules, out of a tar and away again, by tar and rm themselves. */
import { spawnSync } from "node:child_process";
import { timed, type Workload } from "./row.js";

function must(program: string, args: readonly string[]): void {
  const { status, error, stderr } = spawnSync(program, args, { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? stderr.slice(0, 500)}`);
}

export const tree: Workload = {
  name: "a real tree",
  rows: [
    { name: "untar node_modules", per: "whole", goal: { peer: "bindfs", atMost: 1 } },
    { name: "rm -rf node_modules", per: "whole", goal: { peer: "bindfs", atMost: 1 } },
  ],
  run(directory, { archive }) {
    return {
      "untar node_modules": timed(() => must("tar", ["-xf", archive, "-C", directory])),
      "rm -rf node_modules": timed(() => must("rm", ["-rf", `${directory}/node_modules`])),
    };
  },
};
