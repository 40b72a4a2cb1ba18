import type { Name } from "../base/bytes.js";
import { E2BIG, EEXIST, ENODATA, ENOSPC, EOPNOTSUPP, ERANGE, FsError } from "../base/errno.js";
import { xattrMaxBytes, xattrNameMaxBytes } from "../base/limits.js";
import { isAclName } from "./acl.js";
import { setAcl } from "./acls.js";
import type { Caller } from "./caller.js";
import { inodeOf, stampChanged, writable } from "./context.js";
import type { View } from "./view.js";

/** Where file capabilities live: writing to the file or changing its owner removes them. */
export const capabilityName: Name = "security.capability";

/** How setxattr(2) treats an attribute that is, or is not, there already. */
export type XattrMode = "set" | "create" | "replace";

/** getxattr(2). Throws ENODATA. */
export function getXattr(view: View, ino: number, name: Name): Uint8Array {
  const inode = inodeOf(view, ino);
  if (inode.bare) throw new FsError(ENODATA, "no attributes");
  checkNamespace(name);
  const value = view.tree.xattr(ino, name);
  if (value === undefined) throw new FsError(ENODATA, "no such attribute");
  return value;
}

/** listxattr(2): each name followed by a NUL byte. */
export function listXattrs(view: View, ino: number): Buffer {
  if (inodeOf(view, ino).bare) return Buffer.alloc(0);
  return Buffer.from(
    view.tree
      .xattrNames(ino)
      .map((name) => `${name}\0`)
      .join(""),
    "latin1",
  );
}

/** setxattr(2). The value is copied. Throws EEXIST, ENODATA, ERANGE, E2BIG, ENOSPC, EOPNOTSUPP. */
export function setXattr(view: View, ino: number, name: Name, value: Uint8Array, mode: XattrMode, caller: Caller): void {
  const tree = writable(view);
  const inode = inodeOf(view, ino);
  checkNamespace(name);
  if (isAclName(name)) {
    setAcl(tree, inode, name, value, caller);
    return;
  }
  if (name.length > xattrNameMaxBytes) throw new FsError(ERANGE, `an attribute name of ${name.length} bytes`);
  if (value.byteLength > xattrMaxBytes) throw new FsError(E2BIG, `an attribute of ${value.byteLength} bytes`);
  const present = tree.xattr(ino, name) !== undefined;
  if (present && mode === "create") throw new FsError(EEXIST, "the attribute exists");
  if (!present && mode === "replace") throw new FsError(ENODATA, "no such attribute");
  if (!present) {
    inode.xattrListBytes ??= listXattrs(view, ino).length;
    if (inode.xattrListBytes + name.length + 1 > xattrMaxBytes) throw new FsError(ENOSPC, "too many attributes to list");
  }
  tree.admit(value.byteLength);
  tree.settle(inode);
  const tick = tree.change("setxattr", ino, caller.process, { name });
  tree.setXattr(ino, name, Buffer.from(value), tick);
  stampChanged(inode, tree.changedAt);
  if (!inode.gone || inode.handles > 0) tree.record(inode, tick);
}

/** removexattr(2). Throws ENODATA. */
export function removeXattr(view: View, ino: number, name: Name, caller: Caller): void {
  const tree = writable(view);
  const inode = inodeOf(view, ino);
  checkNamespace(name);
  if (tree.xattr(ino, name) === undefined) {
    // A file without a list has the list that its mode says.
    if (isAclName(name)) return;
    throw new FsError(ENODATA, "no such attribute");
  }
  tree.settle(inode);
  const tick = tree.change("removexattr", ino, caller.process, { name });
  tree.setXattr(ino, name, undefined, tick);
  stampChanged(inode, tree.changedAt);
  if (!inode.gone || inode.handles > 0) tree.record(inode, tick);
}

/** The kernel checks who may use which namespace; `system.` holds access control lists alone, which it asks for only where they are on. */
function checkNamespace(name: Name): void {
  if (/^(user|trusted|security)\../.test(name) || isAclName(name)) return;
  throw new FsError(EOPNOTSUPP, "an attribute outside user., trusted. and security.");
}
