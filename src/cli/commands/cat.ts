import { Command } from "commander";
import { nameFromText } from "../../base/bytes.js";
import type { Inode } from "../../store/inode.js";
import type { Store } from "../../store/store.js";
import type { Tree } from "../../store/tree.js";
import { isDirectory, isRegular } from "../../vfs/mode.js";
import { CliError } from "../errors.js";
import { writeBytes } from "../output.js";
import { findPlace } from "../paths.js";
import { findMoment, readTree } from "../refs.js";
import { branchId, withSession } from "../session.js";
import { resolveFile } from "../walk.js";

interface Flags {
  readonly at?: string;
  readonly db?: string;
  readonly branch?: string;
}

const chunkBytes = 1 << 20;

/** The file that had the path then; else the one that has it now, as it was then by another name. */
function findFile(store: Store, tree: Tree, components: readonly string[]): Inode | undefined {
  const names = components.map(nameFromText);
  const then = resolveFile(tree, names);
  if (then !== undefined) return then;
  const now = resolveFile(readTree(store, { branch: tree.branch }), names);
  return now === undefined ? undefined : tree.inode(now.ino);
}

function print(tree: Tree, file: Inode): void {
  const buffer = Buffer.alloc(Math.min(chunkBytes, file.size));
  for (let offset = 0; offset < file.size; ) {
    const length = tree.read(file, offset, buffer);
    if (length === 0 || !writeBytes(buffer.subarray(0, length))) return;
    offset += length;
  }
}

async function cat(path: string, flags: Flags): Promise<void> {
  const place = findPlace(path, flags.db);
  await withSession(place, flags, (session) =>
    session.read((store) => {
      const branch = branchId(store, session.branch);
      const tree = readTree(store, flags.at === undefined ? { branch } : { branch, moment: findMoment(store, session.branch, flags.at) });
      const file = findFile(store, tree, place.components);
      const when = flags.at === undefined ? "" : ` at ${flags.at}`;
      if (file === undefined)
        throw new CliError(`${path}: no such file on ${session.branch}${when}; stone history ${path} lists its versions`);
      if (isDirectory(file.mode)) throw new CliError(`${path}: was a directory${when}; look into it with: ls .history/WHEN`);
      if (!isRegular(file.mode)) throw new CliError(`${path}: was not a regular file${when}`);
      print(tree, file);
    }),
  );
}

export function catCommand(): Command {
  return new Command("cat")
    .summary("print a file as it was")
    .description(
      "Writes what PATH held at a moment to standard output. A file that had another name then is found by the one it has now.\n" +
        "In a mount, cat .history/WHEN/PATH does the same.",
    )
    .argument("<PATH>", "a file in a mount, even one that is gone; with --db a path inside that file system")
    .option("--at <WHEN>", "the moment (see stone help, Moments); now by default")
    .option("--branch <NAME>", "the branch; by default the one PATH is in, or the mounted one")
    .option("--db <FILE>", "the database, when PATH is not below a mount")
    .addHelpText(
      "after",
      `
Examples:
  stone cat todo --at yesterday
  stone cat src/main.c --at @1234 > main.c.old
  stone cat --db notes.db /todo --at "last friday 5pm"`,
    )
    .action(cat);
}
