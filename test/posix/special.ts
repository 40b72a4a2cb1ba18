/** FIFOs, sockets and device nodes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { fails } from "../support/fails.js";
import { makedev, mknod, S_IFBLK, S_IFCHR, S_IFIFO, S_IFREG, S_IFSOCK } from "../support/sys.js";
import type { Area } from "./case.js";

export const special: Area = {
  name: "special files",
  cases: [
    {
      name: "mknod makes regular files, FIFOs and sockets",
      run(directory, t) {
        mknod(join(directory, "file"), S_IFREG | 0o640);
        mknod(join(directory, "fifo"), S_IFIFO | 0o600);
        mknod(join(directory, "socket"), S_IFSOCK | 0o600);
        t.ok(fs.statSync(join(directory, "file")).isFile());
        t.equal(fs.statSync(join(directory, "file")).mode & 0o7777, 0o640);
        t.ok(fs.statSync(join(directory, "fifo")).isFIFO());
        t.ok(fs.statSync(join(directory, "socket")).isSocket());
        fails(t, "EEXIST", () => mknod(join(directory, "fifo"), S_IFIFO | 0o600), "again");
        const types = Object.fromEntries(fs.readdirSync(directory, { withFileTypes: true }).map((entry) => [entry.name, entry]));
        t.ok(types.fifo?.isFIFO());
        t.ok(types.socket?.isSocket());
      },
    },
    {
      name: "device nodes keep their numbers",
      needs: ["root"],
      run(directory, t) {
        mknod(join(directory, "null"), S_IFCHR | 0o666, makedev(1, 3));
        mknod(join(directory, "loop"), S_IFBLK | 0o660, makedev(7, 200));
        const character = fs.statSync(join(directory, "null"));
        t.ok(character.isCharacterDevice());
        t.equal(character.rdev, makedev(1, 3));
        const block = fs.statSync(join(directory, "loop"));
        t.ok(block.isBlockDevice());
        t.equal(block.rdev, makedev(7, 200));
      },
    },
    {
      name: "bytes go through a FIFO",
      async run(directory, t) {
        const path = join(directory, "fifo");
        mknod(path, S_IFIFO | 0o600);
        const reader = spawn("cat", [path], { stdio: ["ignore", "pipe", "inherit"] });
        let text = "";
        reader.stdout.on("data", (chunk: Buffer) => {
          text += chunk.toString();
        });
        const writer = spawn("sh", ["-c", `echo through > ${path}`]);
        await Promise.all([once(reader, "close"), once(writer, "close")]);
        t.equal(text, "through\n");
        t.equal(fs.statSync(path).size, 0);
      },
    },
    {
      name: "a server listens on a socket in the directory",
      async run(directory, t) {
        const path = join(directory, "s");
        const server = net.createServer((connection) => connection.end("hello"));
        server.listen(path);
        await once(server, "listening");
        const client = net.connect(path);
        let text = "";
        client.on("data", (chunk: Buffer) => {
          text += chunk.toString();
        });
        await once(client, "close");
        server.close();
        await once(server, "close");
        t.equal(text, "hello");
      },
    },
  ],
};
