/** stone begin, commit, rollback and tx. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { type Mount, onMount } from "../support/mount.js";
import { run } from "../support/run.js";
import { stone, stoneCommand } from "../support/stone.js";
import { accepts, conflicts, list, refuses } from "./support.js";

const read = (path: string): string => readFileSync(path, "utf8");

/** The names of the branches there are. */
function branches(t: Test, { database }: Mount): string[] {
  return list<{ name: string }>(t, ["branch", "--json", "--db", database]).map(({ name }) => name);
}

t.test("a transaction shows nothing until it is committed", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    mkdirSync(join(directory, "dir"));
    writeFileSync(join(directory, "note"), "one");
    const inside = join(directory, ".branches", "upgrade");
    t.match(
      accepts(t, ["begin", "upgrade"], join(directory, "dir")),
      new RegExp(`^began upgrade from main@\\d+\nwork in it with: cd ${inside}/dir\n$`),
    );
    writeFileSync(join(inside, "note"), "two");
    writeFileSync(join(inside, "new"), "");
    t.equal(read(join(directory, "note")), "one");
    writeFileSync(join(directory, "meanwhile"), "");
    t.match(accepts(t, ["commit", "--dry-run"], inside), /A\t\/new\nM\t\/note\n2 changes; not applied/);
    const { status, stderr } = stone(["commit"], { cwd: inside });
    t.equal(status, 0, stderr);
    t.match(stderr, `cd ${directory}`, "who stands in it is told to leave");
    t.equal(read(join(directory, "note")), "two");
    t.same(readdirSync(directory).sort(), ["dir", "meanwhile", "new", "note"]);
    t.same(branches(t, mount), ["main"], "it is over");
  }),
);

t.test("a transaction is rolled back", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    const { name, directory: inside } = JSON.parse(accepts(t, ["begin", "--json"], directory)) as { name: string; directory: string };
    t.equal(name, "tx-1", "a name is chosen");
    writeFileSync(join(inside, "new"), "");
    t.equal(accepts(t, ["rollback"], directory), "rolled tx-1 back\n", "this process opened it");
    t.notOk(existsSync(join(directory, "new")));
    t.same(branches(t, mount), ["main"]);
  }),
);

t.test("the first to commit wins; the other sees the conflict, and may try again", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    writeFileSync(join(directory, "note"), "one");
    accepts(t, ["begin", "first"], directory);
    // Of a shell of its own, since this process has one open.
    const begun = run("sh", ["-c", '"$0" "$@"; true', ...stoneCommand(["begin", "second"]).flat()], { cwd: directory });
    t.equal(begun.status, 0, begun.stderr);
    writeFileSync(join(directory, ".branches", "first", "note"), "first");
    writeFileSync(join(directory, ".branches", "second", "note"), "second");
    accepts(t, ["commit", "first"], directory);
    t.same(
      conflicts(t, ["commit", "second"], directory).map(({ kind, path }) => [kind, path]),
      [["content", "/note"]],
    );
    t.equal(read(join(directory, "note")), "first");
    t.same(branches(t, mount), ["main", "second"], "it stays open");
    accepts(t, ["commit", "second", "--theirs"], directory);
    t.equal(read(join(directory, "note")), "second");
  }),
);

