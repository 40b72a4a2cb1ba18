import t from "tap";
import { fuse_opcode } from "../../src/fuse/abi.js";
import { RequestCounts } from "../../src/fuse/request-counts.js";

t.test("requests are counted by name, and those that never came are not listed", async (t) => {
  const counts = new RequestCounts();
  counts.add(fuse_opcode.FUSE_LOOKUP);
  counts.add(fuse_opcode.FUSE_LOOKUP);
  counts.add(fuse_opcode.FUSE_COPY_FILE_RANGE_64);
  t.same(counts.named(), { "requests.LOOKUP": 2, "requests.COPY_FILE_RANGE_64": 1 });
});

t.test("an opcode that no header has is passed over", async (t) => {
  const counts = new RequestCounts();
  counts.add(0xffffffff);
  t.same(counts.named(), {});
});
