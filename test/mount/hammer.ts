/**
 * Keeps a mount busy: reads, lists, looks up and changes what it finds below a directory, until its standard input ends. Names may
 * come and go under it, since others change the tree meanwhile; anything else that is refused it reports, and ends with status 1.
 * Its last line is how many calls it made. Arguments: the directory that it reads, one of its own to write in, a seed.
 */
import fs from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { Random } from "../support/random.js";
import { isStale } from "./stale.js";

const [shared = ".", own = ".", seed = "0"] = process.argv.slice(2);
const random = new Random(Number(seed));
const buffer = Buffer.alloc(70_000);
/**
 * What a program meets whose files somebody else removes. EXDEV: of the two paths of a rename one was walked before the root of the
 * mount showed another branch, the other after.
 */
const expected = ["ENOENT", "ENOTDIR", "EISDIR", "EEXIST", "ENOTEMPTY", "EXDEV"];
function names(directory: string): string[] {
  return fs.readdirSync(directory).map((name) => join(directory, name));
}

function readWhole(path: string): void {
  const fd = fs.openSync(path, "r");
  try {
    fs.readSync(fd, buffer, 0, buffer.length, 0);
  } finally {
    fs.closeSync(fd);
  }
}

const actions: readonly (() => void)[] = [
  () => fs.lstatSync(random.pick(names(shared))),
  () => readWhole(random.pick(names(shared))),
  () => names(join(shared, random.pick(["", "dir", "moved"]))),
  () => fs.existsSync(join(shared, random.pick(["missing", "old", "made"]))),
  () => fs.statfsSync(shared),
  () => fs.writeFileSync(join(own, String(random.below(20))), buffer.subarray(0, random.below(9000))),
  () => fs.renameSync(join(own, String(random.below(20))), join(own, String(random.below(20)))),
  () => fs.rmSync(join(own, String(random.below(20)))),
  () => fs.appendFileSync(join(own, "log"), "one more line\n"),
];

let stop = false;
process.stdin.on("end", () => {
  stop = true;
});
process.stdin.resume();
let calls = 0;
while (!stop) {
  for (let turn = 0; turn < 50; turn++) {
    try {
      random.pick(actions)();
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      if (!expected.includes(code) && !isStale(error)) {
        console.log(`${error}`);
        process.exit(1);
      }
    }
    calls += 1;
  }
  await setImmediate();
}
console.log(`${calls} calls`);
