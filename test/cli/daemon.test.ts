/** The parts of a daemon that need no mount: its lock, and the conversation on its control socket. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import t from "tap";
import { connectDaemon } from "../../src/daemon/client.js";
import { type Handlers, startControl } from "../../src/daemon/control.js";
import { LockedError, lockDatabase, lockPath, waitUnlocked } from "../../src/daemon/lock.js";
import { type MountOperation, mountOperations, protocolVersion, RefusedError } from "../../src/daemon/protocol.js";
import { socketPath, withShortPath } from "../../src/daemon/socketpath.js";
import { temporaryDirectory } from "../support/temporary.js";

const unused = Object.fromEntries(mountOperations.map((op) => [op, async () => ({})])) as unknown as Pick<Handlers, MountOperation>;

const handlers: Handlers = {
  ...unused,
  status: async () => {
    throw new Error("not now");
  },
  barrier: async () => ({}),
  gc: async ({ keepMicros }) => ({ rows: 1, blobs: 2, bytes: keepMicros }),
  unmount: async () => {
    throw new RefusedError({ message: "in use", code: "EBUSY" });
  },
  shutdown: async () => ({}),
  rollback: async ({ name }, peer) => {
    throw new RefusedError({ message: `${name} by ${peer.pid}, ${peer.uid}:${peer.gid}`, code: "EBUSY" });
  },
};

t.test("a second lock is refused and says who has the first", async (t) => {
  const database = join(temporaryDirectory(t), "a.db");
  const first = lockDatabase(database, "mounted on /somewhere");
  t.throws(() => lockDatabase(database, "stone gc"), new LockedError(database, { pid: process.pid, purpose: "mounted on /somewhere" }));
  first.release();
  t.notOk(existsSync(lockPath(database)), "released, it is gone");
  await waitUnlocked(database);
  lockDatabase(database, "stone gc").release();
});

t.test("a lock whose file was removed is released all the same", async (t) => {
  const database = join(temporaryDirectory(t), "a.db");
  const lock = lockDatabase(database, "test");
  rmSync(lockPath(database));
  lock.release();
  lockDatabase(database, "test").release();
});

t.test("waiting for a lock ends when it is released", async (t) => {
  const database = join(temporaryDirectory(t), "a.db");
  const lock = lockDatabase(database, "test");
  const order: string[] = [];
  const waited = waitUnlocked(database).then(() => order.push("free"));
  await new Promise((resolve) => setImmediate(resolve));
  order.push("released");
  lock.release();
  await waited;
  t.same(order, ["released", "free"]);
});

t.test("what a dead holder left is taken over", async (t) => {
  const database = join(temporaryDirectory(t), "a.db");
  writeFileSync(lockPath(database), "999999999\nmounted on /nowhere\n");
  const lock = lockDatabase(database, "test");
  t.equal(readFileSync(lockPath(database), "utf8"), `${process.pid}\ntest\n`);
  lock.release();
});

t.test("nobody listens: undefined, whether or not a socket was left", async (t) => {
  const database = join(temporaryDirectory(t), "a.db");
  t.equal(await connectDaemon(database), undefined);
  writeFileSync(socketPath(database), "");
  t.equal(await connectDaemon(database), undefined);
});

/** A database path in a directory so deep that its socket's path is longer than the kernel takes. */
function deepPath(base: string, name: string): string {
  const directory = join(base, "d".repeat(100), "e".repeat(100));
  mkdirSync(directory, { recursive: true });
  return join(directory, name);
}

for (const [what, name] of [
  ["a long path", "a.db"],
  ["a long name", `${"n".repeat(200)}.db`],
] as const) {
  t.test(`requests and answers over ${what}`, async (t) => {
    const database = deepPath(temporaryDirectory(t), name);
    const control = await startControl(socketPath(database), handlers);
    t.equal(statSync(socketPath(database)).mode & 0o777, 0o600, "only its owner may connect");
    const client = await connectDaemon(database);
    if (client === undefined) throw new Error("nobody listens");
    t.equal(client.pid, process.pid);
    const both = await Promise.all([client.ask("gc", { keepMicros: 7 }), client.ask("barrier", {})]);
    t.same(both, [{ rows: 1, blobs: 2, bytes: 7 }, {}]);
    await t.rejects(client.ask("unmount", { how: "plain" }), { message: "in use", code: "EBUSY" });
    await t.rejects(client.ask("status", {}), { message: "not now" });
    const self = `${process.pid}, ${process.geteuid?.()}:${process.getegid?.()}`;
    await t.rejects(client.ask("rollback", { name: "tx" }), { message: `tx by ${self}` }, "the kernel tells who asks");
    client.close();
    control.close();
    t.notOk(existsSync(socketPath(database)));
  });
}

t.test("what is no request is refused, and the connection lives on", async (t) => {
  const database = join(temporaryDirectory(t), "a.db");
  const control = await startControl(socketPath(database), handlers);
  const socket = withShortPath(socketPath(database), (path) => createConnection(path));
  socket.setEncoding("utf8");
  const lines: string[] = [];
  const fourLines = new Promise<void>((resolve) => {
    let text = "";
    socket.on("data", (chunk: string) => {
      text += chunk;
      lines.splice(0, lines.length, ...text.split("\n").slice(0, -1));
      if (lines.length === 4) resolve();
    });
  });
  socket.write('nonsense\n{"id":1,"op":"toString","args":{}}\n{"id":2,"op":"barrier","args":{}}\n');
  await fourLines;
  socket.destroy();
  control.close();
  const messages = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  t.match(messages[0], { stonefs: protocolVersion, pid: process.pid });
  t.match(messages[1], { id: 0, error: { code: "EPROTO" } });
  t.match(messages[2], { id: 0, error: { code: "EPROTO" } });
  t.same(messages[3], { id: 2, ok: {} });
});
