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
    { name: "untar node_modules", per: "whole" },
    { name: "rm -rf node_modules", per: "whole" },
    { name: "untar and rm -rf node_modules", per: "whole", goal: { peer: "bindfs", atMost: 1 } },
  ],
  run(directory, { archive }) {
    const untar = timed(() => must("tar", ["-xf", archive, "-C", directory]));
    const remove = timed(() => must("rm", ["-rf", `${directory}/node_modules`]));
    return { "untar node_modules": untar, "rm -rf node_modules": remove, "untar and rm -rf node_modules": untar + remove };
  },
};
