import type { Name } from "../base/bytes.js";
import type { Value } from "../db/connection.js";
import type { Tables } from "./tables.js";
import type { Cell } from "./temporal.js";
import type { Dirent, Tree } from "./tree.js";

/** A name's or an attribute's cell. Its key is built when it is needed: thousands of cells with a buffer each would cost more than they hold. */
export class NameCell implements Cell {
  /** Whether the parent branch has the name: then its absence here must be a row of its own. */
  inherits = false;
  readonly pins = 0;
  readonly #branch: number;
  readonly #owner: number;
  readonly #name: Name;
  version: readonly Value[] | null = null;
  since = 0;
  stored = 0;
  storedUntil = 0;
  dirty = false;

  constructor(branch: number, owner: number, name: Name) {
    this.#branch = branch;
    this.#owner = owner;
    this.#name = name;
  }

  get key(): readonly Value[] {
    return [this.#branch, this.#owner, Buffer.from(this.#name, "latin1")];
  }
}

export class DirentCell extends NameCell {
  entry: Dirent | undefined = undefined;
  /** The name's position in listings, also while it is removed here but the parent branch has it. */
  cookie = 0;
}

/** A name of a directory as a branch has it: by its own row, else as its parent branch has it. */
export function loadDirent(tables: Tables, lower: Tree | undefined, branch: number, parent: number, name: Name): DirentCell {
  const cell = new DirentCell(branch, parent, name);
  const row = tables.dirent.readLive(cell.key);
  const below = lower?.lookup(parent, name);
  cell.inherits = below !== undefined;
  if (row !== undefined) {
    takeRow(cell, row);
    const ino = row[1] as number | null;
    cell.cookie = row[3] as number;
    if (ino !== null) cell.entry = { ino, type: row[2] as number, cookie: cell.cookie };
  } else if (below !== undefined) {
    cell.entry = below;
    cell.cookie = below.cookie;
    cell.version = [below.ino, below.type, below.cookie];
  }
  return cell;
}

/** An attribute as a branch has it: by its own row, else as its parent branch has it. */
export function loadXattr(tables: Tables, lower: Tree | undefined, branch: number, ino: number, name: Name): NameCell {
  const cell = new NameCell(branch, ino, name);
  const row = tables.xattr.readLive(cell.key);
  const below = lower?.xattr(ino, name);
  cell.inherits = below !== undefined;
  if (row !== undefined) takeRow(cell, row);
  else if (below !== undefined) cell.version = [below];
  return cell;
}

function takeRow(cell: NameCell, row: readonly Value[]): void {
  cell.since = row[0] as number;
  cell.stored = cell.since;
  cell.version = row.slice(1);
}
