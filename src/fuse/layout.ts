import { invariant } from "../base/assert.js";

/** Widths in bytes, under the names the kernel's header gives them. */
export const u8 = 1;
export const u16 = 2;
export const u32 = 4;
export const i32 = 4;
export const u64 = 8;
export const i64 = 8;

/** `[count, width]`: an array in a struct. */
type Repeated = readonly [count: number, width: number];
type Field = number | Repeated | { readonly SIZE: number };

/** Byte offsets of a struct's fields by name, and its SIZE. */
export type Layout<Fields> = { readonly [Name in keyof Fields]: number } & { readonly SIZE: number };

function widthOf(field: Field): number {
  if (typeof field === "number") return field;
  return "SIZE" in field ? field.SIZE : field[0] * field[1];
}

function alignmentOf(field: Field): number {
  if (typeof field === "number") return field;
  // Every struct that the protocol nests holds a 64-bit field.
  return "SIZE" in field ? 8 : field[1];
}

/**
 * A C struct: the offset of each field, given their widths in order.
 * INVARIANT: `size` is the header's sizeof and no field needs padding, for the protocol spells all padding out.
 * Throws when it does not hold, so a mistake in a struct stops the program before it reads a byte.
 */
export function struct<Fields extends Record<string, Field>>(name: string, size: number, fields: Fields): Layout<Fields> {
  const offsets: Record<string, number> = {};
  let end = 0;
  for (const [field, type] of Object.entries(fields)) {
    invariant(end % alignmentOf(type) === 0, `struct ${name}: ${field} at ${end} would need padding`);
    offsets[field] = end;
    end += widthOf(type);
  }
  invariant(end === size, `struct ${name} has ${end} bytes, the kernel's has ${size}`);
  offsets.SIZE = size;
  return Object.freeze(offsets) as Layout<Fields>;
}
