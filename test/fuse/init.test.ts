import t from "tap";
import * as abi from "../../src/fuse/abi.js";
import { defaultInitOptions, negotiate, putInit, putMajor } from "../../src/fuse/init.js";
import { type Row, wire } from "./wire.js";

/** What Linux 6.18 offers. */
const offer = { major: 7, minor: 45, maxReadahead: 131072, flags: 0x73fffffb, flags2: 0x5fd };

/** Flags by their bits in the header, spelled out here once more. */
const asked = [0, 3, 5, 6, 13, 14, 18, 22, 23, 25, 28, 29, 30].reduce((flags, bit) => flags | (1 << bit), 0);

t.test("the answer to a current kernel, field by field", async (t) => {
  const outcome = negotiate(offer, defaultInitOptions);
  if (outcome.kind !== "agreed") throw new Error(outcome.kind);
  const bytes = Buffer.alloc(64, 0xee);
  putInit(new DataView(bytes.buffer, bytes.byteOffset, 64), 0, outcome.negotiated);
  const rows: Row[] = [
    [4, 7, "major"],
    [4, 45, "minor"],
    [4, 131072, "max_readahead"],
    [4, asked, "flags"],
    [2, 64, "max_background"],
    [2, 48, "congestion_threshold"],
    [4, 1048576, "max_write"],
    [4, 1, "time_gran"],
    [2, 256, "max_pages"],
    [2, 0, "map_alignment"],
    [4, 0, "flags2"],
    [4, 0, "max_stack_depth"],
    [2, 0, "request_timeout"],
    ["\0".repeat(22), "unused"],
  ];
  t.strictSame(bytes, wire(...rows));
  t.equal(outcome.negotiated.expireOnly, true);
  t.equal(outcome.negotiated.setxattrSize, 16);
});

t.test("the read-ahead and the flags are at most what is offered", async (t) => {
  const outcome = negotiate({ ...offer, minor: 31, flags: abi.FUSE_ASYNC_READ | abi.FUSE_POSIX_LOCKS, flags2: 0 }, defaultInitOptions);
  if (outcome.kind !== "agreed") throw new Error(outcome.kind);
  t.equal(outcome.negotiated.flags, abi.FUSE_ASYNC_READ);
  t.equal(outcome.negotiated.minor, 31);
  t.equal(outcome.negotiated.setxattrSize, 8);
  t.equal(outcome.negotiated.expireOnly, false);
});

t.test("options", async (t) => {
  const all = negotiate(offer, { ...defaultInitOptions, posixAcl: "on", writebackCache: "on" });
  if (all.kind !== "agreed") throw new Error(all.kind);
  t.equal(all.negotiated.flags, asked | (1 << 20) | (1 << 16));
  const none = negotiate(offer, { ...defaultInitOptions, killPrivilegesV2: "off", atomicTruncate: "off" });
  if (none.kind !== "agreed") throw new Error(none.kind);
  t.equal(none.negotiated.flags, asked & ~(1 << 28) & ~(1 << 3));
});

t.test("locks stay with the kernel whatever the options", async (t) => {
  const outcome = negotiate({ ...offer, flags: -1 }, { ...defaultInitOptions, posixAcl: "on", writebackCache: "on" });
  if (outcome.kind !== "agreed") throw new Error(outcome.kind);
  t.equal(outcome.negotiated.flags & (abi.FUSE_POSIX_LOCKS | abi.FUSE_FLOCK_LOCKS), 0);
});

t.test("a kernel too old is refused in one line", async (t) => {
  const outcome = negotiate({ ...offer, minor: 30 }, defaultInitOptions);
  t.match(outcome, { kind: "refused", reason: /^this kernel speaks FUSE 7\.30; 7\.31 is needed.*5\.4$/ });
  t.match(negotiate({ ...offer, major: 6 }, defaultInitOptions), { kind: "refused" });
});

t.test("a kernel too new is asked to offer again", async (t) => {
  t.strictSame(negotiate({ ...offer, major: 8 }, defaultInitOptions), { kind: "newer-major" });
  const bytes = Buffer.alloc(64, 0xee);
  putMajor(new DataView(bytes.buffer, bytes.byteOffset, 64), 0);
  t.strictSame(bytes, wire([4, 7, "major"], [4, 45, "minor"], ["\0".repeat(56), "nothing else counts"]));
});