t.test("what is refused", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    const at = ["--db", mount.database];
    refuses(t, 1, ["commit", ...at], ["no transaction", "stone begin"]);
    refuses(t, 1, ["rollback", ...at], ["no transaction"]);
    refuses(t, 1, ["commit", "nowhere", ...at], ["nowhere"]);
    accepts(t, ["branch", "idea", ...at]);
    refuses(t, 1, ["commit", "idea", ...at], ["idea", "not a transaction"]);
    refuses(t, 1, ["rollback", "idea", ...at], ["idea", "not a transaction"]);
    refuses(t, 1, ["begin", "a/b", ...at], [/name/]);
    refuses(t, 1, ["begin", "idea", ...at], ["idea", "already"]);
    refuses(t, 1, ["begin", "--from", "nowhere", ...at], ["nowhere"]);
    accepts(t, ["begin", "one", "--from", "idea", ...at]);
    refuses(t, 1, ["begin", "two", ...at], ["one", "nest"]);
    const inside = join(directory, ".branches", "one");
    const nested = run("sh", ["-c", '"$0" "$@"; exit $?', ...stoneCommand(["begin", "two"]).flat()], { cwd: inside });
    refuses(t, 1, ["begin", "two"], ["inside transaction one", "nest"], nested);
    refuses(t, 1, ["tx", "--", "true"], ["inside transaction one"], stone(["tx", "--", "true"], { cwd: inside }));
    refuses(t, 1, ["branch", "-d", "idea", ...at], ["idea", "one"]);
    writeFileSync(join(inside, "note"), "");
    accepts(t, ["commit", ...at]);
    t.ok(existsSync(join(directory, ".branches", "idea", "note")), "into the branch it was opened on");
    t.notOk(existsSync(join(directory, "note")));
  }),
);

t.test("tx shows a command a tree of its own, and commits when it succeeds", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    mkdirSync(join(directory, "dir"));
    writeFileSync(join(directory, "note"), "one");
    const script = `pwd; echo two > ${directory}/note; echo new > new; cat ${directory}/.branches/tx-1/note`;
    const { status, stdout, stderr } = stone(["tx", "--", "sh", "-c", script], { cwd: join(directory, "dir") });
    t.match({ status, stderr }, { status: 1, stderr: /No such file/ }, "a tree has no branches inside");
    t.equal(stdout, `${directory}/dir\n`, "at the same path");
    t.equal(read(join(directory, "note")), "one", "its failure took everything back");
    t.notOk(existsSync(join(directory, "dir", "new")));

    accepts(t, ["tx", "--", "sh", "-c", `echo two > ${directory}/note; echo new > new`], join(directory, "dir"));
    t.equal(read(join(directory, "note")), "two\n");
    t.equal(read(join(directory, "dir", "new")), "new\n");
    t.same(branches(t, mount), ["main"]);

    accepts(t, ["tx", "--db", mount.database, "--", "sh", "-c", `echo three > ${directory}/note`], "/");
    t.equal(read(join(directory, "note")), "three\n", "from outside");
  }),
);

t.test("tx passes exit status and output on", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    const tx = (...command: string[]) => stone(["tx", "--", ...command], { cwd: directory });
    t.match(tx("sh", "-c", "echo out; echo err >&2; exit 7"), {
      status: 7,
      stdout: "out\n",
      stderr: /^err\nstone: exit status 7, rolled back\n$/,
    });
    t.match(tx("sh", "-c", "kill -TERM $$"), { status: 143 }, "128 and the signal's number");
    t.equal(tx("no-such-command").status, 127);
    t.equal(tx("true").status, 0);
    t.equal(tx("sh", "-c", "exit 0", "-x", "--keep").status, 0, "words after -- are the command's");
    t.equal(stone(["tx", "sh", "-c", "exit 3"], { cwd: directory }).status, 3, "-- may be left out");
    t.same(branches(t, mount), ["main"], "none is left");
    refuses(t, 2, ["tx"], ["'CMD'"]);
    mount.unmount();
    refuses(t, 1, ["tx", "--db", mount.database, "--", "true"], ["not mounted", "stone mount"]);
  }),
);

t.test("tx --keep leaves it for review", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    const kept = stone(["tx", "--keep", "--", "touch", "new"], { cwd: directory });
    t.match(kept, { status: 0, stdout: "", stderr: /^stone: tx-1 is kept[^\n]*stone commit tx-1[^\n]*\n$/ });
    t.notOk(existsSync(join(directory, "new")));
    t.equal(accepts(t, ["diff", "main", "tx-1", "--name-status"], directory), "A\t/new\n");
    accepts(t, ["commit", "tx-1"], directory);
    t.ok(existsSync(join(directory, "new")));
    t.equal(stone(["tx", "--keep", "--", "sh", "-c", "exit 5"], { cwd: directory }).status, 5);
    accepts(t, ["rollback", "tx-1"], directory);
  }),
);

