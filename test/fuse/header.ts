/** Reads the kernel's own header: opcodes, flags and where the fields of its structs lie, by C's rules of alignment. */

export interface Header {
  readonly opcodes: ReadonlyMap<string, number>;
  /** `#define NAME (1 << N)` and plain numbers; bits from 32 on are left out, for they lie in another field. */
  readonly constants: ReadonlyMap<string, number>;
  readonly structs: ReadonlyMap<string, CStruct>;
}

export interface CStruct {
  readonly size: number;
  readonly offsets: ReadonlyMap<string, number>;
}

const widths = new Map([
  ["uint64_t", 8],
  ["int64_t", 8],
  ["uint32_t", 4],
  ["int32_t", 4],
  ["uint16_t", 2],
  ["uint8_t", 1],
  ["char", 1],
]);

function parseStruct(text: string, known: ReadonlyMap<string, CStruct>): CStruct {
  const offsets = new Map<string, number>();
  let end = 0;
  let alignment = 1;
  for (const [, nested, type, field, count] of text.matchAll(/(?:struct\s+(\w+)|(\w+))\s+(\w+)\s*(?:\[(\d*)\])?;/g)) {
    const width = nested === undefined ? widths.get(type ?? "") : known.get(nested)?.size;
    if (width === undefined || field === undefined) continue;
    const align = nested === undefined ? width : 8;
    alignment = Math.max(alignment, align);
    end = Math.ceil(end / align) * align;
    offsets.set(field, end);
    end += width * (count === undefined ? 1 : Number(count));
  }
  return { size: Math.ceil(end / alignment) * alignment, offsets };
}

export function parseHeader(text: string): Header {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, " ");
  const opcodes = new Map<string, number>();
  const list = /enum fuse_opcode \{([\s\S]*?)\}/.exec(code)?.[1] ?? "";
  for (const [, name, number] of list.matchAll(/(\w+)\s*=\s*(\d+)/g)) opcodes.set(name ?? "", Number(number));
  const constants = new Map<string, number>();
  for (const [, name, bit] of code.matchAll(/#define\s+(\w+)\s+\(1 << (\d+)\)/g)) constants.set(name ?? "", 1 << Number(bit));
  const notes = /enum fuse_notify_code \{([\s\S]*?)\}/.exec(code)?.[1] ?? "";
  for (const [, name, number] of notes.matchAll(/(\w+)\s*=\s*(\d+)/g)) constants.set(name ?? "", Number(number));
  const structs = new Map<string, CStruct>();
  for (const [, name, body] of code.matchAll(/struct\s+(\w+)\s*\{([^}]*)\};/g)) {
    if (name !== undefined && body !== undefined) structs.set(name, parseStruct(body, structs));
  }
  return { opcodes, constants, structs };
}
