/**
 * POSIX access control lists, as acl(5) and the withdrawn POSIX.1e define them and fs/posix_acl.c implements them. The kernel enforces
 * them; here they are kept, in step with the mode, and handed down. They travel and are stored in the form that user space gives:
 * a version word, then entries of a tag, permissions and an id (include/uapi/linux/posix_acl_xattr.h).
 */
import type { Name } from "../base/bytes.js";
import { EINVAL, FsError } from "../base/errno.js";

export const accessAclName: Name = "system.posix_acl_access";
export const defaultAclName: Name = "system.posix_acl_default";

/** Whether an attribute's name is that of an access control list. */
export function isAclName(name: Name): boolean {
  return name === accessAclName || name === defaultAclName;
}

const version = 2;
const headerBytes = 4;
const entryBytes = 8;
const USER_OBJ = 0x01;
const USER = 0x02;
const GROUP_OBJ = 0x04;
const GROUP = 0x08;
const MASK = 0x10;
const OTHER = 0x20;
const noId = 0xffff_ffff;

/** One line of a list. */
interface Entry {
  readonly tag: number;
  permissions: number;
  readonly id: number;
}

/** A list, its entries in the order of their tags and ids. */
export type Acl = readonly Entry[];

/** Reads a list. Throws EINVAL for what is none: a wrong size or version, unknown tags, entries missing, twice, or out of order. */
export function parseAcl(bytes: Uint8Array): Acl {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < headerBytes || (buffer.length - headerBytes) % entryBytes !== 0 || buffer.readUInt32LE(0) !== version) {
    throw new FsError(EINVAL, `an access control list of ${buffer.length} bytes, or of another version`);
  }
  const acl: Entry[] = [];
  for (let at = headerBytes; at < buffer.length; at += entryBytes) {
    acl.push({ tag: buffer.readUInt16LE(at), permissions: buffer.readUInt16LE(at + 2), id: buffer.readUInt32LE(at + 4) });
  }
  if (!isValid(acl)) throw new FsError(EINVAL, "an access control list that is not well-formed");
  return acl;
}

/** What posix_acl_valid asks: each of the three base entries once, named ones in between, and a mask where there are any. */
function isValid(acl: Acl): boolean {
  const order = acl.map(({ tag }) => tag);
  if (order.some((tag, index) => index > 0 && tag < (order[index - 1] as number))) return false;
  const count = (tag: number): number => order.filter((other) => other === tag).length;
  if (count(USER_OBJ) !== 1 || count(GROUP_OBJ) !== 1 || count(OTHER) !== 1 || count(MASK) > 1) return false;
  const named = count(USER) + count(GROUP);
  if (named > 0 && count(MASK) !== 1) return false;
  if (acl.length !== 3 + named + count(MASK)) return false;
  return acl.every(({ permissions, tag, id }) => permissions <= 7 && ((tag !== USER && tag !== GROUP) || id !== noId));
}

/** The form it is stored in. */
export function formatAcl(acl: Acl): Buffer {
  const buffer = Buffer.alloc(headerBytes + acl.length * entryBytes);
  buffer.writeUInt32LE(version, 0);
  acl.forEach(({ tag, permissions, id }, index) => {
    const at = headerBytes + index * entryBytes;
    buffer.writeUInt16LE(tag, at);
    buffer.writeUInt16LE(permissions, at + 2);
    buffer.writeUInt32LE(id, at + 4);
  });
  return buffer;
}

/** Whether a list says no more than nine permission bits can (posix_acl_equiv_mode). */
export function isMinimal(acl: Acl): boolean {
  return acl.length === 3;
}

/** The nine permission bits of a file with this access list: the group's are those of the mask, where there is one. */
export function modeOf(acl: Acl): number {
  return (permissionsOf(acl, USER_OBJ) << 6) | (groupClass(acl).permissions << 3) | permissionsOf(acl, OTHER);
}

/** The list after chmod(2): the mask, where there is one, takes the group's bits, and the group keeps its own. */
export function withMode(acl: Acl, mode: number): Acl {
  const changed = acl.map((entry) => ({ ...entry }));
  entryOf(changed, USER_OBJ).permissions = (mode >>> 6) & 7;
  groupClass(changed).permissions = (mode >>> 3) & 7;
  entryOf(changed, OTHER).permissions = mode & 7;
  return changed;
}

/** What a new file gets of its directory's default list: no more than the mode it is made with allows, and no umask. */
export function inherited(directoryDefault: Acl, mode: number): Acl {
  return withMode(directoryDefault, modeOf(directoryDefault) & mode);
}

function entryOf(acl: Acl, tag: number): Entry {
  const entry = acl.find((other) => other.tag === tag);
  if (entry === undefined) throw new FsError(EINVAL, `an access control list without entry ${tag}`);
  return entry;
}

function permissionsOf(acl: Acl, tag: number): number {
  return entryOf(acl, tag).permissions;
}

function groupClass(acl: Acl): Entry {
  return acl.find(({ tag }) => tag === MASK) ?? entryOf(acl, GROUP_OBJ);
}
