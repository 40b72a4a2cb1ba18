import { readFileSync } from "node:fs";
import t from "tap";
import { stone } from "../support/stone.js";
import { accepts, refuses } from "./support.js";

// biome-ignore format: a list of words
const commands = [
  "init", "mount", "umount", "status", "log", "history", "cat", "ps", "sql", "snapshot", "branch", "switch", "diff", "merge", "restore", "undo",
  "begin", "commit", "rollback", "tx", "check", "gc",
];

t.test("help and version", async (t) => {
  const packageJson = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  t.equal(accepts(t, ["--version"]), `${packageJson.version}\n`);
  const help = accepts(t, ["--help"]);
  for (const command of commands) {
    t.match(help, new RegExp(`^  ${command}\\b`, "m"), `the help lists ${command}`);
    const own = accepts(t, [command, "--help"]);
    t.match(own, /\nExamples:\n {2}(sudo |cd \S+ && )?stone /, `${command} has examples`);
    t.equal(accepts(t, ["help", command]), own, `help ${command} is ${command} --help`);
  }
});

t.test("without a command the help is on standard error", async (t) => {
  const { status, stdout, stderr } = stone([]);
  t.equal(status, 2);
  t.equal(stdout, "");
  t.match(stderr, /^Usage: stone/);
});

t.test("what is not understood has status 2 and names itself", async (t) => {
  refuses(t, 2, ["frobnicate"], ["'frobnicate'", "stone help"]);
  refuses(t, 2, ["status", "--frobnicate"], ["'--frobnicate'", "stone help status"]);
  refuses(t, 2, ["mount"], ["'DB'", "stone help mount"]);
  refuses(t, 2, ["mount", "a.db"], ["'DIR'", "stone help mount"]);
  refuses(t, 2, ["umount", "a", "b"], ["stone help umount"]);
  refuses(t, 2, ["gc", "a.db"], ["--keep"]);
  refuses(t, 2, ["gc", "a.db", "--keep", "month"], ["'month'", "30d"]);
  refuses(t, 2, ["init", "a.db", "--page-size", "5000"], ["--page-size 5000", "power of two"]);
  refuses(t, 2, ["check"], ["--db FILE", "STONE_DB"], stone(["check"], { cwd: "/", env: { STONE_DB: "" } }));
});
