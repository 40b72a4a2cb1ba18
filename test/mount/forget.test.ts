/** What the kernel has forgotten takes no memory in the daemon. */
import fs from "node:fs";
import { join } from "node:path";
import t from "tap";
import { onMount } from "../support/mount.js";
import { stone } from "../support/stone.js";

function knownNodes(directory: string): number {
  const { stdout, stderr } = stone(["status", "--json"]);
  const all = JSON.parse(stdout || "[]") as { mountPoint: string; status?: { counters: Record<string, number> } }[];
  const nodes = all.find(({ mountPoint }) => mountPoint === directory)?.status?.counters.nodes;
  if (nodes === undefined) throw new Error(`no counters of ${directory}: ${stdout}${stderr}`);
  return nodes;
}

t.test("nodes go when their files do", (t) =>
  onMount(t, async (mount) => {
    const inner = join(mount.directory, "inner");
    fs.mkdirSync(inner);
    for (let index = 0; index < 2000; index++) fs.writeFileSync(join(inner, `f${index}`), "");
    fs.statSync(join(mount.directory, ".history"));
    t.ok(knownNodes(mount.directory) >= 2000);
    fs.rmSync(inner, { recursive: true });
    const end = Date.now() + 10_000;
    // The kernel sends what it forgot in batches, when it gets round to it.
    while (knownNodes(mount.directory) > 100 && Date.now() < end) fs.existsSync(join(mount.directory, `missing-${Date.now()}`));
    t.ok(knownNodes(mount.directory) <= 100, `${knownNodes(mount.directory)} are left`);
  }),
);
