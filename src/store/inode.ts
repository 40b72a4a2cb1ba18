import type { Name } from "../base/bytes.js";
import type { Value } from "../db/connection.js";
import type { Draft } from "./draft.js";
import { Tail } from "./tail.js";
import type { Cell, TemporalSpec } from "./temporal.js";

/** Columns of `inode` after `since`, in the order of `inodeVersion`. */
export const inodeSpec: TemporalSpec = {
  name: "inode",
  key: ["ino"],
  values: [
    "mode",
    "uid",
    "gid",
    "nlink",
    "size",
    "rdev",
    "parent",
    "inherited",
    "atime_s",
    "atime_ns",
    "mtime_s",
    "mtime_ns",
    "ctime_s",
    "ctime_ns",
    "btime_s",
    "btime_ns",
    "target",
    "allocated",
  ],
};

/**
 * A file's attributes as they are now (in a live tree) or were (in a past one; then nobody changes it).
 * A live inode is also its own cell: `version` holds what the last event made of it, the fields what is true this instant.
 * The two differ only while a draft of its content is open.
 */
export class Inode implements Cell {
  readonly ino: number;
  mode = 0;
  uid = 0;
  gid = 0;
  nlink = 0;
  size = 0;
  rdev = 0;
  parent = 0;
  inherited = 0;
  atimeSec = 0;
  atimeNsec = 0;
  mtimeSec = 0;
  mtimeNsec = 0;
  ctimeSec = 0;
  ctimeNsec = 0;
  btimeSec = 0;
  btimeNsec = 0;
  target: Name | null = null;
  /** Bytes of it that are stored as of its last version: a draft's are not counted yet. */
  allocated = 0;

  readonly key: readonly Value[];
  version: readonly Value[] | null = null;
  since = 0;
  /** Of one that a branch has no version of its own for: the branch whose version shows through, and that version's `since`. */
  lowerBranch = 0;
  lowerSince = 0;
  stored = 0;
  storedUntil = 0;
  dirty = false;
  /** Content written since the last version. */
  draft: Draft | undefined = undefined;
  /** Open handles: while there are some, the file keeps its bytes though it may have lost its last name. */
  handles = 0;
  /** Removed, but somebody (the kernel) still knows its number: it stays in memory until forgotten. */
  gone = false;
  /** It is known to have no extended attributes, having had none when it was made in this object's life. */
  bare = false;
  /** How long the list of its attributes' names is, each with its NUL; undefined until somebody counted. */
  xattrListBytes: number | undefined = undefined;
  /** It never had a name, but may get one: made by O_TMPFILE. */
  linkable = false;
  /** How the newest small pieces of its content are stored. */
  readonly tail = new Tail();
  /** Whether it may share blobs with other files, through copies made while this object was in memory. */
  sharing = false;

  constructor(branch: number, ino: number) {
    this.ino = ino;
    this.key = [branch, ino];
  }

  /** Why it must stay in memory: open handles, content not yet a version, a number somebody still knows. */
  get pins(): number {
    return this.handles + (this.draft === undefined ? 0 : 1) + (this.gone ? 1 : 0);
  }
}

/** Which version an inode is: the branch that made it, and since when it is true; 0 of one that is not recorded. */
function versionOf({ key, since, lowerBranch, lowerSince }: Inode): { readonly branch: number; readonly since: number } {
  return since === 0 ? { branch: lowerBranch, since: lowerSince } : { branch: key[0] as number, since };
}

/**
 * Whether two inodes, of any trees, are known to be the same version of one file. Then their content, mode and owner are the same:
 * what changes any of them makes a version. Drafts must have been settled.
 */
export function sameVersion(a: Inode, b: Inode): boolean {
  if (a.ino !== b.ino) return false;
  const ofA = versionOf(a);
  const ofB = versionOf(b);
  return ofA.since !== 0 && ofA.since === ofB.since && ofA.branch === ofB.branch;
}

/** The fields as values for the database. */
export function inodeVersion(inode: Inode): Value[] {
  return [
    inode.mode,
    inode.uid,
    inode.gid,
    inode.nlink,
    inode.size,
    inode.rdev,
    inode.parent,
    inode.inherited,
    inode.atimeSec,
    inode.atimeNsec,
    inode.mtimeSec,
    inode.mtimeNsec,
    inode.ctimeSec,
    inode.ctimeNsec,
    inode.btimeSec,
    inode.btimeNsec,
    inode.target === null ? null : Buffer.from(inode.target, "latin1"),
    inode.allocated,
  ];
}

/** Sets the fields from a row `[since, ...values]`. */
export function setInode(inode: Inode, row: readonly Value[]): void {
  inode.since = row[0] as number;
  inode.mode = row[1] as number;
  inode.uid = row[2] as number;
  inode.gid = row[3] as number;
  inode.nlink = row[4] as number;
  inode.size = row[5] as number;
  inode.rdev = row[6] as number;
  inode.parent = row[7] as number;
  inode.inherited = row[8] as number;
  inode.atimeSec = row[9] as number;
  inode.atimeNsec = row[10] as number;
  inode.mtimeSec = row[11] as number;
  inode.mtimeNsec = row[12] as number;
  inode.ctimeSec = row[13] as number;
  inode.ctimeNsec = row[14] as number;
  inode.btimeSec = row[15] as number;
  inode.btimeNsec = row[16] as number;
  const target = row[17] as Uint8Array | null;
  inode.target = target === null ? null : Buffer.from(target).toString("latin1");
  inode.allocated = row[18] as number;
}

/** An inode of a branch that has no row of its own for it yet: as the parent branch has it, all of whose bytes show through. */
export function inheritedInode(branch: number, below: Inode): Inode {
  const inode = new Inode(branch, below.ino);
  const version = versionOf(below);
  inode.lowerBranch = version.branch;
  inode.lowerSince = version.since;
  inode.mode = below.mode;
  inode.uid = below.uid;
  inode.gid = below.gid;
  inode.nlink = below.nlink;
  inode.size = below.size;
  inode.rdev = below.rdev;
  inode.parent = below.parent;
  inode.inherited = below.target === null ? below.size : 0;
  inode.atimeSec = below.atimeSec;
  inode.atimeNsec = below.atimeNsec;
  inode.mtimeSec = below.mtimeSec;
  inode.mtimeNsec = below.mtimeNsec;
  inode.ctimeSec = below.ctimeSec;
  inode.ctimeNsec = below.ctimeNsec;
  inode.btimeSec = below.btimeSec;
  inode.btimeNsec = below.btimeNsec;
  inode.target = below.target;
  inode.allocated = below.allocated;
  return inode;
}
