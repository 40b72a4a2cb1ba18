/** The README's commands, run as they stand there. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { onMount } from "../support/mount.js";
import { type Outcome, run } from "../support/run.js";
import { stoneCommand } from "../support/stone.js";
import { temporaryDirectory } from "../support/temporary.js";

/** What stands between fences, block by block. */
const blocks = [...readFileSync("README.md", "utf8").matchAll(/^```\n(.*?)^```$/gms)].map((match) => match[1] ?? "");

function blockWith(words: string): string {
  const found = blocks.filter((block) => block.includes(words));
  if (found.length !== 1) throw new Error(`the README has ${found.length} blocks with "${words}"`);
  return found[0] ?? "";
}

/** A shell in whose PATH `stone` is. */
function shell(t: Test, home: string): (script: string, cwd: string) => Outcome {
  const bin = temporaryDirectory(t);
  const words = stoneCommand([]).flat();
  writeFileSync(join(bin, "stone"), `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(" ")} "$@"\n`);
  chmodSync(join(bin, "stone"), 0o755);
  return (script, cwd) => run("bash", ["-e", "-u", "-c", script], { cwd, env: { HOME: home, PATH: `${bin}:${process.env.PATH}` } });
}

t.test("the first words", (t) =>
  onMount(t, (mount) => {
    const bash = shell(t, "/");
    const lines = blockWith("echo two").trimEnd().split("\n");
    const commands = lines.filter((line) => line.startsWith("$ ")).map((line) => line.slice(2));
    const { status, stdout, stderr } = bash(commands.join("\n"), mount.directory);
    t.equal(status, 0, stderr);
    t.same(
      stdout.trimEnd().split("\n"),
      lines.filter((line) => !line.startsWith("$ ")),
    );
  }),
);

t.test("a session", async (t) => {
  const home = temporaryDirectory(t);
  const bash = shell(t, home);
  t.teardown(() => run("umount", ["-l", join(home, "notes")]));
  const { status, stdout, stderr } = bash(blockWith("stone init"), home);
  t.equal(status, 0, `${stdout}${stderr}`);
  t.match(stdout, /no problems/);
  t.match(stdout, /^unmounted /m);
});

t.test("moments", (t) =>
  onMount(t, (mount) => {
    const home = temporaryDirectory(t);
    const bash = shell(t, home);
    const source = join(mount.directory, "src");
    mkdirSync(source);
    writeFileSync(join(source, "main.c"), "int main;\n");
    const script = (words: string): string => {
      const [, event] = /.*"event": (\d+)/s.exec(run(...stoneCommand(["history", "--json", join(source, "main.c")])).stdout) ?? [];
      // The file system of this test is younger than five minutes.
      return blockWith(words).replaceAll("5m-ago", `@${event}`);
    };
    const { status, stdout, stderr } = bash(script("diff -r"), mount.directory);
    t.equal(status, 0, `${stdout}${stderr}`);
    t.equal(readFileSync(join(source, "main.c"), "utf8"), "int main;\n");

    const alone = script("--at");
    mount.unmount();
    const place = alone.replace("notes.db", mount.database).replace("~/notes", mount.directory);
    const mounted = bash(place, home);
    t.equal(mounted.status, 0, mounted.stderr);
    t.equal(readFileSync(join(source, "main.c"), "utf8"), "int main;\n");
    t.throws(() => writeFileSync(join(source, "main.c"), ""), { code: "EROFS" });
  }),
);

t.test("branches", (t) =>
  onMount(t, (mount) => {
    writeFileSync(join(mount.directory, "note"), "good\n");
    const { status, stdout, stderr } = shell(t, "/")(blockWith("stone branch idea"), mount.directory);
    t.equal(status, 0, `${stdout}${stderr}`);
    t.match(stdout, "-good\n+better\n");
    t.equal(readFileSync(join(mount.directory, "note"), "utf8"), "better\n");
  }),
);

t.test("snapshots and the way back", (t) =>
  onMount(t, (mount) => {
    mkdirSync(join(mount.directory, "src"));
    writeFileSync(join(mount.directory, "src", "main.c"), "int main;\n");
    const { status, stdout, stderr } = shell(t, "/")(blockWith("stone restore before-upgrade"), mount.directory);
    t.equal(status, 0, `${stdout}${stderr}`);
    t.match(stdout, "unlink");
    t.equal(readFileSync(join(mount.directory, "src", "main.c"), "utf8"), "int main;\n");
  }),
);

t.test("transactions", (t) =>
  onMount(t, (mount) => {
    const bash = shell(t, "/");
    writeFileSync(join(mount.directory, "a.txt"), "cat\n");
    const whole = bash(blockWith("stone tx --"), mount.directory);
    t.equal(whole.status, 0, `${whole.stdout}${whole.stderr}`);
    t.equal(readFileSync(join(mount.directory, "a.txt"), "utf8"), "dog\n");
    const byHand = bash(blockWith("stone begin"), mount.directory);
    t.equal(byHand.status, 0, `${byHand.stdout}${byHand.stderr}`);
    t.equal(readFileSync(join(mount.directory, "version"), "utf8"), "2\n");
  }),
);

t.test("the README shows the two commands there are", async (t) => {
  t.match(blockWith("scripts/start"), /^scripts\/start ~\/stone\n$/);
  t.match(blockWith("scripts/test"), /^scripts\/test\n$/);
});
