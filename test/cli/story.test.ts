/** A working session as a user would have it, from the first branch to taking back what one program did. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { onMount } from "../support/mount.js";
import { git, gitEnvironment, makeRepository } from "../support/project.js";
import { succeed } from "../support/run.js";
import { compareTrees } from "../support/tree.js";
import { accepts, list } from "./support.js";

t.test("branch, let a script wreck it, drop; branch again, merge; undo one process", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    const project = join(directory, "project");
    mkdirSync(project);
    makeRepository(t, project);
    accepts(t, ["snapshot", "start"], directory);

    accepts(t, ["branch", "wreck"], directory);
    const wreck = join(directory, ".branches", "wreck", "project");
    succeed(t, "sh", ["-c", "rm -r src; for f in *.md; do echo wrecked > $f; done; mv test tests"], { cwd: wreck });
    const damage = accepts(t, ["diff", "main", "wreck", "--name-status"], directory);
    t.match(damage, "D\t/project/src/cli/main.ts\n");
    t.match(damage, "M\t/project/README.md\n");
    t.match(damage, "R\t/project/test -> /project/tests\n");
    t.equal(git(t, project, "status", "--porcelain"), "", "main has nothing of it");
    accepts(t, ["branch", "-d", "wreck"], directory);

    accepts(t, ["branch", "good"], directory);
    const good = join(directory, ".branches", "good", "project");
    writeFileSync(join(good, "src", "new.ts"), "export const answer = 42;\n");
    git(t, good, "add", "src/new.ts");
    git(t, good, "commit", "-q", "-m", "an answer");
    accepts(t, ["merge", "good"], directory);
    t.same(compareTrees(good, project, { ignore: ["directory-mtime"] }), [], "the same files, git's own too");
    t.match(git(t, project, "log", "--oneline", "-1"), "an answer");
    t.equal(git(t, project, "status", "--porcelain"), "");

    succeed(t, "sh", ["-c", "echo oops > src/new.ts; echo junk > junk; rm README.md"], { cwd: project });
    writeFileSync(join(project, "mine"), "kept");
    const culprit = list<{ event: number; op: string; path: string; pid: number }>(t, ["log", "project/junk", "--json"], directory).at(-1);
    const [shell] = list<{ pid: number; parent: number }>(t, ["ps", "--json"], directory).filter(({ pid }) => pid === culprit?.pid);
    accepts(t, ["undo", "--by", String(shell?.pid)], directory);
    t.equal(readFileSync(join(project, "src", "new.ts"), "utf8"), "export const answer = 42;\n");
    t.same([existsSync(join(project, "junk")), existsSync(join(project, "mine"))], [false, true]);
    t.notOk(existsSync(join(project, "README.md")), "rm was a process of its own");
    accepts(t, ["restore", "start", "project/README.md"], directory);
    succeed(t, "git", ["diff", "--exit-code", "README.md"], { cwd: project, env: gitEnvironment });

    accepts(t, ["restore", "start"], directory);
    t.same(compareTrees(join(directory, ".history", "start"), directory, { ignore: ["directory-mtime"] }), [], "all as it was at first");
  }),
);
