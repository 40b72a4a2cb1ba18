import { type Name, nameFromText, nameText } from "../base/bytes.js";
import { EILSEQ, FsError } from "../base/errno.js";
import type { Attributes, FileSystemStatistics } from "../fuse/attributes.js";

/** What a character that stands for bytes that are not UTF-8 is. */
const replacement = "\ufffd";

/**
 * A path, name or symlink target as fuse-native gives it: as UTF-8 text, where bytes that are none are lost. Throws EILSEQ for such, and
 * for the character they turn into, which cannot be told from them.
 */
export function nameIn(text: string): Name {
  if (text.includes(replacement)) throw new FsError(EILSEQ, "a name that is not UTF-8");
  return nameFromText(text);
}

/** A name in a listing. One that is not UTF-8 shows, but cannot be used: nameIn refuses it. */
export function nameOut(name: Name): string {
  return nameText(name);
}

/** The target of a symlink. Throws EILSEQ. */
export function targetOut(target: Name): string {
  const text = nameText(target);
  if (nameFromText(text) !== target) throw new FsError(EILSEQ, "a symlink's target that is not UTF-8");
  return text;
}

const half = 2 ** 32;

/** A number of two unsigned halves. */
export function fromHalves(low: number, high: number): number {
  return high * half + low;
}

function putHalves(into: Uint32Array, at: number, value: number): void {
  into[at] = value % half;
  into[at + 1] = Math.floor(value / half);
}

/** Odd, so that two upper halves never come to the same; its lower bits are the golden ratio's, so that they come far apart. */
const stride = 0x9e27_8ddd;

/**
 * An inode number of 32 bits, which is all that fuse-native carries, for one of two halves. Numbers without an upper half stay as they
 * are. The same lower half with two different upper ones, which is a file in two trees, gives two numbers; others nearly always do.
 */
export function shownIno(lo: number, hi: number): number {
  return (lo + Math.imul(hi, stride)) >>> 0;
}

/** Milliseconds since 1970; earlier times are shown as 1970, since the package would show the year 584,542,046. */
function putTime(into: Uint32Array, at: number, sec: number, nsec: number): void {
  putHalves(into, at, Math.max(0, sec * 1000 + Math.floor(nsec / 1e6)));
}

/** Struct stat as the package wants it: an array of 18 unsigned numbers. */
export function statOf(attr: Attributes): Uint32Array {
  const stat = new Uint32Array(18);
  stat[0] = attr.mode;
  stat[1] = attr.uid;
  stat[2] = attr.gid;
  putHalves(stat, 3, attr.size);
  stat[6] = attr.nlink;
  stat[7] = shownIno(attr.inoLo, attr.inoHi);
  stat[8] = attr.rdev;
  stat[9] = attr.blksize;
  putHalves(stat, 10, attr.blocks);
  putTime(stat, 12, attr.atimeSec, attr.atimeNsec);
  putTime(stat, 14, attr.mtimeSec, attr.mtimeNsec);
  putTime(stat, 16, attr.ctimeSec, attr.ctimeNsec);
  return stat;
}

/** What a listing says of an entry: number and type. */
export function listedStat(type: number, inoLo: number, inoHi: number): Uint32Array {
  const stat = new Uint32Array(18);
  stat[0] = type << 12;
  stat[7] = shownIno(inoLo, inoHi);
  return stat;
}

const most = half - 1;

/** Struct statvfs: an array of 11 unsigned numbers. Larger units where the blocks are too many for 32 bits. */
export function statfsOf(statistics: FileSystemStatistics): Uint32Array {
  let unit = 1;
  while (statistics.blocks / unit > most) unit *= 2;
  const blocks = (count: number): number => Math.floor(count / unit);
  const files = (count: number): number => Math.min(count, most);
  return Uint32Array.of(
    statistics.bsize * unit,
    statistics.frsize * unit,
    blocks(statistics.blocks),
    blocks(statistics.bfree),
    blocks(statistics.bavail),
    files(statistics.files),
    files(statistics.ffree),
    files(statistics.ffree),
    0,
    0,
    statistics.namelen,
  );
}
