/** What history costs in bytes. Only a file system that keeps it is asked. */
import { randomFillSync } from "node:crypto";
import fs from "node:fs";
import { MiB, type Row, type Workload } from "../row.js";
import { appendBytes, appendReopening } from "./appends.js";
import { blockBytes, overwrite } from "./large-file.js";
import { smallFileBytes } from "./small-files.js";

interface Keeping extends Omit<Row, "unit"> {
  /** What is there before, and is not counted. */
  prepare?(directory: string): void;
  readonly writtenBytes: number;
  write(directory: string): void;
}

/** A workload whose only row is how many bytes the database grew by for each byte written. */
function keeping({ name, goals = [], prepare, writtenBytes, write }: Keeping): Workload {
  return {
    name,
    rows: [{ name, unit: "bytes/byte", goals }],
    peers: ["stonefs"],
    writtenBytes,
    ...(prepare === undefined ? {} : { prepare }),
    run(directory) {
      write(directory);
      return {};
    },
  };
}

const [overwrites, appends, files] = [4096, 10_000, 2000];
const fileBytes = 16 * MiB;

export const kept: readonly Workload[] = [
  keeping({
    name: "kept by 4-KiB random overwrites",
    goals: [{ atMost: 1.4 }],
    prepare: (directory) => fs.writeFileSync(`${directory}/file`, randomFillSync(Buffer.alloc(fileBytes))),
    writtenBytes: overwrites * blockBytes,
    write: (directory) => overwrite(`${directory}/file`, overwrites),
  }),
  keeping({
    name: "kept by appends of 100 bytes, opened and closed each",
    goals: [{ atMost: 3 }],
    writtenBytes: appends * appendBytes,
    write: (directory) => appendReopening(`${directory}/log`, appends),
  }),
  keeping({
    name: "kept by new files of 1 KiB",
    writtenBytes: files * smallFileBytes,
    write: (directory) => {
      const bytes = randomFillSync(Buffer.alloc(files * smallFileBytes));
      for (let index = 0; index < files; index++) {
        fs.writeFileSync(`${directory}/file${index}`, bytes.subarray(index * smallFileBytes, (index + 1) * smallFileBytes));
      }
    },
  }),
];
