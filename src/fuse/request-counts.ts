import { fuse_opcode } from "./abi.js";
import { opcodeRows } from "./opcodes.js";

/** How many requests of each kind a session has served, for who asks what a program makes the kernel ask. */
export class RequestCounts {
  /** By opcode. The few beyond the last of a file system's own are not counted: no kernel sends them to a plain mount. */
  readonly #counts = new Uint32Array(fuse_opcode.FUSE_COPY_FILE_RANGE_64 + 1);

  add(opcode: number): void {
    if (opcode < this.#counts.length) this.#counts[opcode]! += 1;
  }

  /** By name as in `requests.LOOKUP`, those that came at all. */
  named(): Record<string, number> {
    const came = opcodeRows.filter(({ opcode }) => (this.#counts[opcode] ?? 0) > 0);
    return Object.fromEntries(came.map(({ name, opcode }) => [`requests.${name}`, this.#counts[opcode] ?? 0]));
  }
}
