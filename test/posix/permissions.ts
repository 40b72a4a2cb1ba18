/** What an ordinary user may and may not do. */
import fs from "node:fs";
import { join } from "node:path";
import { fails, failsWithOneOf } from "../support/fails.js";
import { accessAsEffective, getxattr, mknod, S_IFCHR, S_IFIFO, setxattr, UTIME_NOW, utimensat } from "../support/sys.js";
import { alice, asUser, bob, nobody } from "../support/users.js";
import type { Area } from "./case.js";

const { R_OK, W_OK, X_OK, F_OK } = fs.constants;

export const permissions: Area = {
  name: "permissions",
  cases: [
    {
      name: "owner, group and others each by their own bits",
      needs: ["root"],
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "secret");
        fs.chownSync(path, alice.uid, 4242);
        const member = { ...bob, groups: [4242] };
        const may = (who: typeof nobody, flags: string): boolean =>
          asUser(who, () => {
            try {
              fs.closeSync(fs.openSync(path, flags));
              return true;
            } catch (error) {
              t.equal((error as NodeJS.ErrnoException).code, "EACCES");
              return false;
            }
          });
        for (const bits of [0o000, 0o400, 0o200, 0o040, 0o020, 0o004, 0o002, 0o640, 0o066, 0o606]) {
          fs.chmodSync(path, bits);
          t.equal(may(alice, "r"), (bits & 0o400) > 0, `owner reads ${bits.toString(8)}`);
          t.equal(may(alice, "r+"), (bits & 0o600) === 0o600, `owner writes ${bits.toString(8)}`);
          t.equal(may(member, "r"), (bits & 0o040) > 0, `group reads ${bits.toString(8)}`);
          t.equal(may(member, "a"), (bits & 0o020) > 0, `group appends ${bits.toString(8)}`);
          t.equal(may(nobody, "r"), (bits & 0o004) > 0, `others read ${bits.toString(8)}`);
          t.equal(may(nobody, "a"), (bits & 0o002) > 0, `others append ${bits.toString(8)}`);
        }
      },
    },
    {
      name: "access answers the same",
      needs: ["root"],
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "");
        fs.chmodSync(path, 0o754);
        fs.chownSync(path, alice.uid, alice.gid);
        asUser(alice, () => accessAsEffective(path, R_OK | W_OK | X_OK));
        asUser(bob, () => {
          accessAsEffective(path, F_OK);
          accessAsEffective(path, R_OK);
          fails(t, "EACCES", () => accessAsEffective(path, W_OK), "write");
          fails(t, "EACCES", () => accessAsEffective(path, X_OK), "execute");
        });
        fs.chmodSync(path, 0o644);
        fails(t, "EACCES", () => accessAsEffective(path, X_OK), "even root executes only what somebody may");
      },
    },
    {
      name: "a directory: r lists, w changes, x passes",
      needs: ["root"],
      run(directory, t) {
        const sub = join(directory, "sub");
        fs.mkdirSync(sub);
        fs.writeFileSync(join(sub, "file"), "in", { mode: 0o666 });
        fs.chmodSync(sub, 0o701);
        asUser(nobody, () => {
          t.equal(fs.readFileSync(join(sub, "file"), "utf8"), "in");
          fails(t, "EACCES", () => fs.readdirSync(sub), "list without r");
          fails(t, "EACCES", () => fs.writeFileSync(join(sub, "new"), ""), "create without w");
          fails(t, "EACCES", () => fs.unlinkSync(join(sub, "file")), "unlink without w");
        });
        fs.chmodSync(sub, 0o704);
        asUser(nobody, () => {
          t.same(fs.readdirSync(sub), ["file"]);
          fails(t, "EACCES", () => fs.statSync(join(sub, "file")), "stat without x");
          fails(t, "EACCES", () => fs.statSync(join(sub, "none")), "nor learn what is missing");
        });
        fs.chmodSync(sub, 0o703);
        asUser(nobody, () => {
          fs.writeFileSync(join(sub, "new"), "");
          fs.mkdirSync(join(sub, "inner"));
          fs.renameSync(join(sub, "new"), join(sub, "inner", "moved"));
          fs.unlinkSync(join(sub, "inner", "moved"));
          fs.rmdirSync(join(sub, "inner"));
          fs.unlinkSync(join(sub, "file"));
        });
        t.same(fs.readdirSync(sub), []);
      },
    },
    {
      name: "renaming wants both directories writable",
      needs: ["root"],
      run(directory, t) {
        const [mine, theirs] = [join(directory, "mine"), join(directory, "theirs")];
        for (const path of [mine, theirs]) fs.mkdirSync(path);
        fs.chmodSync(directory, 0o755);
        fs.chmodSync(mine, 0o777);
        fs.writeFileSync(join(mine, "file"), "");
        fs.chmodSync(join(mine, "file"), 0o666);
        fs.writeFileSync(join(theirs, "file"), "");
        asUser(nobody, () => {
          fails(t, "EACCES", () => fs.renameSync(join(mine, "file"), join(theirs, "x")), "into");
          fails(t, "EACCES", () => fs.renameSync(join(theirs, "file"), join(mine, "x")), "out of");
          fails(t, "EACCES", () => fs.linkSync(join(mine, "file"), join(theirs, "x")), "link into");
        });
        t.ok(fs.existsSync(join(mine, "file")));
      },
    },
    {
      name: "moving a directory that one may not write wants its dot dot writable",
      needs: ["root"],
      run(directory, t) {
        const [left, right] = [join(directory, "left"), join(directory, "right")];
        for (const path of [left, right]) {
          fs.mkdirSync(path);
          fs.chownSync(path, alice.uid, alice.gid);
        }
        fs.chmodSync(directory, 0o755);
        fs.mkdirSync(join(left, "sub"), 0o755);
        asUser(alice, () => {
          fs.renameSync(join(left, "sub"), join(left, "renamed"));
          fails(t, "EACCES", () => fs.renameSync(join(left, "renamed"), join(right, "moved")), "to another parent");
        });
      },
    },
    {
      name: "times: any writer to now, only the owner to a chosen moment",
      needs: ["root"],
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "");
        fs.chmodSync(path, 0o666);
        fs.chmodSync(directory, 0o755);
        const now = { sec: 0, nsec: UTIME_NOW };
        asUser(nobody, () => {
          utimensat(path, now, now);
          fails(t, "EPERM", () => utimensat(path, { sec: 1, nsec: 1 }, { sec: 1, nsec: 1 }), "a chosen moment");
        });
        fs.chmodSync(path, 0o644);
        asUser(nobody, () => fails(t, "EACCES", () => utimensat(path, now, now), "now, without w"));
        t.ok(fs.statSync(path).mtimeMs > 1000);
      },
    },
    {
      name: "FIFOs by anybody, device nodes by root",
      needs: ["root"],
      run(directory, t) {
        fs.chmodSync(directory, 0o777);
        asUser(nobody, () => {
          mknod(join(directory, "fifo"), S_IFIFO | 0o600);
          fails(t, "EPERM", () => mknod(join(directory, "device"), S_IFCHR | 0o600, 259), "a device");
        });
        t.ok(fs.statSync(join(directory, "fifo")).isFIFO());
        t.equal(fs.statSync(join(directory, "fifo")).uid, nobody.uid);
      },
    },
    {
      name: "user attributes follow the file's bits, trusted ones are root's",
      needs: ["root"],
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "");
        fs.chmodSync(path, 0o600);
        fs.chmodSync(directory, 0o755);
        setxattr(path, "user.note", "hello");
        setxattr(path, "trusted.note", "root's");
        asUser(nobody, () => {
          fails(t, "EACCES", () => getxattr(path, "user.note"), "reading");
          fails(t, "EACCES", () => setxattr(path, "user.note", "x"), "writing");
          fails(t, "ENODATA", () => getxattr(path, "trusted.note"), "reading trusted");
          fails(t, "EPERM", () => setxattr(path, "trusted.note", "x"), "writing trusted");
        });
        fs.chmodSync(path, 0o644);
        asUser(nobody, () => t.equal(getxattr(path, "user.note").toString(), "hello"));
      },
    },
    {
      name: "opening is the moment of the check",
      needs: ["root"],
      run(directory, t) {
        const path = join(directory, "file");
        fs.writeFileSync(path, "open");
        fs.chmodSync(path, 0o666);
        fs.chmodSync(directory, 0o755);
        const fd = asUser(nobody, () => fs.openSync(path, "r+"));
        fs.chmodSync(path, 0o600);
        asUser(nobody, () => {
          t.equal(fs.writeSync(fd, "kept", 0), 4);
          failsWithOneOf(t, ["EACCES"], () => fs.openSync(path, "r"), "opening again");
        });
        fs.closeSync(fd);
        t.equal(fs.readFileSync(path, "utf8"), "kept");
      },
    },
  ],
};
