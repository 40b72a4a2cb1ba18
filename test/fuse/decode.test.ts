import t from "tap";
import { EBADF, EFBIG, EINVAL, ENAMETOOLONG, ENXIO } from "../../src/base/errno.js";
import { answerEmpty } from "../../src/fuse/decode.js";
import { rowOf } from "../../src/fuse/opcodes.js";
import { Request } from "../../src/fuse/request.js";
import { request as build, type Row } from "./wire.js";

const received = new Request();
received.setxattrSize = 16;

/** Puts a message where the kernel would and decodes it as the session does. */
function decode(bytes: Buffer): { problem: number; fields: Record<string, unknown> } {
  received.buffer.fill(0xee);
  received.buffer.set(bytes);
  const whole = received.readHeader(bytes.length);
  const row = rowOf(received.header.opcode);
  if (!whole || received.end - 40 < row.requestSize) return { problem: EINVAL, fields: {} };
  return { problem: row.decode(received, row.message), fields: { ...row.message } };
}

const node = 0x8000_0001_0000_0002n;
const beyond = 2n ** 53n;

t.test("the header", async (t) => {
  decode(build(1, node, ["x\0", "name"]));
  t.same(
    { ...received.header },
    {
      opcode: 1,
      uniqueLo: 7,
      uniqueHi: 0x80000000,
      nodeidLo: 2,
      nodeidHi: 0x80000001,
      uid: 1000,
      gid: 100,
      pid: 4242,
    },
  );
  t.equal(received.readHeader(39), false, "too short for a header");
  received.buffer.set(build(1, node, ["x\0", "name"]));
  t.equal(received.readHeader(41), false, "another length than was received");
  const extended = build(1, node, ["x\0", "name"], ["12345678", "an extension of 8 bytes"]);
  extended.writeUInt16LE(1, 36);
  received.buffer.set(extended);
  t.equal(received.readHeader(extended.length), true);
  t.equal(received.end, 42, "the body ends where the extensions begin");
  extended.writeUInt16LE(0xffff, 36);
  received.buffer.set(extended);
  t.equal(received.readHeader(extended.length), false, "extensions longer than the message");
});

const setattrRows = (size: bigint): Row[] => [
  [4, 0x7f | (1 << 9) | (1 << 11), "valid: MODE UID GID SIZE ATIME MTIME FH LOCKOWNER KILL_SUIDGID"],
  [4, 0, "padding"],
  [8, 12, "fh"],
  [8, size, "size"],
  [8, 99, "lock_owner"],
  [8, -3n, "atime, before 1970"],
  [8, 2n ** 33n, "mtime, after 2106"],
  [8, 0, "ctime"],
  [4, 999_999_999, "atimensec"],
  [4, 1, "mtimensec"],
  [4, 0, "ctimensec"],
  [4, 0o100644, "mode"],
  [4, 0, "unused4"],
  [4, 4294967295, "uid"],
  [4, 5, "gid"],
  [4, 0, "unused5"],
];

