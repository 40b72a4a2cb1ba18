import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import t from "tap";

/** Which layers each layer may import, besides itself: the specification that biome.json's overrides carry out. */
const mayImport: Record<string, readonly string[]> = {
  base: [],
  db: ["base"],
  store: ["base", "db"],
  vfs: ["base", "db", "store"],
  history: ["base", "db", "store", "vfs"],
  fuse: ["base"],
  libfuse: ["base", "fuse"],
  bridge: ["base", "db", "store", "vfs", "fuse"],
  daemon: ["base", "db", "store", "vfs", "history", "fuse", "libfuse", "bridge"],
  cli: ["base", "db", "store", "vfs", "history", "fuse", "libfuse", "bridge", "daemon"],
};

const layers = Object.keys(mayImport);

/** The ways a module can be named. */
const statements: Record<string, (target: string) => string> = {
  import: (target) => `import { x as ${target} } from "../${target}/x.js";`,
  "import-type": (target) => `import type { x as ${target} } from "../${target}/x.js";`,
  "export-from": (target) => `export * from "../${target}/x.js";`,
  "import-call": (target) => `await import("../${target}/x.js");`,
  deeper: (target) => `import { x as ${target} } from "../../${target}/deep/x.js";`,
};

interface Diagnostic {
  readonly location: { readonly path: string; readonly start: { readonly line: number } };
}

/** Plants one file a layer and form that imports every layer, one a line, and asks the linter which lines it refuses. */
function refusals(): Map<string, string[]> {
  const directory = mkdtempSync(join(tmpdir(), "stonefs-layers-"));
  try {
    copyFileSync("biome.json", join(directory, "biome.json"));
    for (const layer of layers) {
      mkdirSync(join(directory, "src", layer), { recursive: true });
      for (const [form, statement] of Object.entries(statements)) {
        writeFileSync(join(directory, "src", layer, `${form}.ts`), `${layers.map(statement).join("\n")}\n`);
      }
    }
    const biome = resolve("node_modules/.bin/biome");
    const run = spawnSync(biome, ["lint", "--only=style/noRestrictedImports", "--max-diagnostics=none", "--reporter=json", "src"], {
      cwd: directory,
      encoding: "utf8",
    });
    const report = JSON.parse(run.stdout) as { diagnostics: Diagnostic[] };
    const found = new Map<string, string[]>();
    for (const { location } of report.diagnostics) {
      const layer = layers[location.start.line - 1] ?? "?";
      found.set(location.path, [...(found.get(location.path) ?? []), layer]);
    }
    return found;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const byLayer = (a: string, b: string): number => layers.indexOf(a) - layers.indexOf(b);

t.test("the linter refuses every upward import", async (t) => {
  const found = refusals();
  for (const [layer, allowed] of Object.entries(mayImport)) {
    const expected = layers.filter((other) => other !== layer && !allowed.includes(other));
    for (const form of Object.keys(statements))
      t.same((found.get(`src/${layer}/${form}.ts`) ?? []).sort(byLayer), expected, `${layer}: ${form}`);
  }
});

t.test("every folder of src is a layer", async (t) => {
  const folders = readdirSync("src", { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const folder of folders) t.ok(layers.includes(folder.name), `src/${folder.name}`);
});

t.test("the lock file names no registry", async (t) => {
  t.notMatch(readFileSync("package-lock.json", "utf8"), /"resolved"/);
});
