import { address } from "koffi";

/** What transfers past the host's cache (O_DIRECT of open(2)) must begin at a multiple of, in memory as in the file. */
export const transferAlignment = 4096;

/** A buffer of zeros that begins at a multiple of `transferAlignment`. */
export function alignedBuffer(bytes: number): Buffer {
  const whole = Buffer.alloc(bytes + transferAlignment);
  const beyond = Number(address(whole) % BigInt(transferAlignment));
  const start = beyond === 0 ? 0 : transferAlignment - beyond;
  return whole.subarray(start, start + bytes);
}
