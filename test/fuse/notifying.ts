/**
 * A file system whose names and bytes change by themselves: `node notifying.js MOUNTPOINT` mounts it, prints "ready", serves until
 * it is unmounted. What it is told by setxattr(2) on its root, with the command as the attribute's name, it does and tells the kernel;
 * when the kernel has carried all out it prints "delivered NAME". Everything may be cached for ever.
 *
 * Names that begin with "held-" are looked up slowly: while the kernel holds the directory's lock for them, it is told to forget
 * them. Bytes of "file" are read as slowly, while it is told to forget those. With the option `direct` the worker tells the kernel itself.
 */
import { writeSync } from "node:fs";
import { ENOENT, FsError } from "../../src/base/errno.js";
import { FOPEN_KEEP_CACHE } from "../../src/fuse/abi.js";
import { type Attributes, emptyAttributes } from "../../src/fuse/attributes.js";
import type { Handlers } from "../../src/fuse/handlers.js";
import { defaultMountOptions, mount } from "../../src/fuse/mount.js";
import { Notifier } from "../../src/fuse/notify.js";
import { Session } from "../../src/fuse/session.js";
import { write } from "../../src/fuse/syscalls.js";
import { openWake } from "../../src/fuse/wake.js";

const rootNode = 1;
const fileNode = 2;
const directoryNode = 3;
const firstHeldNode = 100;
const forever = Number.POSITIVE_INFINITY;
/** Long enough that the notice reaches the kernel while the request waits. */
const heldMillis = 100;
const floodNotices = 5000;

const pause = new Int32Array(new SharedArrayBuffer(4));

function hold(): void {
  Atomics.wait(pause, 0, 0, heldMillis);
}

function changingHandlers(notifier: Notifier, tellDirectly: (node: number) => void): Handlers {
  const attr = emptyAttributes();
  const names = new Map([
    ["file", fileNode],
    ["directory", directoryNode],
  ]);
  let content = Buffer.from("before\n");
  let lastHeld = firstHeldNode;
  let slow = false;

  function attributes(node: number): Attributes {
    const directory = node === rootNode || node === directoryNode;
    attr.inoLo = node;
    attr.mode = directory ? 0o40755 : 0o100666;
    attr.nlink = directory ? 2 : 1;
    attr.size = node === fileNode ? content.length : 0;
    attr.blksize = 4096;
    return attr;
  }

  function tell(name: string): void {
    notifier.whenDelivered(() => writeSync(1, `delivered ${name}\n`));
  }

  const commands: Record<string, () => void> = {
    "user.change": () => {
      content = Buffer.from("after it changed\n");
      notifier.invalidateInode(fileNode, 0, 0, 0);
    },
    "user.rename": () => {
      names.delete("file");
      names.set("renamed", fileNode);
      notifier.invalidateEntry(rootNode, 0, "file", "expire");
      notifier.invalidateEntry(rootNode, 0, "renamed", "expire");
      notifier.invalidateInode(rootNode, 0, 0, 0);
    },
    "user.expire": () => notifier.invalidateEntry(rootNode, 0, "directory", "expire"),
    "user.drop": () => notifier.invalidateEntry(rootNode, 0, "directory", "drop"),
    "user.delete": () => {
      names.delete("renamed");
      notifier.deleted(rootNode, 0, fileNode, 0, "renamed");
    },
    "user.epoch": () => {
      names.set("renamed", fileNode);
      notifier.forgetAllNames();
    },
    "user.slow": () => {
      slow = true;
      notifier.invalidateInode(fileNode, 0, 0, 0);
    },
    "user.unknown": () => notifier.invalidateInode(4711, 0, 0, 0),
    "user.flood": () => {
      for (let turn = 0; turn < floodNotices; turn++) notifier.invalidateEntry(rootNode, 0, `name-${turn}`.padEnd(255, "x"), "expire");
    },
  };

  return {
    lookup(header, message, reply) {
      if (message.name.startsWith("held-")) {
        tellDirectly(header.nodeidLo);
        notifier.invalidateEntry(header.nodeidLo, header.nodeidHi, message.name, "drop");
        tell(message.name);
        hold();
        reply.entry(++lastHeld, 0, 0, attributes(lastHeld), forever, forever);
        return;
      }
      const node = header.nodeidLo === rootNode ? names.get(message.name) : undefined;
      if (node === undefined) reply.negativeEntry(forever);
      else reply.entry(node, 0, 0, attributes(node), forever, forever);
    },
    mkdir(header, message, reply) {
      notifier.invalidateEntry(header.nodeidLo, header.nodeidHi, message.name, "expire");
      notifier.invalidateInode(header.nodeidLo, header.nodeidHi, 0, 0);
      tell(`mkdir ${message.name}`);
      hold();
      reply.entry(directoryNode + 1, 0, 0, { ...attributes(directoryNode), inoLo: directoryNode + 1 }, forever, forever);
    },
    forget() {},
    getattr(header, _message, reply) {
      reply.attr(attributes(header.nodeidLo), forever);
    },
    open(_header, _message, reply) {
      reply.open(1, FOPEN_KEEP_CACHE);
    },
    read(_header, message, reply) {
      if (slow) {
        notifier.invalidateInode(fileNode, 0, 0, 0);
        tell("read");
        hold();
      }
      const part = content.subarray(message.offset, message.offset + message.size);
      part.copy(reply.payload(message.size));
      reply.payloadLength(part.length);
    },
    release(_header, _message, reply) {
      reply.ok();
    },
    setxattr(_header, message, reply) {
      const command = commands[message.name];
      if (command === undefined) throw new FsError(ENOENT, message.name);
      command();
      tell(message.name);
      reply.ok();
    },
  };
}

/** What the driver must never do: INVAL_ENTRY from the thread that serves. */
function tellFromHere(fd: number): (node: number) => void {
  const message = Buffer.alloc(16 + 16 + 2);
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(3, 4);
  message.writeInt32LE(1, 24);
  message.write("x", 32);
  return (node) => {
    message.writeUInt32LE(node, 16);
    writeSync(1, "telling\n");
    write(fd, message, message.length);
    writeSync(1, "told\n");
  };
}

const [mountPoint, ...options] = process.argv.slice(2);
if (mountPoint === undefined) throw new Error("usage: notifying.js MOUNTPOINT [direct]");
const fd = mount(mountPoint, { ...defaultMountOptions, fsname: "notifying" });
const wakeFd = openWake();
const notifier = new Notifier(fd, wakeFd);
const session = new Session({
  fd,
  wakeFd,
  handlers: changingHandlers(notifier, options.includes("direct") ? tellFromHere(fd) : () => undefined),
  hooks: {
    nextDeadlineMillis: () => Number.POSITIVE_INFINITY,
    onTick: () => undefined,
    onWake: () => notifier.settle(),
  },
});
writeSync(1, "ready\n");
const end = session.run();
notifier.close();
writeSync(1, `refused ${notifier.refused}\nended: ${end}\n`);
