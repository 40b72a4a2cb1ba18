/**
 * A file system of one directory and a few files, for the driver's tests: `node tiny.js MOUNTPOINT [option…]` mounts it, prints
 * "ready", serves until it is unmounted, prints "ended: unmounted". Options: `worker` serves from a worker thread, which gets
 * the descriptor as a number; `private` mounts for the mounting user alone; `fsname=NAME`; `writeback`; `cached`; `spin=MICROSECONDS`;
 * `unmount` unmounts instead; `child` starts a child process first and prints its number.
 */
import { spawn } from "node:child_process";
import { writeSync } from "node:fs";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { EISDIR, ENOENT, ENOTDIR, FsError } from "../../src/base/errno.js";
import { FATTR_MODE, FATTR_SIZE, FOPEN_KEEP_CACHE } from "../../src/fuse/abi.js";
import { type Attributes, emptyAttributes } from "../../src/fuse/attributes.js";
import type { Handlers } from "../../src/fuse/handlers.js";
import { defaultInitOptions } from "../../src/fuse/init.js";
import { defaultMountOptions, MountError, mount, unmount } from "../../src/fuse/mount.js";
import { Session } from "../../src/fuse/session.js";

const rootNode = 1;
const fileNode = 2;
const throwingNode = 3;
const silentNode = 4;
const linkNode = 5;
/** Handed out in the upper half, to see both halves come back. */
const nodeHigh = 0x80000001;

const names = new Map([
  ["file", fileNode],
  ["throwing", throwingNode],
  ["silent", silentNode],
  ["link", linkNode],
]);

const seconds = 1_000_000_000;

/** The handlers of the tiny file system; `timeoutSec` is how long the kernel may believe what it is told. */
export function tinyHandlers(timeoutSec: number): Handlers {
  const attr = emptyAttributes();
  let content = Buffer.from("hello, kernel\n");
  let mode = 0o644;

  function attributes(node: number): Attributes {
    attr.inoLo = node;
    attr.inoHi = node === rootNode ? 0 : nodeHigh;
    attr.mode = node === rootNode ? 0o40755 : node === linkNode ? 0o120777 : 0o100000 | mode;
    attr.nlink = node === rootNode ? 2 : 1;
    attr.size = node === fileNode ? content.length : node === linkNode ? 4 : 0;
    attr.mtimeSec = -seconds;
    attr.mtimeNsec = 987_654_321;
    attr.ctimeSec = seconds;
    attr.blksize = 4096;
    return attr;
  }

  function resize(length: number): void {
    const resized = Buffer.alloc(length);
    content.copy(resized);
    content = resized;
  }

  return {
    lookup(header, message, reply) {
      if (header.nodeidLo !== rootNode) throw new FsError(ENOTDIR, "not a directory");
      const node = names.get(message.name);
      if (node === undefined) reply.negativeEntry(timeoutSec);
      else reply.entry(node, nodeHigh, 0, attributes(node), timeoutSec, timeoutSec);
    },
    forget() {},
    getattr(header, _message, reply) {
      reply.attr(attributes(header.nodeidLo), timeoutSec);
    },
    setattr(header, message, reply) {
      if ((message.valid & FATTR_MODE) !== 0) mode = message.mode & 0o7777;
      if ((message.valid & FATTR_SIZE) !== 0) resize(message.size);
      reply.attr(attributes(header.nodeidLo), timeoutSec);
    },
    readlink(_header, _message, reply) {
      reply.target("file");
    },
    open(header, _message, reply) {
      if (header.nodeidLo === throwingNode) throw new TypeError("a mistake in a handler");
      if (header.nodeidLo === silentNode) return;
      reply.open(2 ** 53 - 1, timeoutSec > 0 ? FOPEN_KEEP_CACHE : 0);
    },
    read(_header, message, reply) {
      if (message.fh !== 2 ** 53 - 1) throw new Error("the file handle came back changed");
      const part = content.subarray(message.offset, message.offset + message.size);
      part.copy(reply.payload(message.size));
      reply.payloadLength(part.length);
    },
    write(_header, message, reply) {
      const end = message.offset + message.data.length;
      if (end > content.length) resize(end);
      message.data.copy(content, message.offset);
      reply.written(message.data.length);
    },
    release(_header, _message, reply) {
      reply.ok();
    },
    opendir(header, _message, reply) {
      if (header.nodeidLo !== rootNode) throw new FsError(EISDIR, "not the directory");
      reply.open(1, 0);
    },
    readdir(_header, message, reply) {
      const all = [".", "..", ...names.keys()];
      for (let index = message.offset; index < all.length; index++) {
        const name = all[index] ?? "";
        const node = names.get(name) ?? rootNode;
        const type = node === rootNode ? 4 : node === linkNode ? 10 : 8;
        if (!reply.dirent(node, node === rootNode ? 0 : nodeHigh, index + 1, type, name)) break;
      }
      reply.directory();
    },
    readdirplus(_header, message, reply) {
      const all = [".", "..", ...names.keys()];
      for (let index = message.offset; index < all.length; index++) {
        const name = all[index] ?? "";
        const node = names.get(name);
        const packed =
          node === undefined
            ? reply.direntPlusUncounted(rootNode, 0, index + 1, 4, name)
            : reply.direntPlus(node, nodeHigh, 0, attributes(node), timeoutSec, timeoutSec, index + 1, name);
        if (!packed) break;
      }
      reply.directory();
    },
    statfs(_header, _message, reply) {
      reply.statfs({ blocks: 1000, bfree: 500, bavail: 400, files: 10, ffree: 5, bsize: 4096, namelen: 255, frsize: 4096 });
    },
    unlink() {
      throw new FsError(ENOENT, "nothing is removed here");
    },
    statx(header, message, reply) {
      reply.statx(message.mask & 0xfff, { ...attributes(header.nodeidLo), btimeSec: 12345, btimeNsec: 678 }, timeoutSec);
    },
  };
}

