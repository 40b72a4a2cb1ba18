/** Builds messages byte by byte, one row a field, without the code under test. */

/** `[bytes, value, what it is]`; or text, which goes in as it is (latin1). */
export type Row = readonly [width: 1 | 2 | 4 | 8, value: number | bigint, field: string] | readonly [text: string, field: string];

function rowBytes(row: Row): Buffer {
  if (row.length === 2) return Buffer.from(row[0], "latin1");
  const [width, value] = row;
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return bytes.subarray(0, width);
}

export function wire(...rows: Row[]): Buffer {
  return Buffer.concat(rows.map(rowBytes));
}

/** A request: its header, which this fills in but for opcode and node, and its body. */
export function request(opcode: number, nodeid: bigint, ...body: Row[]): Buffer {
  const rest = wire(...body);
  const header = wire(
    [4, 40 + rest.length, "len"],
    [4, opcode, "opcode"],
    [8, 0x8000_0000_0000_0007n, "unique"],
    [8, nodeid, "nodeid"],
    [4, 1000, "uid"],
    [4, 100, "gid"],
    [4, 4242, "pid"],
    [2, 0, "total_extlen"],
    [2, 0, "padding"],
  );
  return Buffer.concat([header, rest]);
}

/** A reply to such a request: its header and its body. */
export function reply(error: number, ...body: Row[]): Buffer {
  const rest = wire(...body);
  return Buffer.concat([wire([4, 16 + rest.length, "len"], [4, error, "error"], [8, 0x8000_0000_0000_0007n, "unique"]), rest]);
}
