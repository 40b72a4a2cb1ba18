import { debugLog } from "../base/debug-log.js";
import { errnoName } from "../base/errno.js";
import * as abi from "./abi.js";
import { EmptyMessage, SetattrMessage } from "./messages.js";
import type { OpcodeRow } from "./opcodes.js";
import type { Request, RequestHeader } from "./request.js";
import type { WireReply } from "./wire-reply.js";

/** Writes one readable line for each request and each reply. There is none unless DEBUG names stone:fuse, so it costs nothing when off. */
export interface Trace {
  request(row: OpcodeRow, request: Request, problem: number): void;
  reply(row: OpcodeRow, header: RequestHeader, reply: WireReply): void;
}

/** The trace, or undefined when it is off. Ask once, not for each request. */
export function openTrace(): Trace | undefined {
  const log = debugLog("stone:fuse");
  if (!log.enabled) return undefined;
  return {
    request: (row, request, problem) => log("%s", describeRequest(row, request, problem)),
    reply: (row, header, reply) => log("%s", describeReply(row, header, reply)),
  };
}

/** An opaque 64-bit number in decimal, from its halves. */
function whole(lo: number, hi: number): string {
  return hi === 0 ? String(lo) : ((BigInt(hi) << 32n) | BigInt(lo)).toString();
}

function describeValue(value: unknown): string {
  if (Buffer.isBuffer(value)) return `<${value.length} bytes>`;
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** What SETATTR is to change: the fields that `valid` names. */
function describeSetattr(message: SetattrMessage): string {
  const { valid } = message;
  const words = [`valid=0x${valid.toString(16)}`];
  if ((valid & abi.FATTR_FH) !== 0) words.push(`fh=${message.fh}`);
  if ((valid & abi.FATTR_MODE) !== 0) words.push(`mode=${message.mode.toString(8)}`);
  if ((valid & abi.FATTR_UID) !== 0) words.push(`uid=${message.uid}`);
  if ((valid & abi.FATTR_GID) !== 0) words.push(`gid=${message.gid}`);
  if ((valid & abi.FATTR_SIZE) !== 0) words.push(`size=${message.size}`);
  if ((valid & abi.FATTR_ATIME) !== 0) words.push(`atime=${describeTime(message.atimeSec, message.atimeNsec)}`);
  if ((valid & abi.FATTR_MTIME) !== 0) words.push(`mtime=${describeTime(message.mtimeSec, message.mtimeNsec)}`);
  if ((valid & abi.FATTR_CTIME) !== 0) words.push(`ctime=${describeTime(message.ctimeSec, message.ctimeNsec)}`);
  return words.join(" ");
}

function describeTime(sec: number, nsec: number): string {
  return `${sec}.${String(nsec).padStart(9, "0")}`;
}

/** The message's own fields, in their order. */
function describeMessage(message: object): string {
  if (message instanceof EmptyMessage) return "";
  if (message instanceof SetattrMessage) return describeSetattr(message);
  return Object.entries(message)
    .map(([field, value]) => `${field}=${describeValue(value)}`)
    .join(" ");
}

/** `-> 12 LOOKUP node 1 uid 0 pid 77 name="x"`; for a malformed one the errno it will get instead of its fields. */
export function describeRequest(row: OpcodeRow, request: Request, problem: number): string {
  const { header } = request;
  const name = row.opcode === 0 ? `opcode ${header.opcode}` : row.name;
  const fields = problem > 0 ? `malformed: ${errnoName(problem)}` : describeMessage(row.message);
  const unique = whole(header.uniqueLo, header.uniqueHi);
  const node = whole(header.nodeidLo, header.nodeidHi);
  return `-> ${unique} ${name} node ${node} uid ${header.uid} gid ${header.gid} pid ${header.pid} ${fields}`.trimEnd();
}

const body = abi.fuse_out_header.SIZE;

function describeAttributes(view: DataView, at: number): string {
  const layout = abi.fuse_attr;
  const size = view.getUint32(at + layout.size + 4, true) * 4294967296 + view.getUint32(at + layout.size, true);
  const mode = view.getUint32(at + layout.mode, true).toString(8);
  const nlink = view.getUint32(at + layout.nlink, true);
  return `mode=${mode} nlink=${nlink} size=${size}`;
}

function describeEntry(view: DataView): string {
  const at = body + abi.fuse_entry_out.nodeid;
  const node = whole(view.getUint32(at, true), view.getUint32(at + 4, true));
  return node === "0" ? "negative" : `node ${node} ${describeAttributes(view, body + abi.fuse_entry_out.attr)}`;
}

function describeOpen(view: DataView, at: number): string {
  const fh = whole(view.getUint32(at + abi.fuse_open_out.fh, true), view.getUint32(at + abi.fuse_open_out.fh + 4, true));
  return `fh ${fh} flags ${view.getUint32(at + abi.fuse_open_out.open_flags, true)}`;
}

function describeBody(row: OpcodeRow, reply: WireReply): string {
  const { view } = reply;
  const bytes = reply.length - body;
  if (bytes === 0) return "ok";
  switch (row.answer) {
    case "entry":
      return describeEntry(view);
    case "create":
      return `${describeEntry(view)} ${describeOpen(view, body + abi.fuse_entry_out.SIZE)}`;
    case "attr":
      return describeAttributes(view, body + abi.fuse_attr_out.attr);
    case "open":
      return describeOpen(view, body);
    case "count":
      return `count ${view.getUint32(body, true)}`;
    default:
      return `${bytes} bytes`;
  }
}

/** `<- 12 LOOKUP node 5 mode=100644 nlink=1 size=3` or `<- 12 LOOKUP ENOENT`. */
export function describeReply(row: OpcodeRow, header: RequestHeader, reply: WireReply): string {
  const text = reply.errno === 0 ? describeBody(row, reply) : errnoName(reply.errno);
  return `<- ${whole(header.uniqueLo, header.uniqueHi)} ${row.name} ${text}`;
}
