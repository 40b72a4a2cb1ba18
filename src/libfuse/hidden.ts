import type { Name } from "../base/bytes.js";
import type { Node } from "./asking.js";

/** How libfuse names what it hides: the node's number, and a counter. */
const hiddenName = /^\.fuse_hidden[0-9a-f]{16}$/;

interface HiddenFile {
  readonly node: Node;
  readonly directory: Node;
}

export function isHiddenName(name: Name): boolean {
  return hiddenName.test(name);
}

/**
 * Open files that have lost their name. libfuse knows files by their paths, so instead of removing one that is open it renames it to
 * `.fuse_hidden…` in its directory, and removes that after the last close. Here the removal happens at once, as POSIX says and as history
 * is to show it, and libfuse's name leads to the nameless file until then.
 */
export class HiddenFiles {
  readonly #files = new Map<Name, HiddenFile>();

  /** The file goes by a hidden name from now on; one reference to it is this object's. */
  add(name: Name, node: Node, directory: Node): void {
    this.#files.set(name, { node, directory });
  }

  get(name: Name): Node | undefined {
    return this.#files.size === 0 ? undefined : this.#files.get(name)?.node;
  }

  /** Takes a name out; the reference to its node is the caller's now. */
  take(name: Name): Node | undefined {
    const file = this.#files.get(name);
    this.#files.delete(name);
    return file?.node;
  }

  /** Whether a directory holds such a file: then libfuse could not find it any more if the directory went. */
  within(directory: Node): boolean {
    for (const file of this.#files.values()) if (file.directory.lo === directory.lo && file.directory.hi === directory.hi) return true;
    return false;
  }
}
