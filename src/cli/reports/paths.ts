import type { Name } from "../../base/bytes.js";
import type { Store } from "../../store/store.js";
import { rootIno } from "../../store/tree.js";

interface Span {
  readonly name: Name;
  readonly since: number;
  readonly until: number;
}

type SpanRow = readonly [name: Uint8Array, since: number, until: number];
type ParentRow = readonly [parent: number];

const forever = Number.MAX_SAFE_INTEGER;
const namesSql = `SELECT name, since, ${forever} FROM dirent WHERE branch = $1 AND parent = $2 AND ino = $3
  UNION ALL SELECT name, since, until FROM dirent_past WHERE branch = $1 AND parent = $2 AND ino = $3`;
const parentSql = `SELECT parent FROM inode WHERE branch = $1 AND ino = $2 AND since <= $3
  UNION ALL SELECT parent FROM inode_past WHERE branch = $1 AND ino = $2 AND since <= $3 AND until > $3`;

/**
 * Finds the paths that inodes had. Names are found by reading their directory once, and kept: the same file changes many times.
 */
export class PathFinder {
  readonly #store: Store;
  readonly #spans = new Map<string, Span[]>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** The components of a path an inode had at a moment; undefined when it had none that is still known. */
  path(branch: number, ino: number, moment: number): Name[] | undefined {
    const components: Name[] = [];
    // A path is never deeper than the tree is; a damaged database must not make this endless.
    for (let at = ino, depth = 0; depth < 4096; depth++) {
      if (at === rootIno) return components.reverse();
      const parent = this.#parent(branch, at, moment);
      const name = parent === undefined ? undefined : this.#name(branch, parent, at, moment);
      if (parent === undefined || name === undefined) return undefined;
      components.push(name);
      at = parent;
    }
    return undefined;
  }

  /** The directory that an inode lay in. */
  #parent(branch: number, ino: number, moment: number): number | undefined {
    const row = this.#store.connection.prepare<ParentRow>(parentSql).get([branch, ino, moment]);
    if (row !== undefined) return row[0];
    const { parent, forkedAt } = this.#store.branches.get(branch);
    return parent === null ? undefined : this.#parent(parent, ino, Math.min(moment, forkedAt));
  }

  #name(branch: number, directory: number, ino: number, moment: number): Name | undefined {
    const span = this.#names(branch, directory, ino).find(({ since, until }) => since <= moment && moment < until);
    if (span !== undefined) return span.name;
    const { parent, forkedAt } = this.#store.branches.get(branch);
    return parent === null ? undefined : this.#name(parent, directory, ino, Math.min(moment, forkedAt));
  }

  #names(branch: number, directory: number, ino: number): Span[] {
    const key = `${branch}/${directory}/${ino}`;
    let spans = this.#spans.get(key);
    if (spans === undefined) {
      const rows = this.#store.connection.prepare<SpanRow>(namesSql).all([branch, directory, ino]);
      spans = rows.map(([name, since, until]) => ({ name: Buffer.from(name).toString("latin1"), since, until }));
      this.#spans.set(key, spans);
    }
    return spans;
  }
}