/** What each message must decode to. */
const golden: [string, Buffer, Record<string, unknown>][] = [
  ["LOOKUP, any bytes", build(1, node, ["\xff\x01 \n\0", "name"]), { name: "\xff\x01 \n" }],
  ["FORGET", build(2, node, [8, 3, "nlookup"]), { nodeidLo: 2, nodeidHi: 0x80000001, nlookup: 3 }],
  ["GETATTR", build(3, node, [4, 0, "getattr_flags"], [4, 0, "dummy"], [8, 77, "fh, not valid"]), { fh: -1 }],
  ["GETATTR of an open file", build(3, node, [4, 1, "getattr_flags: FH"], [4, 0, "dummy"], [8, 77, "fh"]), { fh: 77 }],
  [
    "SETATTR",
    build(4, node, ...setattrRows(beyond - 1n)),
    {
      valid: 0xa7f,
      fh: 12,
      size: Number.MAX_SAFE_INTEGER,
      mode: 0o100644,
      uid: 4294967295,
      gid: 5,
      atimeSec: -3,
      atimeNsec: 999_999_999,
      mtimeSec: 2 ** 33,
      mtimeNsec: 1,
      ctimeSec: 0,
      ctimeNsec: 0,
    },
  ],
  ["SYMLINK", build(6, node, ["link\0", "name"], ["../to/there\0", "target"]), { name: "link", target: "../to/there" }],
  [
    "MKNOD",
    build(8, node, [4, 0o20644, "mode"], [4, 0x501, "rdev"], [4, 0o22, "umask"], [4, 0, "padding"], ["tty\0", "name"]),
    { name: "tty", mode: 0o20644, rdev: 0x501, umask: 0o22 },
  ],
  ["MKDIR", build(9, node, [4, 0o777, "mode"], [4, 0o22, "umask"], ["d\0", "name"]), { name: "d", mode: 0o777, umask: 0o22 }],
  ["UNLINK", build(10, node, ["gone\0", "name"]), { name: "gone" }],
  ["RMDIR", build(11, node, ["gone\0", "name"]), { name: "gone" }],
  [
    "RENAME",
    build(12, node, [8, 0x9000_0000_0000_0001n, "newdir"], ["a\0", "oldname"], ["b\0", "newname"]),
    { name: "a", newdirLo: 1, newdirHi: 0x90000000, newName: "b", flags: 0 },
  ],
  [
    "LINK",
    build(13, node, [8, 0x9000_0000_0000_0001n, "oldnodeid"], ["n\0", "newname"]),
    { oldnodeidLo: 1, oldnodeidHi: 0x90000000, name: "n" },
  ],
  ["OPEN", build(14, node, [4, 0o100001, "flags"], [4, 1, "open_flags"]), { flags: 0o100001, openFlags: 1 }],
  [
    "READ",
    build(
      15,
      node,
      [8, 5, "fh"],
      [8, 2n ** 40n, "offset"],
      [4, 4096, "size"],
      [4, 2, "read_flags"],
      [8, 9, "lock_owner"],
      [4, 0o2000, "flags"],
      [4, 0, "padding"],
    ),
    { fh: 5, offset: 2 ** 40, size: 4096, flags: 0o2000 },
  ],
  [
    "WRITE",
    build(
      16,
      node,
      [8, 5, "fh"],
      [8, 3, "offset"],
      [4, 4, "size"],
      [4, 5, "write_flags"],
      [8, 9, "lock_owner"],
      [4, 1, "flags"],
      [4, 0, "padding"],
      ["data", "data"],
    ),
    { fh: 5, offset: 3, writeFlags: 5, flags: 1, data: Buffer.from("data") },
  ],
  [
    "RELEASE",
    build(18, node, [8, 5, "fh"], [4, 2, "flags"], [4, 1, "release_flags"], [8, 0, "lock_owner"]),
    { fh: 5, flags: 2, releaseFlags: 1 },
  ],
  ["FSYNC", build(20, node, [8, 5, "fh"], [4, 1, "fsync_flags"], [4, 0, "padding"]), { fh: 5, fsyncFlags: 1 }],
  [
    "SETXATTR",
    build(
      21,
      node,
      [4, 3, "size"],
      [4, 2, "flags"],
      [4, 1, "setxattr_flags"],
      [4, 0, "padding"],
      ["user.a/b\0", "name"],
      ["\0\x01\0", "value"],
    ),
    { name: "user.a/b", value: Buffer.from([0, 1, 0]), flags: 2, setxattrFlags: 1 },
  ],
  ["GETXATTR", build(22, node, [4, 64, "size"], [4, 0, "padding"], ["user.a\0", "name"]), { name: "user.a", size: 64 }],
  ["LISTXATTR", build(23, node, [4, 0, "size"], [4, 0, "padding"]), { size: 0 }],
  ["REMOVEXATTR", build(24, node, ["user.a\0", "name"]), { name: "user.a" }],
  ["FLUSH", build(25, node, [8, 5, "fh"], [4, 0, "unused"], [4, 0, "padding"], [8, 0, "lock_owner"]), { fh: 5 }],
  [
    "INIT of 7.31",
    build(26, 0n, [4, 7, "major"], [4, 31, "minor"], [4, 131072, "max_readahead"], [4, 0x1234, "flags"]),
    { major: 7, minor: 31, maxReadahead: 131072, flags: 0x1234, flags2: 0 },
  ],
  [
    "INIT of 7.45",
    build(
      26,
      0n,
      [4, 7, "major"],
      [4, 45, "minor"],
      [4, 131072, "max_readahead"],
      [4, 0x40000001, "flags, INIT_EXT among them"],
      [4, 8, "flags2"],
      ["\0".repeat(44), "unused"],
    ),
    { major: 7, minor: 45, maxReadahead: 131072, flags: 0x40000001, flags2: 8 },
  ],
  ["ACCESS", build(34, node, [4, 6, "mask"], [4, 0, "padding"]), { mask: 6 }],
  [
    "CREATE",
    build(35, node, [4, 0o102, "flags"], [4, 0o100600, "mode"], [4, 0o77, "umask"], [4, 1, "open_flags"], ["new\0", "name"]),
    { name: "new", flags: 0o102, mode: 0o100600, umask: 0o77, openFlags: 1 },
  ],
  ["INTERRUPT", build(36, 0n, [8, 0x8000_0000_0000_0009n, "unique"]), { uniqueLo: 9, uniqueHi: 0x80000000 }],
  ["BATCH_FORGET", build(42, 0n, [4, 1, "count"], [4, 0, "dummy"], [8, node, "nodeid"], [8, 2, "nlookup"]), { count: 1 }],
  [
    "FALLOCATE",
    build(43, node, [8, 5, "fh"], [8, 1, "offset"], [8, 2, "length"], [4, 3, "mode"], [4, 0, "padding"]),
    { fh: 5, offset: 1, length: 2, mode: 3 },
  ],
  [
    "RENAME2",
    build(45, node, [8, 1, "newdir"], [4, 2, "flags"], [4, 0, "padding"], ["a\0", "oldname"], ["b\0", "newname"]),
    { name: "a", newdirLo: 1, newdirHi: 0, newName: "b", flags: 2 },
  ],
  ["LSEEK", build(46, node, [8, 5, "fh"], [8, 7, "offset"], [4, 4, "whence"], [4, 0, "padding"]), { fh: 5, offset: 7, whence: 4 }],
  [
    "COPY_FILE_RANGE",
    build(
      47,
      node,
      [8, 1, "fh_in"],
      [8, 2, "off_in"],
      [8, 0x9000_0000_0000_0001n, "nodeid_out"],
      [8, 3, "fh_out"],
      [8, 4, "off_out"],
      [8, 5, "len"],
      [8, 0, "flags"],
    ),
    { fhIn: 1, offsetIn: 2, nodeidOutLo: 1, nodeidOutHi: 0x90000000, fhOut: 3, offsetOut: 4, length: 5, flags: 0 },
  ],
  [
    "TMPFILE",
    build(51, node, [4, 2, "flags"], [4, 0o100600, "mode"], [4, 0, "umask"], [4, 0, "open_flags"], ["/\0", "name, which names nothing"]),
    { name: "", flags: 2, mode: 0o100600, umask: 0, openFlags: 0 },
  ],
  [
    "STATX",
    build(52, node, [4, 1, "getattr_flags: FH"], [4, 0, "reserved"], [8, 5, "fh"], [4, 0x100, "sx_flags"], [4, 0xfff, "sx_mask"]),
    { fh: 5, flags: 0x100, mask: 0xfff },
  ],
];