t.test("a command in tx finds its transaction, and cannot end it", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    const words = stoneCommand([]).flat().join(" ");
    const script = `touch new; ${words} diff main --name-status; ${words} begin; ${words} commit; true`;
    const { status, stdout, stderr } = stone(["tx", "--", "sh", "-c", script], { cwd: directory });
    t.equal(status, 0, stderr);
    t.equal(stdout, "A\t/new\n");
    t.match(stderr, /^stone: this is inside transaction tx-1[^\n]*\nstone: transaction tx-1 is run by stone tx[^\n]*\n$/);
    t.ok(existsSync(join(directory, "new")));
  }),
);

t.test("tx: somebody else changed the same meanwhile", (t) =>
  onMount(t, async (mount) => {
    const { directory } = mount;
    writeFileSync(join(directory, "note"), "one");
    const child = start(t, ["tx", "--", "sh", "-c", "echo mine > note; echo ready; read line"], directory);
    await once(child.stdout as NodeJS.ReadableStream, "data");
    writeFileSync(join(directory, "note"), "theirs");
    const ended = once(child, "exit");
    child.stdin?.end("go\n");
    t.same(await ended, [1, null]);
    t.equal(read(join(directory, "note")), "theirs");
    t.same(branches(t, mount), ["main", "tx-1"], "it stays open");
    accepts(t, ["commit", "tx-1", "--theirs"], directory);
    t.equal(read(join(directory, "note")), "mine\n");
  }),
);

t.test("tx passes SIGTERM on and rolls back", (t) =>
  onMount(t, async (mount) => {
    const { directory } = mount;
    const child = start(t, ["tx", "--", "sh", "-c", "touch new; echo ready; exec sleep 60"], directory);
    await once(child.stdout as NodeJS.ReadableStream, "data");
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    t.same(await ended, [143, null]);
    t.notOk(existsSync(join(directory, "new")));
    t.same(branches(t, mount), ["main"]);
  }),
);

function start(t: Test, args: readonly string[], cwd: string): ChildProcess {
  const child = spawn(...stoneCommand(args), { cwd, stdio: ["pipe", "pipe", "ignore"] });
  t.teardown(() => child.kill("SIGKILL"));
  return child;
}

t.test("tx in a branch's directory is about that branch", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    mkdirSync(join(directory, "dir"));
    accepts(t, ["branch", "idea"], directory);
    const inside = join(directory, ".branches", "idea", "dir");
    t.equal(accepts(t, ["tx", "--", "sh", "-c", "pwd; echo new > new"], inside), `${inside}\n`);
    t.ok(existsSync(join(inside, "new")));
    t.notOk(existsSync(join(directory, "dir", "new")));
    t.equal(accepts(t, ["tx", "--", "pwd"], join(directory, ".history", "@1")), `${directory}\n`, "the past stands for the present");
  }),
);

t.test("where no namespace is allowed, tx runs in the transaction's directory and says so", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    mkdirSync(join(directory, "dir"));
    // A mount program that refuses stands for a system that does.
    const bin = join(directory, "..", "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "mount"), "#!/bin/sh\necho 'mount: permission denied' >&2\nexit 32\n", { mode: 0o755 });
    const env = { PATH: `${bin}:${process.env.PATH}` };
    const { status, stdout, stderr } = stone(["tx", "--", "sh", "-c", "pwd; touch new"], { cwd: join(directory, "dir"), env });
    t.equal(status, 0);
    t.equal(stdout, `${directory}/.branches/tx-1/dir\n`);
    t.match(stderr, /^stone: no private mount namespace here \(mount: permission denied\); running in \S+ instead\n$/);
    t.ok(existsSync(join(directory, "dir", "new")), "and it is committed all the same");
  }),
);
