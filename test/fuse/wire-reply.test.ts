import t from "tap";
import { EIO, ENOENT } from "../../src/base/errno.js";
import type { Attributes } from "../../src/fuse/attributes.js";
import { WireReply } from "../../src/fuse/wire-reply.js";
import { reply as build, type Row } from "./wire.js";

const answer = new WireReply();

/** The bytes of an answer, over memory that held something else before. */
function encoded(limit: number, give: (reply: WireReply) => void): Buffer {
  answer.buffer.fill(0xee);
  answer.begin(7, 0x80000000, limit);
  give(answer);
  return Buffer.from(answer.buffer.subarray(0, answer.length));
}

const attr: Attributes = {
  inoLo: 2,
  inoHi: 0x80000001,
  size: Number.MAX_SAFE_INTEGER,
  blocks: 2 ** 33 + 8,
  atimeSec: -1,
  atimeNsec: 999_999_999,
  mtimeSec: 2 ** 33,
  mtimeNsec: 2,
  ctimeSec: 3,
  ctimeNsec: 4,
  mode: 0o100644,
  nlink: 5,
  uid: 4294967295,
  gid: 7,
  rdev: 8,
  blksize: 4096,
};

const attrRows: Row[] = [
  [8, 0x8000_0001_0000_0002n, "ino"],
  [8, 2n ** 53n - 1n, "size"],
  [8, 2n ** 33n + 8n, "blocks"],
  [8, -1n, "atime"],
  [8, 2n ** 33n, "mtime"],
  [8, 3, "ctime"],
  [4, 999_999_999, "atimensec"],
  [4, 2, "mtimensec"],
  [4, 4, "ctimensec"],
  [4, 0o100644, "mode"],
  [4, 5, "nlink"],
  [4, 4294967295, "uid"],
  [4, 7, "gid"],
  [4, 8, "rdev"],
  [4, 4096, "blksize"],
  [4, 0, "flags"],
];

const entryRows: Row[] = [
  [8, 0x8000_0001_0000_0002n, "nodeid"],
  [8, 1, "generation"],
  [8, 4294967295, "entry_valid: the longest"],
  [8, 1, "attr_valid"],
  [4, 0, "entry_valid_nsec"],
  [4, 500_000_000, "attr_valid_nsec"],
  ...attrRows,
];

const openRows: Row[] = [
  [8, 2n ** 53n - 1n, "fh"],
  [4, 0x2a, "open_flags"],
  [4, 0, "backing_id"],
];

const noAttrRows: Row[] = [["\0".repeat(88), "attr"]];

const direntRows = (ino: bigint, offset: bigint, type: number, name: string): Row[] => [
  [8, ino, "ino"],
  [8, offset, "off"],
  [4, name.length, "namelen"],
  [4, type, "type"],
  [name, "name"],
  ["\0".repeat((8 - (name.length % 8)) % 8), "padding to 8 bytes"],
];

t.test("each reply, field by field", async (t) => {
  const infinity = Number.POSITIVE_INFINITY;
  const cases: [string, (reply: WireReply) => void, Buffer][] = [
    ["an error", (reply) => reply.error(ENOENT), build(-2)],
    ["an error that no kernel takes", (reply) => reply.error(512), build(-5)],
    ["an error that is none", (reply) => reply.error(0), build(-5)],
    ["success", (reply) => reply.ok(), build(0)],
    ["an entry", (reply) => reply.entry(2, 0x80000001, 1, attr, infinity, 1.5), build(0, ...entryRows)],
    [
      "no entry",
      (reply) => reply.negativeEntry(2),
      build(0, [8, 0, "nodeid"], [8, 0, "generation"], [8, 2, "entry_valid"], [8, 0, "attr_valid"], [8, 0, "both nsec"], ...noAttrRows),
    ],
    ["attributes", (reply) => reply.attr(attr, 0), build(0, [8, 0, "attr_valid"], [4, 0, "attr_valid_nsec"], [4, 0, "dummy"], ...attrRows)],
    ["an open file", (reply) => reply.open(2 ** 53 - 1, 0x2a), build(0, ...openRows)],
    [
      "a created file",
      (reply) => reply.create(2, 0x80000001, 1, attr, infinity, 1.5, 2 ** 53 - 1, 0x2a),
      build(0, ...entryRows, ...openRows),
    ],
    ["bytes written", (reply) => reply.written(4096), build(0, [4, 4096, "size"], [4, 0, "padding"])],
    ["bytes copied", (reply) => reply.copied(2 ** 33), build(0, [8, 2n ** 33n, "bytes_copied"])],
    ["some bytes", (reply) => reply.bytes(Buffer.from("abcdef"), 3), build(0, ["abc", "value"])],
    ["a symlink's target", (reply) => reply.target("/\xff"), build(0, ["/\xff", "target"])],
    ["a long target", (reply) => reply.target("t".repeat(100)), build(0, ["t".repeat(100), "target"])],
    ["an attribute's size", (reply) => reply.xattrSize(9), build(0, [4, 9, "size"], [4, 0, "padding"])],
    ["an offset", (reply) => reply.lseek(2 ** 40), build(0, [8, 2n ** 40n, "offset"])],
    [
      "statistics",
      (reply) => reply.statfs({ blocks: 2 ** 40, bfree: 2, bavail: 1, files: 4, ffree: 3, bsize: 65536, namelen: 255, frsize: 4096 }),
      build(
        0,
        [8, 2n ** 40n, "blocks"],
        [8, 2, "bfree"],
        [8, 1, "bavail"],
        [8, 4, "files"],
        [8, 3, "ffree"],
        [4, 65536, "bsize"],
        [4, 255, "namelen"],
        [4, 4096, "frsize"],
        [4, 0, "padding"],
        ["\0".repeat(24), "spare"],
      ),
    ],
    [
      "statx",
      (reply) => reply.statx(0xfff, { ...attr, mode: 0o20600, rdev: 0x12305678, btimeSec: -2, btimeNsec: 6 }, infinity),
      build(
        0,
        [8, 4294967295, "attr_valid"],
        [4, 0, "attr_valid_nsec"],
        [4, 0, "flags"],
        ["\0".repeat(16), "spare"],
        [4, 0xfff, "mask"],
        [4, 4096, "blksize"],
        [8, 0, "attributes"],
        [4, 5, "nlink"],
        [4, 4294967295, "uid"],
        [4, 7, "gid"],
        [2, 0o20600, "mode"],
        [2, 0, "spare"],
        [8, 0x8000_0001_0000_0002n, "ino"],
        [8, 2n ** 53n - 1n, "size"],
        [8, 2n ** 33n + 8n, "blocks"],
        [8, 0, "attributes_mask"],
        [8, -1n, "atime"],
        [8, 999_999_999, "atime nsec, reserved"],
        [8, -2n, "btime"],
        [8, 6, "btime nsec, reserved"],
        [8, 3, "ctime"],
        [8, 4, "ctime nsec, reserved"],
        [8, 2n ** 33n, "mtime"],
        [8, 2, "mtime nsec, reserved"],
        [4, 0x56, "rdev_major"],
        [4, 0x12378, "rdev_minor: 0x123 above, 0x78 below"],
        [8, 0, "dev_major, dev_minor"],
        ["\0".repeat(112), "spare"],
      ),
    ],
  ];
  for (const [what, give, expected] of cases) t.strictSame(encoded(-1, give), expected, what);
});

