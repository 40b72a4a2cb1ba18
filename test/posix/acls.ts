/** Access control lists, acl(5), by the attributes that setfacl(1) sets. */
import fs from "node:fs";
import { join } from "node:path";
import { fails } from "../support/fails.js";
import { getxattr, listxattr, removexattr, setxattr } from "../support/sys.js";
import { alice, asUser, bob, withUmask } from "../support/users.js";
import type { Area } from "./case.js";

const access = "system.posix_acl_access";
const byDefault = "system.posix_acl_default";
const tags = { user: 0x02, group: 0x08, userObj: 0x01, groupObj: 0x04, mask: 0x10, other: 0x20 } as const;
type Line = readonly [tag: keyof typeof tags, permissions: number, id?: number];

/** The form of include/uapi/linux/posix_acl_xattr.h. */
function acl(...lines: Line[]): Buffer {
  const bytes = Buffer.alloc(4 + lines.length * 8);
  bytes.writeUInt32LE(2, 0);
  lines.forEach(([tag, permissions, id], index) => {
    bytes.writeUInt16LE(tags[tag], 4 + index * 8);
    bytes.writeUInt16LE(permissions, 6 + index * 8);
    bytes.writeUInt32LE(id ?? 0xffff_ffff, 8 + index * 8);
  });
  return bytes;
}

function mode(path: string): string {
  return (fs.statSync(path).mode & 0o7777).toString(8);
}

function file(directory: string): string {
  const path = join(directory, "file");
  fs.writeFileSync(path, "secret");
  fs.chmodSync(path, 0o600);
  return path;
}

const aliceReads = acl(["userObj", 6], ["user", 4, alice.uid], ["groupObj", 0], ["mask", 4], ["other", 0]);
const aliceWrites = acl(["userObj", 7], ["user", 7, alice.uid], ["groupObj", 5], ["mask", 7], ["other", 0]);

