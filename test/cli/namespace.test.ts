/** A command in a mount namespace of its own, on ordinary directories: as whoever runs the tests, and as an ordinary user. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { inNamespace, type Overlay, runCommand, whyNoNamespace } from "../../src/cli/namespace.js";
import { run } from "../support/run.js";
import { temporaryDirectory } from "../support/temporary.js";
import { asUser, nobody } from "../support/users.js";

function scene(t: Test): Overlay {
  const base = temporaryDirectory(t);
  const [source, target] = [join(base, "source"), join(base, "target")];
  for (const directory of [source, target]) mkdirSync(join(directory, "sub"), { recursive: true });
  writeFileSync(join(source, "name"), "source");
  writeFileSync(join(target, "name"), "target");
  return { source, target };
}

const refusal = whyNoNamespace({ source: "/", target: "/" }, "/") ?? false;

t.test("it sees one directory in place of another, and nobody else does", { skip: refusal }, async (t) => {
  const overlay = scene(t);
  const { source, target } = overlay;
  const directory = join(target, "sub");
  const script = `[ "$PWD" = ${directory} ] && [ "$(cat ${target}/name)" = source ] && [ "$WORD" = yes ] && echo new > ${target}/new`;
  t.equal(await runCommand(inNamespace(overlay, directory, ["sh", "-c", script]), "/", { WORD: "yes" }), 0);
  t.equal(readFileSync(join(source, "new"), "utf8"), "new\n");
  t.equal(readFileSync(join(target, "name"), "utf8"), "target", "outside nothing is mounted");
  t.equal(await runCommand(inNamespace(overlay, target, ["sh", "-c", "exit 9"]), "/", {}), 9);
  t.equal(await runCommand(inNamespace(overlay, target, ["sh", "-c", "kill -KILL $$"]), "/", {}), 137);
  t.equal(await runCommand(inNamespace(overlay, target, ["/no/such/program"]), "/", {}), 127);
});

t.test("what cannot be bound is told", async (t) => {
  const { target } = scene(t);
  t.type(whyNoNamespace({ source: "/no/such/directory", target }, "/"), "string");
});

const switched = ["--reuid", String(nobody.uid), "--regid", String(nobody.gid), "--clear-groups"];

/** Why an ordinary user cannot be tried here, or false. */
function userRefusal(): string | false {
  if (process.geteuid?.() !== 0) return "the tests before this one are run by an ordinary user already";
  const { status, stderr } = run("setpriv", [...switched, "unshare", "--user", "--map-root-user", "--mount", "true"], { cwd: "/" });
  return status === 0 ? false : `this system gives ordinary users no namespaces: ${stderr.trim()}`;
}

t.test("an ordinary user keeps its number inside", { skip: userRefusal() }, async (t) => {
  const overlay = scene(t);
  const command = asUser(nobody, () => inNamespace(overlay, overlay.target, ["sh", "-c", "id -u; id -g; cat name"]));
  const { status, stdout, stderr } = run("setpriv", [...switched, ...command], { cwd: "/" });
  t.same([status, stdout], [0, `${nobody.uid}\n${nobody.gid}\nsource`], stderr);
});