t.test("a payload is written where it is sent from", async (t) => {
  const bytes = encoded(10, (reply) => {
    reply.payload(10).write("payload");
    reply.payloadLength(7);
  });
  t.strictSame(bytes, build(0, ["payload", "data"]));
  t.throws(() => encoded(10, (reply) => reply.payloadLength(11)), /longer than was asked for/);
});

t.test("a value larger than the caller's buffer is ERANGE", async (t) => {
  t.strictSame(
    encoded(2, (reply) => reply.bytes(Buffer.from("abc"), 3)),
    build(-34),
  );
  t.strictSame(
    encoded(3, (reply) => reply.bytes(Buffer.from("abc"), 3)),
    build(0, ["abc", "value"]),
  );
});

t.test("directories are packed up to the request's size", async (t) => {
  const packed: boolean[] = [];
  const bytes = encoded(80, (reply) => {
    packed.push(reply.dirent(2, 0x80000001, 1, 8, "a"));
    packed.push(reply.dirent(3, 0, 2 ** 40, 4, "exactly 8 bytes."));
    packed.push(reply.dirent(4, 0, 3, 4, "x"));
    reply.directory();
  });
  t.strictSame(packed, [true, true, false], "the third does not fit into 80 bytes");
  t.strictSame(bytes, build(0, ...direntRows(0x8000_0001_0000_0002n, 1n, 8, "a"), ...direntRows(3n, 2n ** 40n, 4, "exactly 8 bytes.")));
  t.strictSame(
    encoded(80, (reply) => reply.directory()),
    build(0),
    "nothing packed ends the directory",
  );
});

t.test("directories with attributes", async (t) => {
  const packed: boolean[] = [];
  const bytes = encoded(160 + 160 + 159, (reply) => {
    packed.push(reply.direntPlusUncounted(1, 0, 1, 4, "."));
    packed.push(reply.direntPlus(2, 0x80000001, 1, attr, Number.POSITIVE_INFINITY, 1.5, 2, "file"));
    packed.push(reply.direntPlus(2, 0x80000001, 1, attr, 0, 0, 3, "file"));
    packed.push(reply.direntPlusUncounted(1, 0, 4, 4, "."));
    reply.directory();
  });
  t.strictSame(packed, [true, true, false, false]);
  const uncounted: Row[] = [["\0".repeat(40), "entry_out"], ...noAttrRows];
  const expected = build(
    0,
    ...uncounted,
    ...direntRows(1n, 1n, 4, "."),
    ...entryRows,
    ...direntRows(0x8000_0001_0000_0002n, 2n, 8, "file"),
  );
  t.strictSame(bytes, expected);
});

t.test("only one answer counts", async (t) => {
  answer.begin(7, 0, -1);
  t.equal(answer.answered, false);
  answer.ok();
  t.equal(answer.answered, true);
  t.throws(() => answer.error(EIO), /answered twice/);
  answer.retract();
  answer.error(EIO);
  t.equal(answer.errno, EIO);
});
