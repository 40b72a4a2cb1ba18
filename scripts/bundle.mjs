/**
 * Makes one file, or few, of each program of the build, in the place of its own compiled file: a program of a hundred modules spends
 * longer finding and linking them than doing what it is asked. `tsc` alone leaves programs that work as well, and start later.
 *
 * Modules name each other's files by `new URL("../layer/file.js", import.meta.url)`, which holds as well from build/src/chunks.
 */
import { rmSync } from "node:fs";
import { build } from "esbuild";

/** Programs that share what they load on demand; everything else is in one file, the sooner to be there. */
const programs = [
  ["cli/main", "cli/mount-helper"],
  ["daemon/main"],
  ["daemon/worker"],
  ["daemon/checkpoint-thread"],
  ["fuse/notify-thread"],
];

/**
 * Native code stays where it was installed. koffi is asked for as CommonJS, because Node takes 10 ms to look through the first ES module
 * that imports such; better-sqlite3's own twelve files are bundled, and only what they load by way of `bindings`, which searches, is not.
 */
const native = {
  name: "native",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(koffi|bindings)$/ }, ({ path, kind, namespace }) =>
      namespace === "native" && kind === "require-call" ? { path, external: true } : { path, namespace: "native" },
    );
    onLoad({ filter: /^koffi$/, namespace: "native" }, () => ({ contents: 'module.exports = require("koffi");' }));
    onLoad({ filter: /^bindings$/, namespace: "native" }, () => ({
      contents: 'module.exports = (file) => require("better-sqlite3/build/Release/" + file);',
    }));
  },
};

rmSync("build/src/chunks", { recursive: true, force: true });
await Promise.all(
  programs.map((entries) =>
    build({
      entryPoints: entries.map((entry) => `src/${entry}.ts`),
      outbase: "src",
      outdir: "build/src",
      chunkNames: "chunks/[name]-[hash]",
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "node",
      target: "node20",
      sourcemap: true,
      plugins: [native],
      // For packages in CommonJS that load Node's own modules.
      banner: { js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);' },
      logLevel: "warning",
    }),
  ),
);
