import t from "tap";
import { EILSEQ } from "../../src/base/errno.js";
import { emptyAttributes } from "../../src/fuse/attributes.js";
import { fromHalves, nameIn, nameOut, shownIno, statfsOf, statOf, targetOut } from "../../src/libfuse/conversions.js";
import { refused } from "../vfs/files.js";

t.test("names are UTF-8, or are refused", async (t) => {
  t.equal(nameIn("/grün"), "/gr\u00c3\u00bcn");
  t.equal(nameOut("gr\u00c3\u00bcn"), "grün");
  refused(t, EILSEQ, () => nameIn("/gr\ufffdn"), "what lost a byte");
  t.equal(nameOut("gr\u00fcn"), "gr\ufffdn", "shown, but of no use");
  t.equal(targetOut("\u00c3\u00bc"), "ü");
  refused(t, EILSEQ, () => targetOut("\u00fc"), "a target of other bytes");
});

t.test("inode numbers: those of one tree as they are, the same file in two trees never alike", async (t) => {
  t.equal(shownIno(1, 0), 1);
  t.equal(shownIno(0xffff_ffff, 0), 0xffff_ffff);
  const slots = [0, 1, 2, 3, 16, 2 ** 20, 2 ** 20 + 1, 2 ** 20 + 2];
  for (const ino of [1, 2, 77_777]) {
    const shown = slots.flatMap((slot) => [slot << 10, ((slot << 10) | 0x8000_0000) >>> 0]).map((hi) => shownIno(ino, hi));
    t.equal(new Set(shown).size, shown.length, `inode ${ino} in ${slots.length} trees, and the virtual ones there`);
  }
});

t.test("struct stat: sizes of 53 bits, times in milliseconds and none before 1970", async (t) => {
  const attr = { ...emptyAttributes(), size: 2 ** 53 - 1, mode: 0o100644, mtimeSec: 2 ** 33, mtimeNsec: 123_999_999, atimeSec: -1 };
  const stat = statOf(attr);
  t.equal(fromHalves(stat[3] as number, stat[4] as number), 2 ** 53 - 1);
  t.equal(fromHalves(stat[14] as number, stat[15] as number), 2 ** 33 * 1000 + 123);
  t.equal(fromHalves(stat[12] as number, stat[13] as number), 0);
  t.equal(stat[0], 0o100644);
});

t.test("struct statvfs: as many blocks as 32 bits count, of a larger size", async (t) => {
  const statistics = {
    blocks: 2 ** 40,
    bfree: 2 ** 39,
    bavail: 2 ** 38,
    files: 2 ** 42,
    ffree: 5,
    bsize: 4096,
    namelen: 255,
    frsize: 4096,
  };
  const [bsize, frsize, blocks, bfree, bavail, files, ffree] = statfsOf(statistics) as unknown as number[];
  t.equal((frsize as number) * (blocks as number), 4096 * 2 ** 40);
  t.equal((frsize as number) * (bfree as number), 4096 * 2 ** 39);
  t.equal((frsize as number) * (bavail as number), 4096 * 2 ** 38);
  t.same([bsize, files, ffree], [frsize, 2 ** 32 - 1, 5]);
  t.same([...statfsOf({ ...statistics, blocks: 100, bfree: 50, bavail: 20 })].slice(0, 5), [4096, 4096, 100, 50, 20]);
});
