import type { Caller } from "../vfs/caller.js";
import type { Vfs } from "../vfs/vfs.js";
import type { View } from "../vfs/view.js";

const O_RDWR = 2;
/** Files kept open at most for whoever may use them next. Beyond, the one opened first is closed, unless it has no name any more. */
const mostKept = 1024;

/**
 * Files that the kernel opens without asking (`noopen`): OPEN is answered ENOSYS once, and from then on READ and WRITE come without a
 * handle. The first of them opens the file here, or the CREATE before them, whose RELEASE the kernel does not send either. Nothing
 * tells when the last descriptor is closed, only FORGET that nobody can have one any more; so a file that loses its last name
 * while the kernel knows it must be taken for an open one.
 */
export class ImplicitOpens {
  readonly #vfs: Vfs;
  /** Handles by view and inode, in the order they were opened. */
  readonly #handles = new Map<string, number>();

  constructor(vfs: Vfs) {
    this.#vfs = vfs;
  }

  /** The handle of a file, which stays ours to close. Throws as open(2). */
  handleOf(view: View, ino: number, caller: Caller): number {
    const key = keyOf(view, ino);
    const known = this.#handles.get(key);
    if (known !== undefined) return known;
    if (this.#handles.size >= mostKept) this.#closeFirst();
    const handle = this.#vfs.handles.open(view, ino, view.writable === undefined ? 0 : O_RDWR, caller);
    this.#handles.set(key, handle);
    return handle;
  }

  /** The kernel forgot an inode: no descriptor of it is left. */
  forgotten(view: View, ino: number): void {
    this.#close(keyOf(view, ino));
  }

  #closeFirst(): void {
    for (const [key, handle] of this.#handles) {
      if (this.#vfs.handles.get(handle).inode.nlink === 0) continue;
      this.#close(key);
      return;
    }
  }

  #close(key: string): void {
    const handle = this.#handles.get(key);
    if (handle === undefined) return;
    this.#handles.delete(key);
    this.#vfs.handles.release(handle);
  }
}

function keyOf(view: View, ino: number): string {
  return `${view.slot}:${ino}`;
}