function serve(fd: number, options: readonly string[]): void {
  const timeoutSec = options.includes("cached") ? Number.POSITIVE_INFINITY : 0;
  const spin = options.find((option) => option.startsWith("spin="))?.slice("spin=".length);
  const session = new Session({
    fd,
    wakeFd: -1,
    handlers: tinyHandlers(timeoutSec),
    hooks: {
      nextDeadlineMillis: () => Number.POSITIVE_INFINITY,
      onTick: () => undefined,
      onWake: () => undefined,
    },
    init: { ...defaultInitOptions, writebackCache: options.includes("writeback") ? "on" : "off" },
    ...(spin === undefined ? {} : { spinMicros: Number(spin) }),
  });
  writeSync(1, `ended: ${session.run()}\n`);
}

interface Served {
  readonly fd: number;
  readonly options: readonly string[];
}

/** Does it; what hinders it is said in one line. */
function orExit<Result>(action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof MountError)) throw error;
    writeSync(2, `${error.message}\n`);
    process.exit(1);
  }
}

function main(): void {
  const [mountPoint, ...options] = process.argv.slice(2);
  if (mountPoint === undefined) throw new Error("usage: tiny.js MOUNTPOINT [option…]");
  const fsname = options.find((option) => option.startsWith("fsname="))?.slice("fsname=".length) ?? "tiny";
  if (options.includes("unmount")) {
    orExit(() => unmount(mountPoint, "busy-fails"));
    return;
  }
  const access = options.includes("private") ? "mounting-user" : "everyone";
  const fd = orExit(() => mount(mountPoint, { ...defaultMountOptions, fsname, access }));
  if (options.includes("child")) {
    const child = spawn("sleep", ["60"], { stdio: "ignore" });
    writeSync(1, `child: ${child.pid}\n`);
  }
  writeSync(1, "ready\n");
  if (!options.includes("worker")) {
    serve(fd, options);
    return;
  }
  const served: Served = { fd, options };
  new Worker(new URL(import.meta.url), { workerData: served });
}

if (!isMainThread) {
  const { fd, options } = workerData as Served;
  serve(fd, options);
} else if (process.argv[1] !== undefined && import.meta.url.endsWith("/tiny.js") && process.argv[1].endsWith("/tiny.js")) {
  main();
}