t.test("each message, field by field", async (t) => {
  for (const [what, bytes, expected] of golden) {
    const { problem, fields } = decode(bytes);
    t.equal(problem, 0, `${what}: well-formed`);
    t.strictSame(fields, expected, what);
  }
});

t.test("a message cut short never decodes", async (t) => {
  for (const [what, bytes] of golden) {
    if (what === "INIT of 7.45" || what === "TMPFILE") continue; // both have tails that may be absent
    const cut = Buffer.from(bytes.subarray(0, bytes.length - 1));
    cut.writeUInt32LE(cut.length, 0);
    t.not(decode(cut).problem, 0, what);
  }
});

const readRows = (fh: bigint, offset: bigint): Row[] => [
  [8, fh, "fh"],
  [8, offset, "offset"],
  [4, 4096, "size"],
  [4, 0, "read_flags"],
  [8, 0, "lock_owner"],
  [4, 0, "flags"],
  [4, 0, "padding"],
];

const writeRows = (offset: bigint): Row[] => [
  [8, 1, "fh"],
  [8, offset, "offset"],
  [4, 1, "size"],
  [4, 0, "write_flags"],
  [8, 0, "lock_owner"],
  [4, 0, "flags"],
  [4, 0, "padding"],
  ["x", "data"],
];

