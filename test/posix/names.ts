/** Names: any bytes but NUL and slash, 1 to 255 of them. */
import fs from "node:fs";
import { join } from "node:path";
import { fails } from "../support/fails.js";
import { longestName } from "../support/sys.js";
import type { Area } from "./case.js";

const under = (directory: string, name: Buffer): Buffer => Buffer.concat([Buffer.from(`${directory}/`), name]);

export const names: Area = {
  name: "names",
  cases: [
    {
      name: "every byte but NUL and slash, alone and in a row",
      needs: ["any-name"],
      run(directory, t) {
        const bytes = Array.from({ length: 255 }, (_, index) => index + 1).filter((byte) => byte !== 0x2f);
        const all = Buffer.from(bytes);
        for (const name of [...bytes.map((byte) => Buffer.of(byte)), all]) {
          if (name.equals(Buffer.from("."))) continue;
          fs.writeFileSync(under(directory, name), name);
        }
        const listed = fs.readdirSync(directory, "buffer");
        t.equal(listed.length, bytes.length);
        for (const name of listed) {
          if (!fs.readFileSync(under(directory, name)).equals(name)) t.fail(`content of ${name.toString("hex")}`);
        }
        t.ok(listed.some((name) => name.equals(all)));
        for (const name of listed) fs.unlinkSync(under(directory, name));
        t.same(fs.readdirSync(directory), []);
      },
    },
    {
      name: "hostile ones",
      needs: ["any-name"],
      run(directory, t) {
        const hostile = [
          Buffer.from("new\nline"),
          Buffer.from([0xff, 0xfe, 0x80]),
          Buffer.from([0xc3]),
          Buffer.from("..."),
          Buffer.from(".. "),
          Buffer.from(" "),
          Buffer.from("-rf"),
          Buffer.from("e\u0301"),
          Buffer.from("\u00e9"),
          Buffer.from("%s%n"),
          Buffer.from("'; DROP TABLE"),
          Buffer.from("*"),
          Buffer.from("\\"),
          Buffer.from("Case"),
          Buffer.from("case"),
        ];
        for (const name of hostile) fs.mkdirSync(under(directory, name));
        t.equal(fs.readdirSync(directory, "buffer").length, hostile.length, "no two are the same");
        for (const name of hostile) fs.writeFileSync(Buffer.concat([under(directory, name), Buffer.from("/in")]), name);
        for (const name of hostile) {
          t.ok(fs.readFileSync(Buffer.concat([under(directory, name), Buffer.from("/in")])).equals(name), JSON.stringify(name.toString()));
        }
      },
    },
    {
      name: "255 bytes fit, 256 do not, for every call that makes or finds a name",
      run(directory, t) {
        const longest = join(directory, "n".repeat(255));
        const longer = join(directory, "n".repeat(256));
        fs.writeFileSync(longest, "fits");
        t.equal(fs.readFileSync(longest, "utf8"), "fits");
        t.same(fs.readdirSync(directory), ["n".repeat(255)]);
        t.equal(longestName(directory), 255);
        const calls: Record<string, () => unknown> = {
          open: () => fs.openSync(longer, "w"),
          stat: () => fs.statSync(longer),
          mkdir: () => fs.mkdirSync(longer),
          rmdir: () => fs.rmdirSync(longer),
          unlink: () => fs.unlinkSync(longer),
          symlink: () => fs.symlinkSync("x", longer),
          link: () => fs.linkSync(longest, longer),
          rename: () => fs.renameSync(longest, longer),
          "rename from": () => fs.renameSync(longer, longest),
          truncate: () => fs.truncateSync(longer, 0),
          chmod: () => fs.chmodSync(longer, 0o600),
        };
        for (const [call, action] of Object.entries(calls)) fails(t, "ENAMETOOLONG", action, call);
        const umlauts = Buffer.from("\u00fc".repeat(128));
        fails(t, "ENAMETOOLONG", () => fs.mkdirSync(under(directory, umlauts)), "bytes count, not characters");
      },
    },
    {
      name: "a path of 4096 bytes is too long, however short its names",
      run(directory, t) {
        fs.mkdirSync(join(directory, "d"));
        const path = `${directory}/d${"/.".repeat(2048)}`;
        fails(t, "ENAMETOOLONG", () => fs.statSync(path), "stat");
        t.ok(fs.statSync(`${directory}/d${"/.".repeat(1000)}`).isDirectory());
      },
    },
    {
      name: "names of directories that a versioned file system might be tempted to take",
      run(directory, t) {
        for (const name of [".history", ".branches", "@1", "now", "main", ".stone"]) {
          fs.mkdirSync(join(directory, name));
          fs.writeFileSync(join(directory, name, "file"), name);
          t.equal(fs.readFileSync(join(directory, name, "file"), "utf8"), name);
        }
        t.equal(fs.readdirSync(directory).length, 6);
      },
    },
  ],
};
