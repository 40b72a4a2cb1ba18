/**
 * A file name, path or symlink target as the kernel gives it: any bytes, one per character (latin1).
 * Two names are equal when their bytes are; the encoding is nobody's business but the user's terminal's.
 */
export type Name = string;

/** The bytes of a name. */
export function nameBytes(name: Name): Buffer {
  return Buffer.from(name, "latin1");
}

/** A name from its bytes. */
export function nameOf(bytes: Uint8Array): Name {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** A name from text a person typed, which is UTF-8. */
export function nameFromText(text: string): Name {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** A name as text for a person: UTF-8, with U+FFFD where its bytes are not valid UTF-8. */
export function nameText(name: Name): string {
  return nameBytes(name).toString("utf8");
}