export const acls: Area = {
  name: "access control lists",
  cases: [
    {
      name: "a list lets in whom the mode keeps out, and the mask limits it",
      needs: ["posix-acl", "root"],
      run(directory, t) {
        const path = file(directory);
        setxattr(path, access, aliceReads);
        t.equal(mode(path), "640", "the group's bits show the mask");
        asUser(alice, () => t.equal(fs.readFileSync(path, "utf8"), "secret"));
        asUser(alice, () => fails(t, "EACCES", () => fs.appendFileSync(path, "x"), "no more than it says"));
        asUser(bob, () => fails(t, "EACCES", () => fs.readFileSync(path), "nobody else"));
        fs.chmodSync(path, 0o600);
        asUser(alice, () => fails(t, "EACCES", () => fs.readFileSync(path), "chmod changes the mask"));
        t.same(getxattr(path, access), acl(["userObj", 6], ["user", 4, alice.uid], ["groupObj", 0], ["mask", 0], ["other", 0]));
      },
    },
    {
      name: "a list can keep out whom the mode lets in",
      needs: ["posix-acl", "root"],
      run(directory, t) {
        const path = file(directory);
        fs.chmodSync(path, 0o644);
        asUser(alice, () => t.equal(fs.readFileSync(path, "utf8"), "secret"));
        setxattr(path, access, acl(["userObj", 6], ["user", 0, alice.uid], ["groupObj", 4], ["mask", 4], ["other", 4]));
        asUser(alice, () => fails(t, "EACCES", () => fs.readFileSync(path), "alice"));
        asUser(bob, () => t.equal(fs.readFileSync(path, "utf8"), "secret"));
        removexattr(path, access);
        asUser(alice, () => t.equal(fs.readFileSync(path, "utf8"), "secret"));
      },
    },
    {
      name: "by group, supplementary ones too",
      needs: ["posix-acl", "root"],
      run(directory, t) {
        const path = file(directory);
        setxattr(path, access, acl(["userObj", 6], ["groupObj", 0], ["group", 4, 4711], ["mask", 7], ["other", 0]));
        asUser({ ...bob, groups: [4711] }, () => t.equal(fs.readFileSync(path, "utf8"), "secret"));
        asUser(bob, () => fails(t, "EACCES", () => fs.readFileSync(path), "nobody else"));
      },
    },
    {
      name: "a list that says no more than the mode becomes the mode",
      needs: ["posix-acl"],
      run(directory, t) {
        const path = file(directory);
        setxattr(path, access, acl(["userObj", 7], ["groupObj", 5], ["other", 4]));
        t.equal(mode(path), "754");
        t.same(listxattr(path), []);
        fails(t, "ENODATA", () => getxattr(path, access), "it is not kept");
        setxattr(path, access, aliceReads);
        t.same(listxattr(path), [access]);
        setxattr(path, access, acl(["userObj", 6], ["groupObj", 4], ["other", 0]));
        t.same(listxattr(path), []);
      },
    },
    {
      name: "setting one moves ctime, not mtime",
      needs: ["posix-acl"],
      async run(directory, t) {
        const path = file(directory);
        const before = fs.statSync(path, { bigint: true });
        await new Promise((resolve) => setTimeout(resolve, 20));
        setxattr(path, access, aliceReads);
        const after = fs.statSync(path, { bigint: true });
        t.ok(after.ctimeNs > before.ctimeNs);
        t.equal(after.mtimeNs, before.mtimeNs);
      },
    },
    {
      name: "a directory's default list is handed down, and the umask does not count",
      needs: ["posix-acl"],
      run(directory, t) {
        setxattr(directory, byDefault, aliceWrites);
        withUmask(0o077, () => {
          fs.writeFileSync(join(directory, "file"), "", { mode: 0o666 });
          fs.mkdirSync(join(directory, "inner"), { mode: 0o777 });
          fs.writeFileSync(join(directory, "inner", "deep"), "", { mode: 0o640 });
          fs.symlinkSync("file", join(directory, "link"));
        });
        const lines = (mask: number, other: number, owner: number) =>
          acl(["userObj", owner], ["user", 7, alice.uid], ["groupObj", 5], ["mask", mask], ["other", other]);
        t.same(getxattr(join(directory, "file"), access), lines(6, 0, 6));
        t.equal(mode(join(directory, "file")), "660");
        t.same(getxattr(join(directory, "inner"), access), lines(7, 0, 7));
        t.same(getxattr(join(directory, "inner"), byDefault), aliceWrites);
        t.same(getxattr(join(directory, "inner", "deep"), access), lines(4, 0, 6));
        t.same(listxattr(join(directory, "link")), []);
        fails(t, "ENODATA", () => getxattr(join(directory, "file"), byDefault), "a file has no default list");
        removexattr(directory, byDefault);
        removexattr(directory, byDefault);
        withUmask(0o077, () => fs.writeFileSync(join(directory, "later"), "", { mode: 0o666 }));
        t.equal(mode(join(directory, "later")), "600", "without it the umask counts again");
      },
    },
    {
      name: "a default list of three lines only replaces the umask",
      needs: ["posix-acl"],
      run(directory, t) {
        setxattr(directory, byDefault, acl(["userObj", 7], ["groupObj", 5], ["other", 1]));
        withUmask(0o077, () => fs.writeFileSync(join(directory, "file"), "", { mode: 0o666 }));
        t.equal(mode(join(directory, "file")), "640");
        t.same(listxattr(join(directory, "file")), []);
      },
    },
    {
      name: "what is no list is refused",
      needs: ["posix-acl"],
      run(directory, t) {
        const path = file(directory);
        fails(t, "EINVAL", () => setxattr(path, access, acl(["userObj", 6], ["groupObj", 4])), "no line for others");
        fails(t, "EINVAL", () => setxattr(path, access, acl(["userObj", 6], ["user", 4, 7], ["groupObj", 4], ["other", 0])), "no mask");
        fails(t, "EINVAL", () => setxattr(path, access, acl(["groupObj", 6], ["userObj", 6], ["other", 0])), "out of order");
        fails(t, "EINVAL", () => setxattr(path, access, acl(["userObj", 9], ["groupObj", 6], ["other", 0])), "a permission there is not");
        fails(t, "EACCES", () => setxattr(path, byDefault, aliceWrites), "a default list of a file");
        t.same(listxattr(path), []);
        t.equal(mode(path), "600");
      },
    },
    {
      name: "only the owner sets one; outside the file's group that clears set-group-id",
      needs: ["posix-acl", "root"],
      run(directory, t) {
        const path = file(directory);
        fs.chownSync(path, alice.uid, 4711);
        fs.chmodSync(path, 0o2750);
        asUser(bob, () => fails(t, "EPERM", () => setxattr(path, access, aliceReads), "not the owner"));
        setxattr(path, access, aliceWrites);
        t.equal(mode(path), "2770", "root keeps the bit");
        asUser({ ...alice, groups: [4711] }, () => setxattr(path, access, aliceWrites));
        t.equal(mode(path), "2770", "so does a member");
        asUser(alice, () => setxattr(path, access, aliceWrites));
        t.equal(mode(path), "770");
      },
    },
  ],
};
