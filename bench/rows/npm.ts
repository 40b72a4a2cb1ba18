/** Installing packages, all of them in npm's cache. */
import fs from "node:fs";
import { timed, type Workload } from "../row.js";
import { must } from "../run.js";

const name = "npm ci, warm cache";

export const npm: Workload = {
  name: "npm",
  rows: [{ name, unit: "seconds", goals: [{ peer: "ext4", atMost: 1.2 }] }],
  fixtures: ["npmProject"],
  run(directory, { npmProject }) {
    if (npmProject === undefined) return {};
    fs.cpSync(npmProject.directory, `${directory}/project`, { recursive: true });
    const args = ["ci", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", `--cache=${npmProject.cache}`];
    return { [name]: timed(() => must("npm", args, { cwd: `${directory}/project` })) };
  },
};
