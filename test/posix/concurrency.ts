/** Several processes at once. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import type { Area } from "./case.js";

/** Runs a piece of Node in several processes at once, each told its number and the directory; their exit codes. */
async function together(count: number, directory: string, code: string): Promise<unknown[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const child = spawn(process.execPath, ["-e", `const fs = require("fs"); ${code}`, directory, String(index)], {
        stdio: ["ignore", "ignore", "inherit"],
      });
      const [status] = await once(child, "close");
      return status;
    }),
  );
}

export const concurrency: Area = {
  name: "several processes",
  cases: [
    {
      name: "appends of several writers all arrive whole",
      async run(directory, t) {
        const code = `
          const fd = fs.openSync(process.argv[1] + "/log", "a");
          for (let i = 0; i < 200; i++) fs.writeSync(fd, process.argv[2] + ":" + String(i).padStart(5) + "\\n");`;
        t.same(await together(4, directory, code), [0, 0, 0, 0]);
        const lines = fs.readFileSync(join(directory, "log"), "utf8").trimEnd().split("\n");
        t.equal(lines.length, 800);
        for (let writer = 0; writer < 4; writer++) {
          const own = lines.filter((line) => line.startsWith(`${writer}:`)).map((line) => Number(line.slice(2)));
          t.same(
            own,
            Array.from({ length: 200 }, (_, index) => index),
            `writer ${writer} in order`,
          );
        }
      },
    },
    {
      name: "of several exclusive creators exactly one wins",
      async run(directory, t) {
        const code = `
          let won = 0;
          for (let i = 0; i < 100; i++) {
            try { fs.closeSync(fs.openSync(process.argv[1] + "/lock" + i, "wx")); won++; } catch (e) { if (e.code !== "EEXIST") throw e; }
          }
          fs.writeFileSync(process.argv[1] + "/won" + process.argv[2], String(won));`;
        t.same(await together(4, directory, code), [0, 0, 0, 0]);
        const wins = [0, 1, 2, 3].map((index) => Number(fs.readFileSync(join(directory, `won${index}`), "utf8")));
        t.equal(
          wins.reduce((sum, won) => sum + won, 0),
          100,
        );
      },
    },
    {
      name: "a file replaced by rename is never missing and never half",
      needs: ["atomic-open"],
      async run(directory, t) {
        fs.writeFileSync(join(directory, "config"), "0".repeat(50_000));
        const code = `
          const path = process.argv[1] + "/config";
          if (process.argv[2] === "0") {
            for (let i = 1; i <= 200; i++) { fs.writeFileSync(path + ".new", String(i % 10).repeat(50000)); fs.renameSync(path + ".new", path); }
          } else {
            for (let i = 0; i < 400; i++) {
              const text = fs.readFileSync(path, "utf8");
              if (text.length !== 50000 || text !== text[0].repeat(50000)) throw new Error("half a file: " + text.length);
            }
          }`;
        t.same(await together(3, directory, code), [0, 0, 0]);
        t.same(fs.readdirSync(directory), ["config"]);
      },
    },
    {
      name: "trees made and removed side by side",
      async run(directory, t) {
        const code = `
          const root = process.argv[1] + "/" + process.argv[2];
          for (let turn = 0; turn < 5; turn++) {
            for (let i = 0; i < 40; i++) { fs.mkdirSync(root + "/" + i, { recursive: true }); fs.writeFileSync(root + "/" + i + "/f", "x"); }
            fs.rmSync(root, { recursive: true });
          }`;
        t.same(await together(3, directory, code), [0, 0, 0]);
        t.same(fs.readdirSync(directory), []);
        t.equal(fs.statSync(directory).nlink, 2);
      },
    },
  ],
};
