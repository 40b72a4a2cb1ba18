/** What the crash tests write for each number, shared by the writer and who looks afterwards. */

/** One line of the log, of fixed length. */
export const recordBytes = 32;

export function record(number: number): string {
  return `${`record ${number}`.padEnd(recordBytes - 1)}\n`;
}

/** The bytes of file `number`: of a size and content of its own, 0 to some 60 KiB. */
export function content(number: number): Buffer {
  return Buffer.alloc((number * 7919) % 61_000, `${number},`);
}
