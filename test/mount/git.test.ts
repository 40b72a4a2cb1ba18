/** git, the most demanding user of a file system that most people run every day. */
import fs from "node:fs";
import { join } from "node:path";
import t from "tap";
import { onMount } from "../support/mount.js";
import { git, makeRepository } from "../support/project.js";
import { temporaryDirectory } from "../support/temporary.js";
import { compareTrees } from "../support/tree.js";

// A busy machine takes three times what an idle one does.
t.setTimeout(400_000);

t.test("a repository made on the mount", (t) =>
  onMount(t, ({ directory }) => {
    const repository = join(directory, "project");
    makeRepository(t, repository);
    const commits = git(t, repository, "log", "--oneline").trimEnd().split("\n");
    t.ok(commits.length > 5, `${commits.length} commits`);
    t.equal(git(t, repository, "status", "--porcelain"), "");
    fs.appendFileSync(join(repository, "package.json"), "\n");
    t.equal(git(t, repository, "status", "--porcelain"), " M package.json\n");
    git(t, repository, "checkout", "-q", "--", ".");
    git(t, repository, "checkout", "-q", "-b", "work", "HEAD~3");
    fs.writeFileSync(join(repository, "new file"), "on a branch\n");
    git(t, repository, "add", "new file");
    git(t, repository, "commit", "-q", "-m", "on a branch");
    git(t, repository, "checkout", "-q", "main");
    git(t, repository, "merge", "-q", "--no-edit", "work");
    git(t, repository, "gc", "-q", "--prune=now");
    git(t, repository, "fsck", "--full", "--strict");
    t.equal(git(t, repository, "status", "--porcelain"), "");
    t.equal(fs.readFileSync(join(repository, "new file"), "utf8"), "on a branch\n");
    git(t, repository, "worktree", "add", "-q", "../side", "work");
    t.equal(git(t, join(directory, "side"), "status", "--porcelain"), "");
  }),
);

t.test("a clone onto the mount is the same as beside it", (t) =>
  onMount(t, ({ directory }) => {
    const outside = temporaryDirectory(t);
    const origin = join(outside, "origin");
    makeRepository(t, origin);
    const [here, there] = [join(directory, "clone"), join(outside, "clone")];
    git(t, outside, "clone", "-q", "--no-local", origin, here);
    git(t, outside, "clone", "-q", "--no-local", origin, there);
    t.equal(git(t, here, "log", "--oneline"), git(t, there, "log", "--oneline"));
    t.equal(git(t, here, "status", "--porcelain"), "");
    git(t, here, "fsck", "--full");
    git(t, here, "gc", "-q", "--aggressive");
    git(t, here, "fsck", "--full");
    t.same(compareTrees(here, there, { ignore: ["mtime"], without: [".git"] }), []);
  }),
);
