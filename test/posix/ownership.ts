/** chmod(2), chown(2), set-group-id directories, sticky directories, and the bits that a change of content clears. */
import fs from "node:fs";
import { join } from "node:path";
import { fails } from "../support/fails.js";
import { alice, asUser, bob } from "../support/users.js";
import type { Area } from "./case.js";

const mode = (path: string): number => fs.lstatSync(path).mode & 0o7777;

export const ownership: Area = {
  name: "modes and owners",
  cases: [
    {
      name: "every permission bit can be set and cleared",
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "");
        for (const bits of [0o777, 0o000, 0o644, 0o4755, 0o2755, 0o1755, 0o7777]) {
          fs.chmodSync(path, bits);
          t.equal(mode(path), bits);
        }
        fs.chmodSync(directory, 0o3777);
        t.equal(mode(directory), 0o3777);
        fs.chmodSync(directory, 0o755);
      },
    },
    {
      name: "by descriptor, and through a symlink to its target",
      run(directory, t) {
        const path = join(directory, "file");
        const fd = fs.openSync(path, "w");
        fs.fchmodSync(fd, 0o604);
        t.equal(mode(path), 0o604);
        fs.closeSync(fd);
        fs.symlinkSync("file", join(directory, "link"));
        fs.chmodSync(join(directory, "link"), 0o640);
        t.equal(mode(path), 0o640);
        t.equal(mode(join(directory, "link")), 0o777);
      },
    },
    {
      name: "owners: both, one, none, large numbers, symlinks themselves",
      needs: ["root"],
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "");
        const owner = (): number[] => [fs.lstatSync(path).uid, fs.lstatSync(path).gid];
        fs.chownSync(path, 1, 2);
        t.same(owner(), [1, 2]);
        fs.chownSync(path, 4_294_967_295, 3);
        t.same(owner(), [1, 3], "-1 leaves the user");
        fs.chownSync(path, 4_000_000_000, 4_294_967_294);
        t.same(owner(), [4_000_000_000, 4_294_967_294]);
        fs.symlinkSync("file", join(directory, "link"));
        fs.lchownSync(join(directory, "link"), 7, 8);
        t.equal(fs.lstatSync(join(directory, "link")).uid, 7);
        t.same(owner(), [4_000_000_000, 4_294_967_294]);
      },
    },
    {
      name: "what a user makes belongs to that user and group",
      needs: ["root"],
      run(directory, t) {
        fs.chmodSync(directory, 0o777);
        asUser(alice, () => {
          fs.writeFileSync(join(directory, "file"), "");
          fs.mkdirSync(join(directory, "sub"));
          fs.symlinkSync("x", join(directory, "link"));
        });
        for (const name of ["file", "sub", "link"]) {
          const stat = fs.lstatSync(join(directory, name));
          t.same([stat.uid, stat.gid], [alice.uid, alice.gid], name);
        }
      },
    },
    {
      name: "in a set-group-id directory the group is inherited, by directories the bit too",
      needs: ["root"],
      run(directory, t) {
        fs.chownSync(directory, 0, 4242);
        fs.chmodSync(directory, 0o2777);
        asUser(alice, () => {
          fs.writeFileSync(join(directory, "file"), "");
          fs.mkdirSync(join(directory, "sub"), 0o755);
          fs.symlinkSync("x", join(directory, "link"));
          fs.mkdirSync(join(directory, "sub", "inner"), 0o700);
        });
        for (const name of ["file", "sub", "link", "sub/inner"]) t.equal(fs.lstatSync(join(directory, name)).gid, 4242, name);
        t.equal(mode(join(directory, "sub")), 0o2755);
        t.equal(mode(join(directory, "sub", "inner")), 0o2700);
        t.equal(mode(join(directory, "file")) & 0o2000, 0);
      },
    },
    {
      name: "a set-group-id file in another group's directory loses the bit for who is not in the group",
      needs: ["root", "killpriv"],
      run(directory, t) {
        fs.chownSync(directory, 0, 4242);
        fs.chmodSync(directory, 0o2777);
        asUser(alice, () => {
          fs.closeSync(fs.openSync(join(directory, "outsider"), "w", 0o2775));
        });
        t.equal(mode(join(directory, "outsider")) & 0o2000, 0);
        asUser({ ...alice, groups: [4242] }, () => {
          fs.closeSync(fs.openSync(join(directory, "member"), "w", 0o2755));
        });
        t.equal(mode(join(directory, "member")) & 0o2000, 0o2000);
      },
    },
    {
      name: "only the owner changes the mode, only root the owner, the owner the group to one of theirs",
      needs: ["root"],
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "", { mode: 0o666 });
        fs.chownSync(path, alice.uid, alice.gid);
        asUser(bob, () => {
          fails(t, "EPERM", () => fs.chmodSync(path, 0o777), "chmod by another");
          fails(t, "EPERM", () => fs.chownSync(path, bob.uid, bob.gid), "chown by another");
        });
        asUser({ ...alice, groups: [4242] }, () => {
          fs.chmodSync(path, 0o640);
          fails(t, "EPERM", () => fs.chownSync(path, bob.uid, alice.gid), "giving it away");
          fails(t, "EPERM", () => fs.chownSync(path, alice.uid, 5555), "to a group not theirs");
          fs.chownSync(path, alice.uid, 4242);
        });
        t.equal(fs.statSync(path).gid, 4242);
      },
    },
    {
      name: "chmod by an owner outside the file's group drops set-group-id",
      needs: ["root"],
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "");
        fs.chownSync(path, alice.uid, 4242);
        asUser(alice, () => fs.chmodSync(path, 0o2755));
        t.equal(mode(path), 0o755);
        asUser({ ...alice, groups: [4242] }, () => fs.chmodSync(path, 0o2755));
        t.equal(mode(path), 0o2755);
      },
    },
    {
      name: "chown clears set-user-id and an executable's set-group-id",
      needs: ["root", "killpriv"],
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "");
        fs.chmodSync(path, 0o6755);
        fs.chownSync(path, 1, 1);
        t.equal(mode(path), 0o755, "an executable");
        fs.chmodSync(path, 0o2644);
        fs.chownSync(path, 2, 2);
        t.equal(mode(path), 0o2644, "not an executable: mandatory locking's old mark stays");
        fs.chmodSync(directory, 0o2755);
        fs.chownSync(directory, 0, 0);
        t.equal(mode(directory), 0o2755, "a directory keeps it");
      },
    },
    {
      name: "writing and truncating by who is not root clear them too",
      needs: ["root", "killpriv"],
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "bytes");
        fs.chmodSync(path, 0o6777);
        asUser(bob, () => {
          const fd = fs.openSync(path, "r+");
          fs.writeSync(fd, "x");
          fs.closeSync(fd);
        });
        t.equal(mode(path), 0o777, "write");
        fs.chmodSync(path, 0o6777);
        asUser(bob, () => fs.truncateSync(path, 2));
        t.equal(mode(path), 0o777, "truncate");
        fs.chmodSync(path, 0o6777);
        asUser(bob, () => fs.closeSync(fs.openSync(path, fs.constants.O_WRONLY | fs.constants.O_TRUNC)));
        t.equal(mode(path), 0o777, "O_TRUNC");
        fs.chmodSync(path, 0o6777);
        const fd = fs.openSync(path, "r+");
        fs.writeSync(fd, "y");
        fs.closeSync(fd);
        t.equal(mode(path), 0o6777, "root's write keeps them");
      },
    },
    {
      name: "in a sticky directory only owners remove and rename",
      needs: ["root"],
      run(directory, t) {
        const shared = join(directory, "shared");
        fs.mkdirSync(shared);
        fs.chmodSync(shared, 0o1777);
        fs.chmodSync(directory, 0o755);
        asUser(alice, () => {
          fs.writeFileSync(join(shared, "hers"), "", { mode: 0o666 });
          fs.mkdirSync(join(shared, "sub"));
        });
        asUser(bob, () => {
          fs.writeFileSync(join(shared, "his"), "");
          fails(t, "EPERM", () => fs.unlinkSync(join(shared, "hers")), "unlink");
          fails(t, "EPERM", () => fs.rmdirSync(join(shared, "sub")), "rmdir");
          fails(t, "EPERM", () => fs.renameSync(join(shared, "hers"), join(shared, "taken")), "rename");
          fails(t, "EPERM", () => fs.renameSync(join(shared, "his"), join(shared, "hers")), "rename onto");
          fs.unlinkSync(join(shared, "his"));
        });
        asUser(alice, () => fs.unlinkSync(join(shared, "hers")));
        fs.chownSync(shared, bob.uid, bob.gid);
        asUser(bob, () => fs.rmdirSync(join(shared, "sub")));
        t.same(fs.readdirSync(shared), []);
      },
    },
  ],
};
