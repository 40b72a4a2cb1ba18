/** mkdir, rmdir, mv and what else programs try in `/.branches` and `/.history`. */
import fs from "node:fs";
import { join } from "node:path";
import t from "tap";
import { fails, failsWithOneOf } from "../support/fails.js";
import { onMount } from "../support/mount.js";
import { stone } from "../support/stone.js";

t.test("branches as directories", (t) =>
  onMount(t, (mount) => {
    const { directory } = mount;
    const branch = (...path: string[]): string => join(directory, ".branches", ...path);
    const list = (): string[] => fs.readdirSync(branch()).sort();
    fs.writeFileSync(join(directory, "note"), "one");
    fs.mkdirSync(branch("idea"));
    t.equal(stone(["branch", "child", "--from", "idea", "--db", mount.database]).status, 0);
    fs.mkdirSync(branch("other"));
    const before = list();
    t.same(before, ["child", "idea", "main", "other"]);

    for (const name of ["idea", "main"]) fails(t, "EEXIST", () => fs.mkdirSync(branch(name)), `mkdir ${name}, which is there`);
    for (const name of [".history", ".branches", "today", "@5", "-x", " x", "tab\t"]) {
      fails(t, "EINVAL", () => fs.mkdirSync(branch(name)), `mkdir ${JSON.stringify(name)}`);
      fails(t, "EINVAL", () => fs.renameSync(branch("other"), branch(name)), `mv to ${JSON.stringify(name)}`);
    }
    fails(t, "ENAMETOOLONG", () => fs.mkdirSync(branch("n".repeat(256))), "mkdir of a long name");
    fails(t, "ENOENT", () => fs.rmdirSync(branch("nowhere")), "rmdir of none");
    fails(t, "EBUSY", () => fs.rmdirSync(branch("idea")), "rmdir of one that another descends from");
    failsWithOneOf(t, ["ENOTDIR", "EBUSY"], () => fs.rmdirSync(branch("main")), "rmdir of the mounted one");
    failsWithOneOf(t, ["EPERM", "EACCES", "EBUSY", "EISDIR"], () => fs.unlinkSync(branch("main")), "rm of the mounted one");
    const fd = fs.openSync(branch("child", "note"), "r");
    fails(t, "EBUSY", () => fs.rmdirSync(branch("child")), "rmdir of one with an open file");
    t.equal(fs.readFileSync(fd, "utf8"), "one", "which is still there");
    fs.closeSync(fd);
    failsWithOneOf(t, ["EEXIST", "ENOTEMPTY"], () => fs.renameSync(branch("other"), branch("idea")), "mv onto another one");
    failsWithOneOf(t, ["EPERM", "EXDEV"], () => fs.renameSync(branch("other"), join(directory, "other")), "mv out of .branches");
    fs.mkdirSync(join(directory, "plain"));
    failsWithOneOf(t, ["EPERM", "EXDEV"], () => fs.renameSync(join(directory, "plain"), branch("plain")), "mv into .branches");
    failsWithOneOf(t, ["EPERM", "EACCES", "ENOSYS"], () => fs.writeFileSync(branch("file"), ""), "a file in .branches");
    failsWithOneOf(t, ["EPERM", "EACCES"], () => fs.symlinkSync("x", branch("link")), "a link in .branches");
    t.same(list(), before, "nothing was made, lost or renamed");

    fs.renameSync(branch("other"), branch("another"));
    fs.rmdirSync(branch("another"));
    fs.rmdirSync(branch("child"));
    fs.rmdirSync(branch("idea"));
    t.same(list(), ["main"]);
    t.equal(fs.readFileSync(join(directory, "note"), "utf8"), "one");
  }),
);

t.test("snapshots as directories", (t) =>
  onMount(t, ({ directory }) => {
    const moment = (...path: string[]): string => join(directory, ".history", ...path);
    fs.writeFileSync(join(directory, "note"), "one");
    fs.mkdirSync(moment("first"));
    fs.writeFileSync(join(directory, "note"), "two");
    fails(t, "EEXIST", () => fs.mkdirSync(moment("first")), "mkdir of one that is there");
    for (const name of ["today", "@5", "5m-ago"]) fails(t, "EEXIST", () => fs.mkdirSync(moment(name)), `mkdir ${name}, a moment`);
    for (const name of [".history", "-x", " x"]) fails(t, "EINVAL", () => fs.mkdirSync(moment(name)), `mkdir ${JSON.stringify(name)}`);
    fails(t, "ENAMETOOLONG", () => fs.mkdirSync(moment("n".repeat(256))), "mkdir of a long name");
    fails(t, "ENOENT", () => fs.rmdirSync(moment("nowhere")), "rmdir of none");
    fails(t, "EROFS", () => fs.rmdirSync(moment("@1")), "rmdir of a moment that has no name");
    fails(t, "EROFS", () => fs.writeFileSync(moment("first", "note"), "three"), "a write to the past");
    failsWithOneOf(t, ["EPERM", "EROFS", "EXDEV"], () => fs.renameSync(moment("first"), moment("second")), "mv");
    t.equal(fs.readFileSync(moment("first", "note"), "utf8"), "one");
    fs.rmdirSync(moment("first"));
    t.notOk(fs.existsSync(moment("first")));
  }),
);
