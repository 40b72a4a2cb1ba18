/** A random row of operations on the bytes of two files, in the manner of fsx, each applied alike in any directory. */
import fs from "node:fs";
import { join } from "node:path";
import type { Random } from "../support/random.js";
import {
  copyFileRange,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  fallocate,
  lseek,
  SEEK_DATA,
  SEEK_HOLE,
  withMap,
} from "../support/sys.js";

/** Small enough for many overlaps, large enough for several blobs of 128 KiB. */
const mostBytes = 1_500_000;

const kinds = [
  ...["read", "read", "write", "write", "write", "write", "append", "append", "truncate", "cut", "map-read", "map-write", "map-sync"],
  ...["allocate", "keep-size", "punch", "punch", "zero", "zero-keep", "copy", "copy", "copy-within", "sync", "reopen", "size", "holes"],
] as const;

export type Kind = (typeof kinds)[number];

export interface Change {
  readonly kind: Kind;
  /** Which of the two files, and for a copy the target. */
  readonly file: 0 | 1;
  readonly offset: number;
  /** Where a copy comes from. */
  readonly from: number;
  readonly length: number;
  readonly bytes: Buffer;
}

/** The next operation. Offsets like the edges of pages and blobs, where mistakes are. */
export function nextChange(random: Random, without: ReadonlySet<Kind>): Change {
  const kind = random.pick(kinds.filter((each) => !without.has(each)));
  const near = (limit: number): number => {
    const unit = random.pick([1, 1, 512, 4096, 131_072]);
    const at = Math.floor(random.below(limit) / unit) * unit + (random.below(4) === 0 ? random.below(3) - 1 : 0);
    return Math.max(0, at);
  };
  const length = 1 + near(random.pick([200, 5000, 5000, 70_000, 400_000]));
  const writes = kind === "write" || kind === "append" || kind.startsWith("map-");
  return {
    kind,
    file: random.below(3) === 0 ? 1 : 0,
    offset: near(random.pick([20_000, 300_000, mostBytes])),
    from: near(random.pick([20_000, mostBytes])),
    length,
    bytes: writes ? random.bytes(length) : Buffer.alloc(0),
  };
}

const describe = (bytes: Buffer): string => `${bytes.length} bytes ${bytes.toString("base64")}`;

/** The two files in one directory, open. */
export class Contents {
  readonly #directory: string;
  #open: { plain: number; appending: number }[] = [];

  constructor(directory: string) {
    this.#directory = directory;
    this.open();
  }

  path(file: number): string {
    return join(this.#directory, `file${file}`);
  }

  open(): void {
    const { O_RDWR, O_CREAT, O_APPEND } = fs.constants;
    const one = (file: number) => ({
      plain: fs.openSync(this.path(file), O_RDWR | O_CREAT, 0o600),
      appending: fs.openSync(this.path(file), O_RDWR | O_APPEND),
    });
    this.#open = [one(0), one(1)];
  }

  close(): void {
    for (const { plain, appending } of this.#open) {
      fs.closeSync(plain);
      fs.closeSync(appending);
    }
    this.#open = [];
  }

  /** Applies one operation; what it answers, the same for every file system: bytes, a count or an errno. */
  apply(change: Change): string {
    try {
      return this.#perform(change);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  }

  #perform({ kind, file, offset, from, length, bytes }: Change): string {
    const { plain, appending } = this.#open[file] as { plain: number; appending: number };
    const other = (this.#open[1 - file] as { plain: number }).plain;
    const size = fs.fstatSync(plain).size;
    // A map ends with the file: touching more of it is SIGBUS.
    const mapped = Math.min(length, size - offset);
    switch (kind) {
      case "read": {
        const into = Buffer.alloc(length);
        return describe(into.subarray(0, fs.readSync(plain, into, 0, length, offset)));
      }
      case "write":
        return String(fs.writeSync(plain, bytes, 0, length, offset));
      case "append":
        return size > mostBytes ? "large enough" : String(fs.writeSync(appending, bytes, 0, length));
      case "truncate":
        fs.ftruncateSync(plain, offset);
        return "";
      case "cut":
        fs.truncateSync(this.path(file), Math.max(0, size - length));
        return "";
      case "map-read":
        return mapped <= 0 ? "beyond" : withMap(plain, offset, mapped, (map) => describe(map.read()));
      case "map-write":
        if (mapped > 0) withMap(plain, offset, mapped, (map) => map.write(bytes));
        return String(mapped > 0);
      case "map-sync":
        if (mapped > 0) withMap(plain, offset, mapped, (map) => this.#writeAndRead(map, bytes, { fd: plain, offset, mapped }));
        return String(mapped > 0);
      case "allocate":
        fallocate(plain, 0, offset, length);
        return "";
      case "keep-size":
        fallocate(plain, FALLOC_FL_KEEP_SIZE, offset, length);
        return "";
      case "punch":
        fallocate(plain, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
        return "";
      case "zero":
        fallocate(plain, FALLOC_FL_ZERO_RANGE, offset, length);
        return "";
      case "zero-keep":
        fallocate(plain, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, offset, length);
        return "";
      case "copy":
        return String(copyFileRange(other, from, plain, offset, length));
      case "copy-within":
        return String(copyFileRange(plain, from, plain, offset, length));
      case "sync":
        fs.fsyncSync(length % 2 === 0 ? plain : appending);
        return "";
      case "reopen":
        this.close();
        this.open();
        return "";
      case "size":
        return String(size);
      case "holes":
        return this.#holes(plain, size);
    }
  }

  /** What is stored through a map is read from another descriptor before and after it is written back. */
  #writeAndRead(
    map: { read(): Buffer; write(bytes: Buffer): void; sync(): void },
    bytes: Buffer,
    { fd, offset, mapped }: { fd: number; offset: number; mapped: number },
  ): void {
    map.write(bytes);
    for (const when of ["before", "after"]) {
      const seen = Buffer.alloc(mapped);
      fs.readSync(fd, seen, 0, mapped, offset);
      if (!seen.equals(bytes.subarray(0, mapped))) throw new Error(`read(2) does not see what the map holds, ${when} msync`);
      if (when === "before") map.sync();
    }
  }

  /** Where holes are is each file system's own affair, but they hold zeros, and holes and data take turns up to the end. */
  #holes(fd: number, size: number): string {
    const whole = fs.readFileSync(this.path(this.#open[0]?.plain === fd ? 0 : 1));
    let at = 0;
    while (at < size) {
      const hole = lseek(fd, at, SEEK_HOLE);
      if (hole < at || hole > size) return `a hole at ${hole}, asked from ${at} of ${size}`;
      if (hole === size) break;
      let data = size;
      try {
        data = lseek(fd, hole, SEEK_DATA);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENXIO") throw error;
      }
      if (data <= hole || data > size) return `data at ${data}, asked from the hole at ${hole} of ${size}`;
      if (!whole.subarray(hole, data).equals(Buffer.alloc(data - hole))) return `no zeros in the hole from ${hole} to ${data}`;
      at = data;
    }
    return "sound";
  }
}
