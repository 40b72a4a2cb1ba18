import { existsSync, readFileSync } from "node:fs";
import t from "tap";
import * as abi from "../../src/fuse/abi.js";
import { struct, u32, u64 } from "../../src/fuse/layout.js";
import { opcodeRows, rowOf, unknownOpcode } from "../../src/fuse/opcodes.js";
import { parseHeader } from "./header.js";

/** The header to compare with: the installed one, or another such as the newest kernel's. */
const headerPath = process.env.STONE_FUSE_HEADER ?? "/usr/include/linux/fuse.h";

t.test("every opcode has one row, in the header's order", async (t) => {
  const numbers = opcodeRows.map((row) => row.opcode);
  t.strictSame(numbers, Object.values(abi.fuse_opcode));
  t.equal(new Set(numbers).size, numbers.length);
  for (const row of opcodeRows) t.equal(rowOf(row.opcode), row);
  for (const opcode of [0, 7, 19, 54, 4095, 0xffffffff]) t.equal(rowOf(opcode), unknownOpcode, `opcode ${opcode} is none`);
});

t.test("who serves nothing says why", async (t) => {
  for (const row of opcodeRows) {
    if (row.service.by === "nobody") t.match(row.service.reason, /\w+ .*[.,]/, row.name);
  }
});

t.test("what takes no reply", async (t) => {
  const silent = opcodeRows.filter((row) => row.answer === "none").map((row) => row.name);
  t.strictSame(silent, ["FORGET", "INTERRUPT", "NOTIFY_REPLY", "BATCH_FORGET"]);
});

t.test("a struct with a mistake in it does not load", async (t) => {
  t.throws(() => struct("odd", 12, { a: u32, b: u64 }), /would need padding/);
  t.throws(() => struct("short", 16, { a: u64 }), /has 8 bytes, the kernel's has 16/);
});

const skip = existsSync(headerPath) ? false : `there is no ${headerPath} (Debian package linux-libc-dev)`;

t.test("the installed kernel header says the same", { skip }, async (t) => {
  const header = parseHeader(readFileSync(headerPath, "utf8"));
  const ours: Record<string, unknown> = { ...abi };
  t.ok(header.opcodes.size >= 50, "it lists opcodes");
  for (const [name, number] of header.opcodes) t.equal(Object.entries(abi.fuse_opcode).find(([key]) => key === name)?.[1], number, name);
  t.ok(header.constants.size >= 60, "it lists flags");
  for (const [name, value] of header.constants) {
    if (ours[name] !== undefined) t.equal(ours[name], value, name);
    else t.match(name, /^(CUSE_|FUSE_WRITE_KILL_PRIV)/, `${name} is known`);
  }
  let compared = 0;
  for (const [name, theirs] of header.structs) {
    const layout = ours[name] as Record<string, number> | undefined;
    if (layout === undefined) continue;
    compared++;
    t.equal(layout.SIZE, theirs.size, `sizeof ${name}`);
    for (const [field, offset] of theirs.offsets) {
      // Reserved room shrinks, and a flexible name is not ours, as versions go on.
      if (!/^(name|unused|padding|spare|dummy)/.test(field) && layout[field] !== undefined)
        t.equal(layout[field], offset, `${name}.${field}`);
    }
  }
  t.ok(compared >= 55, `${compared} structs compared`);
});
