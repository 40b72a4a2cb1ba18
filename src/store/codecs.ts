/** How a blob's bytes are stored (`blob.codec`). */
export const codecs = {
  /** `data` is the bytes. */
  row: 0,
  /** The bytes are in the segments; `data` is their position there, eight bytes, little endian. */
  segments: 1,
} as const;

/** A position in the segments as `data` has it. */
export function positionBytes(position: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(position));
  return bytes;
}

/** The position in the segments that `data` says. */
export function positionIn(data: Uint8Array): number {
  return Number(Buffer.from(data.buffer, data.byteOffset, data.byteLength).readBigUInt64LE());
}