t.test("what cannot be is an errno", async (t) => {
  const cases: [string, Buffer, number][] = [
    ["an empty name", build(1, node, ["\0", "name"]), EINVAL],
    ["a name without end", build(1, node, ["abc", "name"]), EINVAL],
    ["a slash in a name", build(1, node, ["a/b\0", "name"]), EINVAL],
    ["the name .", build(1, node, [".\0", "name"]), EINVAL],
    ["the name ..", build(1, node, ["..\0", "name"]), EINVAL],
    ["the name ...", build(1, node, ["...\0", "name"]), 0],
    ["a name of 255 bytes", build(1, node, [`${"n".repeat(255)}\0`, "name"]), 0],
    ["a name of 256 bytes", build(1, node, [`${"n".repeat(256)}\0`, "name"]), ENAMETOOLONG],
    ["an empty target", build(6, node, ["a\0\0", "name, target"]), EINVAL],
    ["a target of 4095 bytes", build(6, node, [`a\0${"t".repeat(4095)}\0`, "name, target"]), 0],
    ["a target of 4096 bytes", build(6, node, [`a\0${"t".repeat(4096)}\0`, "name, target"]), ENAMETOOLONG],
    ["a rename without new name", build(12, node, [8, 1, "newdir"], ["a\0", "oldname"]), EINVAL],
    ["a size of 2^53", build(4, node, ...setattrRows(beyond)), EFBIG],
    ["a READ at 2^53", build(15, node, ...readRows(1n, beyond)), answerEmpty],
    ["a READ at the last offset there is", build(15, node, ...readRows(1n, beyond - 1n)), 0],
    ["a READ through a handle we never gave", build(15, node, ...readRows(beyond, 0n)), EBADF],
    ["a READDIR at 2^53", build(28, node, ...readRows(1n, beyond)), EINVAL],
    ["a WRITE up to 2^53-1", build(16, node, ...writeRows(beyond - 2n)), 0],
    ["a WRITE up to 2^53", build(16, node, ...writeRows(beyond - 1n)), EFBIG],
    ["a WRITE at -1", build(16, node, ...writeRows(-1n)), EFBIG],
    ["a FALLOCATE up to 2^53", build(43, node, [8, 1, "fh"], [8, beyond - 1n, "offset"], [8, 1, "length"], [8, 0, "mode, padding"]), EFBIG],
    ["an LSEEK at 2^53", build(46, node, [8, 1, "fh"], [8, beyond, "offset"], [8, 3, "whence, padding"]), ENXIO],
    ["more forgets than fit", build(42, 0n, [4, 2, "count"], [4, 0, "dummy"], [8, node, "nodeid"], [8, 2, "nlookup"]), EINVAL],
    ["2^32-1 forgets", build(42, 0n, [4, 0xffffffff, "count"], [4, 0, "dummy"]), EINVAL],
    [
      "a value longer than the message",
      build(21, node, [4, 4, "size"], [4, 0, "flags"], [4, 0, "setxattr_flags"], [4, 0, "padding"], ["user.a\0", "name"], ["abc", "value"]),
      EINVAL,
    ],
  ];
  for (const [what, bytes, expected] of cases) t.equal(decode(bytes).problem, expected, what);
});

t.test("SETXATTR without the extension has a shorter struct", async (t) => {
  received.setxattrSize = 8;
  const { problem, fields } = decode(build(21, node, [4, 1, "size"], [4, 1, "flags"], ["user.a\0", "name"], ["v", "value"]));
  received.setxattrSize = 16;
  t.equal(problem, 0);
  t.strictSame(fields, { name: "user.a", value: Buffer.from("v"), flags: 1, setxattrFlags: 0 });
});
