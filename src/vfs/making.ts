import type { Name } from "../base/bytes.js";
import { timespecOf } from "../base/clock.js";
import { EEXIST, EINVAL, EMLINK, ENAMETOOLONG, ENOENT, EPERM, FsError } from "../base/errno.js";
import { linkMax, symlinkMaxBytes } from "../base/limits.js";
import type { Inode } from "../store/inode.js";
import type { LiveTree } from "../store/live-tree.js";
import type { InodeNumbers } from "../store/meta.js";
import { inheritAcl } from "./acls.js";
import type { Caller } from "./caller.js";
import { checkName, directoryOf, inodeOf, stampChanged, stampModified, writable } from "./context.js";
import { direntType, isDirectory, permissionBits, S_IFDIR, S_IFLNK, S_IFMT, S_ISGID } from "./mode.js";
import type { View } from "./view.js";

/** What a new inode is: the operation that makes it, and its mode with type. */
interface Blueprint {
  readonly op: "create" | "mkdir" | "mknod" | "symlink" | "tmpfile";
  readonly mode: number;
  readonly rdev?: number;
  readonly target?: Name;
}

/** Operations that make names: mkdir(2), mknod(2), open(2) with O_CREAT, symlink(2), link(2). */
export class Making {
  readonly #numbers: InodeNumbers;
  readonly #acls: "on" | "off";

  constructor(numbers: InodeNumbers, acls: "on" | "off") {
    this.#numbers = numbers;
    this.#acls = acls;
  }

  /** Makes a directory. As everywhere here, `mode` is as the caller gave it: its umask comes after. */
  mkdir(view: View, parent: number, name: Name, mode: number, caller: Caller): Inode {
    return this.#make(view, parent, name, { op: "mkdir", mode: (mode & permissionBits) | S_IFDIR }, caller);
  }

  /** Makes a regular file, FIFO, socket or device node, by the type bits of `mode`. */
  mknod(view: View, parent: number, name: Name, mode: number, rdev: number, caller: Caller): Inode {
    if ((mode & S_IFMT) === S_IFDIR || (mode & S_IFMT) === S_IFLNK) throw new FsError(EINVAL, `mknod of mode ${mode.toString(8)}`);
    return this.#make(view, parent, name, { op: "mknod", mode, rdev }, caller);
  }

  /** Makes a regular file, as open(2) with O_CREAT does. Throws EEXIST when the name is taken. */
  create(view: View, parent: number, name: Name, mode: number, caller: Caller): Inode {
    return this.#make(view, parent, name, { op: "create", mode }, caller);
  }

  /** Makes a symlink. Throws ENAMETOOLONG, ENOENT for an empty target. */
  symlink(view: View, parent: number, name: Name, target: Name, caller: Caller): Inode {
    if (target.length > symlinkMaxBytes) throw new FsError(ENAMETOOLONG, `a symlink's target of ${target.length} bytes`);
    if (target === "") throw new FsError(ENOENT, "an empty symlink target");
    return this.#make(view, parent, name, { op: "symlink", mode: S_IFLNK | 0o777, target }, caller);
  }

  /** Makes a regular file without a name, as open(2) with O_TMPFILE does. It ends when it is closed, unless `link` names it before. */
  tmpfile(view: View, parent: number, mode: number, caller: Caller): Inode {
    const tree = writable(view);
    const directory = directoryOf(view, parent);
    const ino = this.#numbers.take();
    const tick = tree.change("tmpfile", ino, caller.process, { parent });
    const inode = this.#newInode(tree, ino, directory, { op: "tmpfile", mode }, caller, tick);
    inode.nlink = 0;
    tree.record(inode, tick);
    inode.gone = true;
    inode.linkable = true;
    return inode;
  }

  /** Gives a file one more name, or one made by `tmpfile` its first. Throws EPERM for directories, EMLINK, EEXIST. */
  link(view: View, ino: number, parent: number, name: Name, caller: Caller): Inode {
    const tree = writable(view);
    const inode = inodeOf(view, ino);
    const directory = this.#target(tree, view, parent, name);
    if (isDirectory(inode.mode)) throw new FsError(EPERM, "hard link to a directory");
    if (inode.gone && !inode.linkable) throw new FsError(ENOENT, "link to a file that has no name");
    if (inode.nlink >= linkMax) throw new FsError(EMLINK, `${inode.nlink} links`);
    tree.settle(inode);
    const tick = tree.change("link", ino, caller.process, { parent, name });
    inode.gone = false;
    inode.linkable = false;
    inode.nlink += 1;
    inode.parent = parent;
    stampChanged(inode, tree.changedAt);
    tree.record(inode, tick);
    tree.setDirent(parent, name, { ino, type: direntType(inode.mode) }, tick);
    stampModified(directory, tree.changedAt);
    tree.recordTimes(directory, tick);
    return inode;
  }

  #make(view: View, parent: number, name: Name, blueprint: Blueprint, caller: Caller): Inode {
    const tree = writable(view);
    const directory = this.#target(tree, view, parent, name);
    const { op, mode } = blueprint;
    const ino = this.#numbers.take();
    const tick = tree.change(op, ino, caller.process, { parent, name });
    const inode = this.#newInode(tree, ino, directory, blueprint, caller, tick);
    tree.record(inode, tick);
    tree.setDirent(parent, name, { ino, type: direntType(mode) }, tick);
    if (isDirectory(mode)) directory.nlink += 1;
    stampModified(directory, tree.changedAt);
    tree.recordTimes(directory, tick);
    return inode;
  }

  /** A new inode as made in `directory` by the newest event; not yet recorded. */
  #newInode(tree: LiveTree, ino: number, directory: Inode, blueprint: Blueprint, caller: Caller, tick: number): Inode {
    const { rdev, target } = blueprint;
    const inode = tree.newInode(ino);
    const mode = this.#maskedMode(tree, inode, directory, blueprint.mode, caller, tick);
    const { sec, nsec } = timespecOf(tree.changedAt);
    // A directory with set-group-id hands its group down, and the bit itself to directories (inode(7)).
    const inherits = (directory.mode & S_ISGID) !== 0;
    inode.mode = inherits && isDirectory(mode) ? mode | S_ISGID : mode;
    inode.uid = caller.uid;
    inode.gid = inherits ? directory.gid : caller.gid;
    inode.nlink = isDirectory(mode) ? 2 : 1;
    inode.rdev = rdev ?? 0;
    inode.parent = directory.ino;
    inode.atimeSec = inode.mtimeSec = inode.ctimeSec = inode.btimeSec = sec;
    inode.atimeNsec = inode.mtimeNsec = inode.ctimeNsec = inode.btimeNsec = nsec;
    if (target !== undefined) {
      inode.target = target;
      inode.size = target.length;
    }
    return inode;
  }

  /** The mode a new inode gets: without the caller's umask, unless its directory has a default access control list. */
  #maskedMode(tree: LiveTree, inode: Inode, directory: Inode, mode: number, caller: Caller, tick: number): number {
    if ((mode & S_IFMT) === S_IFLNK) return mode;
    const handedDown = this.#acls === "on" ? inheritAcl(tree, inode, directory, mode, tick) : undefined;
    return handedDown ?? mode & ~(caller.umask ?? 0);
  }

  /** The directory a new name goes into. Throws EEXIST when the name is there already. */
  #target(tree: LiveTree, view: View, parent: number, name: Name): Inode {
    const directory = directoryOf(view, parent);
    checkName(view, parent, name);
    if (tree.lookup(parent, name) !== undefined) throw new FsError(EEXIST, "the name exists");
    return directory;
  }
}
