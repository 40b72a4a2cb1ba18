/** fsync and its kin answer success; that the bytes are really down is what the crash tests show. */
import fs from "node:fs";
import { join } from "node:path";
import { syncfs } from "../support/sys.js";
import type { Area } from "./case.js";

export const durability: Area = {
  name: "fsync",
  cases: [
    {
      name: "fsync and fdatasync of a file, open for writing or reading",
      run(directory, t) {
        const path = join(directory, "file");
        const writer = fs.openSync(path, "w");
        fs.writeSync(writer, "bytes");
        fs.fsyncSync(writer);
        fs.writeSync(writer, " more");
        fs.fdatasyncSync(writer);
        fs.fsyncSync(writer);
        const reader = fs.openSync(path, "r");
        fs.fsyncSync(reader);
        fs.closeSync(reader);
        fs.closeSync(writer);
        t.equal(fs.readFileSync(path, "utf8"), "bytes more");
      },
    },
    {
      name: "fsync of a directory",
      needs: ["directory-fsync"],
      run(directory, t) {
        const fd = fs.openSync(directory, "r");
        fs.writeFileSync(join(directory, "file"), "");
        fs.fsyncSync(fd);
        fs.renameSync(join(directory, "file"), join(directory, "renamed"));
        fs.fdatasyncSync(fd);
        fs.closeSync(fd);
        t.same(fs.readdirSync(directory), ["renamed"]);
      },
    },
    {
      name: "fsync of a file whose name is gone",
      run(directory, t) {
        const fd = fs.openSync(join(directory, "file"), "w");
        fs.writeSync(fd, "bytes");
        fs.unlinkSync(join(directory, "file"));
        fs.fsyncSync(fd);
        fs.closeSync(fd);
        t.same(fs.readdirSync(directory), []);
      },
    },
    {
      name: "O_SYNC writes",
      run(directory, t) {
        const fd = fs.openSync(join(directory, "file"), fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_SYNC, 0o644);
        for (let turn = 0; turn < 10; turn++) fs.writeSync(fd, `${turn}`);
        fs.closeSync(fd);
        t.equal(fs.readFileSync(join(directory, "file"), "utf8"), "0123456789");
      },
    },
    {
      name: "syncfs",
      needs: ["syncfs"],
      run(directory, t) {
        const fd = fs.openSync(directory, "r");
        syncfs(fd);
        fs.closeSync(fd);
        t.pass("answered");
      },
    },
  ],
};
