/** `-o noopen`: the kernel opens files without asking, so nothing tells which are open. */
import fs from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import t, { type Test } from "tap";
import { fails } from "../support/fails.js";
import { type Mount, onMount } from "../support/mount.js";
import { stone } from "../support/stone.js";

function test(name: string, body: (t: Test, mount: Mount) => void | Promise<void>): void {
  t.test(name, (t) => onMount(t, (mount) => body(t, mount), { options: ["noopen"] }));
}

interface Mounted {
  readonly status: { readonly counters: { readonly openFiles: number } };
}

function openFiles(mount: Mount): number {
  const [mounted] = JSON.parse(stone(["status", "--json", mount.directory]).stdout) as [Mounted];
  return mounted.status.counters.openFiles;
}

/** An open file that loses its name, by whatever way: it can be read, written and measured until it is closed. */
function losesItsName(name: string, lose: (path: string) => void): void {
  test(`a file that is open lives on after ${name}`, async (t, mount) => {
    const path = join(mount.directory, "file");
    fs.writeFileSync(path, "as it was");
    fs.writeFileSync(`${path}.new`, "another");
    // What was made here counts as open for as long as the kernel remembers it.
    mount.unmount();
    mount.mount();
    const fd = fs.openSync(path, "r+");
    lose(path);
    t.equal(fs.fstatSync(fd).nlink, 0);
    t.equal(fs.readFileSync(fd, "utf8"), "as it was", "read for the first time only now");
    fs.writeSync(fd, "changed!!", 0);
    const text = Buffer.alloc(20);
    t.equal(text.toString("utf8", 0, fs.readSync(fd, text, 0, 20, 0)), "changed!!");
    fs.closeSync(fd);
    // FORGET comes when the kernel finds time for it.
    for (let waited = 0; openFiles(mount) > 0 && waited < 200; waited++) await pause(50);
    t.equal(openFiles(mount), 0, "then nothing is left of it");
    mount.unmount();
    mount.check();
    mount.mount();
  });
}

losesItsName("unlink", (path) => fs.unlinkSync(path));
losesItsName("a rename over it", (path) => fs.renameSync(`${path}.new`, path));

test("truncation by open, and appends", (t, mount) => {
  const path = join(mount.directory, "file");
  fs.writeFileSync(path, "long text");
  fs.writeFileSync(path, "short");
  fs.appendFileSync(path, "+");
  t.equal(fs.readFileSync(path, "utf8"), "short+");
  mount.unmount();
  mount.mount();
  t.equal(fs.readFileSync(path, "utf8"), "short+");
});

test("what was synced is a version", (t, mount) => {
  const path = join(mount.directory, "file");
  for (const text of ["one", "two"]) {
    const fd = fs.openSync(path, fs.existsSync(path) ? "r+" : "w");
    fs.writeSync(fd, text);
    fs.fsyncSync(fd);
    fs.closeSync(fd);
  }
  const versions = JSON.parse(stone(["history", "--json", path]).stdout) as readonly unknown[];
  t.ok(versions.length >= 2, `${versions.length} versions`);
});

test("the past can be read, and not written", (t, mount) => {
  const path = join(mount.directory, "file");
  fs.writeFileSync(path, "then");
  t.equal(stone(["snapshot", "before", "--db", mount.database]).status, 0);
  fs.writeFileSync(path, "now");
  const past = join(mount.directory, ".history/before/file");
  t.equal(fs.readFileSync(past, "utf8"), "then");
  fails(t, "EROFS", () => fs.writeFileSync(past, "x", { flag: "r+" }), "write");
  t.equal(fs.readFileSync(past, "utf8"), "then");
});

test("more files than are kept open", (t, mount) => {
  for (let i = 0; i < 1500; i++) fs.writeFileSync(join(mount.directory, `${i}`), `text ${i}`);
  mount.unmount();
  mount.mount();
  for (let i = 0; i < 1500; i++) {
    const fd = fs.openSync(join(mount.directory, `${i}`), "r+");
    fs.writeSync(fd, "T");
    fs.closeSync(fd);
  }
  t.ok(openFiles(mount) <= 1024, `${openFiles(mount)} open files`);
  mount.unmount();
  mount.check();
  mount.mount();
  for (let i = 0; i < 1500; i += 100) t.equal(fs.readFileSync(join(mount.directory, `${i}`), "utf8"), `Text ${i}`);
});
