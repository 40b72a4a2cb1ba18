import { unlinkSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { peerOf } from "./native.js";
import {
  type Answer,
  type Hello,
  type Operation,
  type Operations,
  type Peer,
  protocolVersion,
  type Refusal,
  RefusedError,
  type Request,
} from "./protocol.js";
import { withShortPath } from "./socketpath.js";

/** What the daemon does for each operation of its control socket. A rejection with a `Refusal` or an Error is told to the client. */
export type Handlers = { readonly [Op in Operation]: (args: Operations[Op]["args"], peer: Peer) => Promise<Operations[Op]["result"]> };

/** A line longer than this is no request of ours. */
const lineMaxChars = 1 << 20;

/** The server end of the control socket. */
export interface ControlServer {
  /** Takes the socket away. Open connections stay until the process ends, which is how clients learn that it has. */
  close(): void;
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof RefusedError && error.code !== undefined) return { message: error.message, code: error.code };
  return { message: error instanceof Error ? error.message : String(error) };
}

function isRequest(value: unknown, handlers: Handlers): value is Request {
  if (typeof value !== "object" || value === null) return false;
  const { id, op, args } = value as Record<string, unknown>;
  return typeof id === "number" && typeof op === "string" && Object.hasOwn(handlers, op) && typeof args === "object" && args !== null;
}

async function answerLine(line: string, handlers: Handlers, peer: Peer): Promise<Answer> {
  let request: unknown;
  try {
    request = JSON.parse(line);
  } catch {
    return { id: 0, error: { message: "not a line of JSON", code: "EPROTO" } };
  }
  if (!isRequest(request, handlers)) return { id: 0, error: { message: `not a request of protocol ${protocolVersion}`, code: "EPROTO" } };
  try {
    const handler = handlers[request.op] as (args: unknown, peer: Peer) => Promise<Operations[Operation]["result"]>;
    return { id: request.id, ok: await handler(request.args, peer) };
  } catch (error) {
    return { id: request.id, error: refusalOf(error) };
  }
}

/** The kernel's word for who is at the other end. Node has no function for it, nor one for a socket's descriptor. */
function peerAt(socket: Socket): Peer {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: number } };
  return peerOf(handle?.fd ?? -1);
}

function converse(socket: Socket, handlers: Handlers): void {
  const peer = peerAt(socket);
  const hello: Hello = { stonefs: protocolVersion, pid: process.pid };
  socket.setEncoding("utf8");
  // A client that goes away mid-answer is its own affair.
  socket.on("error", () => socket.destroy());
  socket.write(`${JSON.stringify(hello)}\n`);
  let pending = "";
  socket.on("data", (text: string) => {
    const lines = (pending + text).split("\n");
    pending = lines.pop() ?? "";
    if (pending.length > lineMaxChars) socket.destroy();
    for (const line of lines) void answerLine(line, handlers, peer).then((answer) => socket.write(`${JSON.stringify(answer)}\n`));
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", resolve);
    // The umask, not a later chmod, so that there is no moment at which others may connect.
    const umask = process.umask(0o177);
    try {
      withShortPath(path, (short) => server.listen(short));
    } finally {
      process.umask(umask);
    }
  });
}

/** Begins to listen at `path`, which belongs to whoever holds the database's lock: what an earlier daemon left there is removed. */
export async function startControl(path: string, handlers: Handlers): Promise<ControlServer> {
  removeSocket(path);
  const server = createServer((socket) => converse(socket, handlers));
  await listen(server, path);
  return {
    close() {
      removeSocket(path);
      // Not closed: libuv would remove the socket by the short path, whose descriptor may lead elsewhere by now.
      server.unref();
    },
  };
}

function removeSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
