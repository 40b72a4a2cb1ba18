/** Reading directories: large ones, changing ones, seeking in them. */
import fs from "node:fs";
import { join } from "node:path";
import { type DirectoryEntry, getdents, lseek, SEEK_SET } from "../support/sys.js";
import type { Area } from "./case.js";

const DT_DIR = 4;

/** All entries from where `fd` stands, but dot and dot dot. */
function rest(fd: number, capacity?: number): DirectoryEntry[] {
  const entries: DirectoryEntry[] = [];
  for (;;) {
    const some = getdents(fd, capacity);
    if (some.length === 0) return entries.filter(({ name }) => name !== "." && name !== "..");
    entries.push(...some);
  }
}

function fill(directory: string, count: number): string[] {
  const names = Array.from({ length: count }, (_, index) => `entry-${String(index).padStart(6, "0")}`);
  for (const name of names) fs.closeSync(fs.openSync(join(directory, name), "w"));
  return names;
}

const names = (entries: readonly DirectoryEntry[]): string[] => entries.map(({ name }) => name).sort();

function opened<Result>(directory: string, action: (fd: number) => Result): Result {
  const fd = fs.openSync(directory, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    return action(fd);
  } finally {
    fs.closeSync(fd);
  }
}

export const listing: Area = {
  name: "reading directories",
  cases: [
    {
      name: "dot, dot dot, types and inode numbers",
      run(directory, t) {
        fs.mkdirSync(join(directory, "sub"));
        fs.writeFileSync(join(directory, "file"), "");
        fs.symlinkSync("x", join(directory, "link"));
        const entries = opened(directory, (fd) => getdents(fd));
        t.same(names(entries), [".", "..", "file", "link", "sub"]);
        const types = Object.fromEntries(entries.map(({ name, type }) => [name, type]));
        t.match(types, { ".": DT_DIR, "..": DT_DIR, sub: DT_DIR, file: 8, link: 10 });
        for (const { name, ino } of entries) {
          if (name !== "..") t.equal(ino, fs.lstatSync(join(directory, name), { bigint: true }).ino, `ino of ${name}`);
        }
      },
    },
    {
      name: "10,000 entries, each exactly once, in calls of any size",
      run(directory, t) {
        const expected = fill(directory, 10_000);
        t.same(fs.readdirSync(directory).sort(), expected);
        for (const capacity of [512, 4096, 1 << 20]) {
          t.same(names(opened(directory, (fd) => rest(fd, capacity))), expected, `capacity ${capacity}`);
        }
        const kinds = fs.readdirSync(directory, { withFileTypes: true });
        t.ok(kinds.every((entry) => entry.isFile()));
        for (const name of expected) fs.unlinkSync(join(directory, name));
        t.same(fs.readdirSync(directory), []);
        fs.rmdirSync(directory);
        fs.mkdirSync(directory);
      },
    },
    {
      name: "stat of everything just listed agrees with the listing",
      run(directory, t) {
        for (let index = 0; index < 300; index++) fs.writeFileSync(join(directory, `f${index}`), "x".repeat(index));
        for (const name of fs.readdirSync(directory)) {
          if (fs.statSync(join(directory, name)).size !== Number(name.slice(1))) t.fail(`size of ${name}`);
        }
        fs.appendFileSync(join(directory, "f7"), "more");
        t.equal(fs.readdirSync(directory).length, 300);
        t.equal(fs.statSync(join(directory, "f7")).size, 11, "a listing does not bring an old size back");
      },
    },
    {
      name: "what was there throughout is listed once, while others come and go",
      run(directory, t) {
        const steady = fill(directory, 2000);
        const seen = opened(directory, (fd) => {
          const entries: DirectoryEntry[] = [];
          for (let turn = 0; ; turn++) {
            const some = getdents(fd, 2048);
            if (some.length === 0) return entries;
            entries.push(...some);
            fs.writeFileSync(join(directory, `coming-${turn}`), "");
            if (turn > 3) fs.unlinkSync(join(directory, `coming-${turn - 3}`));
            // A listing that shows every newcomer never ends: renaming each file while listing would go round forever.
            if (turn > 2000) return entries;
          }
        });
        const listed = names(seen).filter((name) => name.startsWith("entry-"));
        t.ok(seen.length < 3000, "it ends");
        t.same(listed, steady);
        const all = names(seen);
        t.equal(new Set(all).size, all.length, "no name twice");
      },
    },
    {
      name: "removing while listing, as rm -r does it, leaves nothing behind",
      run(directory, t) {
        fill(directory, 3000);
        opened(directory, (fd) => {
          for (;;) {
            const some = getdents(fd, 4096);
            if (some.length === 0) break;
            for (const { name } of some) if (name.startsWith("entry-")) fs.unlinkSync(join(directory, name));
          }
        });
        t.same(fs.readdirSync(directory), []);
      },
    },
    {
      name: "an entry's offset leads to the one behind it",
      run(directory, t) {
        fill(directory, 1000);
        opened(directory, (fd) => {
          const first = getdents(fd, 4096);
          const all = [...first, ...rest(fd)];
          for (const index of [0, 1, 5, Math.floor(first.length / 2), first.length - 1]) {
            lseek(fd, (first[index] as DirectoryEntry).offset, SEEK_SET);
            const again = rest(fd).map(({ name }) => name);
            const expected = all
              .slice(index + 1)
              .map(({ name }) => name)
              .filter((name) => name !== "." && name !== "..");
            t.same(again, expected, `from entry ${index}`);
          }
        });
      },
    },
    {
      name: "an offset stays good when the entry it names is removed",
      run(directory, t) {
        fill(directory, 500);
        opened(directory, (fd) => {
          const first = getdents(fd, 4096);
          const behind = names(rest(fd));
          const last = first.at(-1) as DirectoryEntry;
          for (const { name } of first) if (name.startsWith("entry-")) fs.unlinkSync(join(directory, name));
          lseek(fd, last.offset, SEEK_SET);
          t.same(names(rest(fd)), behind);
        });
      },
    },
    {
      name: "back to the start, a descriptor sees what changed",
      run(directory, t) {
        fs.writeFileSync(join(directory, "old"), "");
        opened(directory, (fd) => {
          t.same(names(rest(fd)), ["old"]);
          fs.writeFileSync(join(directory, "new"), "");
          fs.unlinkSync(join(directory, "old"));
          lseek(fd, 0, SEEK_SET);
          t.same(names(rest(fd)), ["new"]);
        });
      },
    },
    {
      name: "two descriptors stand where each was left",
      run(directory, t) {
        const expected = fill(directory, 800);
        opened(directory, (one) => {
          const start = getdents(one, 1024);
          const other = opened(directory, (two) => rest(two));
          t.same(names(other), expected);
          t.same(
            names([...start, ...rest(one)]).filter((name) => name.startsWith("entry-")),
            expected,
          );
        });
      },
    },
  ],
};
