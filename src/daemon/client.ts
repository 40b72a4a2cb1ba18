import { createConnection, type Socket } from "node:net";
import { type Answer, type Hello, type Operation, type Operations, protocolVersion, RefusedError } from "./protocol.js";
import { socketPath, withShortPath } from "./socketpath.js";

/** A connection to the daemon of a database. */
export interface DaemonClient {
  readonly pid: number;
  /** Asks for one operation. Rejects with RefusedError when the daemon refuses, or Error when it ends before it answers. */
  ask<Op extends Operation>(op: Op, args: Operations[Op]["args"]): Promise<Operations[Op]["result"]>;
  /** Resolves when the daemon has ended and let go of the database. */
  ended(): Promise<void>;
  close(): void;
}

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** Connects to the daemon that has a database mounted. Resolves to undefined when there is none. */
export async function connectDaemon(database: string): Promise<DaemonClient | undefined> {
  const socket = await connect(socketPath(database));
  if (socket === undefined) return undefined;
  return await talk(socket, database);
}

function connect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      // ECONNREFUSED: the socket was left by a daemon that died.
      if (error.code === "ENOENT" || error.code === "ECONNREFUSED" || error.code === "ENOTDIR") resolve(undefined);
      else if (error.code === "EACCES") reject(new Error(`${path}: the daemon belongs to another user; try again as that user or as root`));
      else reject(error);
    };
    try {
      withShortPath(path, (short) => {
        const socket = createConnection(short);
        socket.once("error", fail);
        socket.once("connect", () => {
          socket.off("error", fail);
          resolve(socket);
        });
      });
    } catch (error) {
      fail(error as NodeJS.ErrnoException);
    }
  });
}

function talk(socket: Socket, database: string): Promise<DaemonClient> {
  const waiting = new Map<number, Waiting>();
  let nextId = 1;
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.setEncoding("utf8");
  return new Promise((resolve, reject) => {
    const clientOf = (pid: number): DaemonClient => ({
      pid,
      ask(op, args) {
        return new Promise((resolve, reject) => {
          const id = nextId++;
          waiting.set(id, { resolve, reject });
          socket.write(`${JSON.stringify({ id, op, args })}\n`);
        });
      },
      async ended() {
        // Loaded only here: it takes koffi, which most commands do without.
        const { waitUnlocked } = await import("./lock.js");
        await closed;
        await waitUnlocked(database);
      },
      close: () => socket.destroy(),
    });
    const receive = (line: string): void => {
      const message = JSON.parse(line) as Hello | Answer;
      if ("stonefs" in message) {
        if (message.stonefs === protocolVersion) resolve(clientOf(message.pid));
        else
          reject(new Error(`${database}: its daemon (pid ${message.pid}) is of another version of stonefs; unmount it with that version`));
        return;
      }
      const asked = waiting.get(message.id);
      waiting.delete(message.id);
      if ("error" in message) asked?.reject(new RefusedError(message.error));
      else asked?.resolve(message.ok as never);
    };
    let pending = "";
    socket.on("data", (text: string) => {
      const lines = (pending + text).split("\n");
      pending = lines.pop() ?? "";
      for (const line of lines) receive(line);
    });
    const fail = (): void => {
      const error = new Error(`${database}: its daemon ended before it answered; its log is ${database}.log`);
      reject(error);
      for (const asked of waiting.values()) asked.reject(error);
      waiting.clear();
    };
    // An error is always followed by "close".
    socket.on("error", () => {});
    socket.on("close", fail);
  });
}
