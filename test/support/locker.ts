/** Another process that takes locks when told: they belong to processes, so that one process alone proves nothing. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";

/** A blocking call that a signal ends answers EINTR only where the handler was set without SA_RESTART, which Node cannot do. */
const script = `
import errno, fcntl, json, os, signal, struct, sys

class Interrupted(Exception):
    pass

def interrupted(number, frame):
    raise Interrupted()

signal.signal(signal.SIGUSR1, interrupted)
TYPES = {"read": fcntl.F_RDLCK, "write": fcntl.F_WRLCK, "none": fcntl.F_UNLCK}
NAMES = {value: name for name, value in TYPES.items()}
FLOCK = {"read": fcntl.LOCK_SH, "write": fcntl.LOCK_EX, "none": fcntl.LOCK_UN}
GETLK, SETLK, SETLKW = 5, 6, 7
OFD = 31

def lock(command, fd, kind, start, length):
    request = struct.pack("hhqqi4x", TYPES[kind], os.SEEK_SET, start, length, 0)
    answer = struct.unpack("hhqqi4x", fcntl.fcntl(fd, command, request))
    return [NAMES[answer[0]], answer[2], answer[3], answer[4]]

def add(path, kind, turns):
    fd = os.open(path, os.O_RDWR)
    for _ in range(turns):
        if kind == "flock": fcntl.flock(fd, fcntl.LOCK_EX)
        else: lock(SETLKW if kind == "posix" else SETLKW + OFD, fd, "write", 0, 0)
        number = int(os.pread(fd, 20, 0))
        os.pwrite(fd, b"%20d" % (number + 1), 0)
        if kind == "flock": fcntl.flock(fd, fcntl.LOCK_UN)
        else: lock(SETLK if kind == "posix" else SETLK + OFD, fd, "none", 0, 0)
    os.close(fd)

def child_tries(fd):
    pid = os.fork()
    if pid == 0:
        try:
            lock(SETLK, fd, "write", 0, 0)
            os._exit(0)
        except OSError as error:
            os._exit(error.errno)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return "ok" if status == 0 else errno.errorcode[status]

def perform(what, *args):
    if what == "open": return os.open(args[0], os.O_RDWR | os.O_CREAT, 0o600)
    if what == "open-read": return os.open(args[0], os.O_RDONLY)
    if what == "dup": return os.dup(args[0])
    if what == "close": return os.close(args[0])
    if what == "flock": return fcntl.flock(args[0], FLOCK[args[1]] | fcntl.LOCK_NB)
    if what == "flock-wait": return fcntl.flock(args[0], FLOCK[args[1]])
    if what == "posix": return lock(SETLK, *args) and None
    if what == "posix-wait": return lock(SETLKW, *args) and None
    if what == "posix-who": return lock(GETLK, *args)
    if what == "ofd": return lock(SETLK + OFD, *args) and None
    if what == "ofd-wait": return lock(SETLKW + OFD, *args) and None
    if what == "ofd-who": return lock(GETLK + OFD, *args)
    if what == "child-tries": return child_tries(*args)
    if what == "add": return add(*args)
    raise Exception(what)

for line in sys.stdin:
    try:
        answer = perform(*json.loads(line))
        answer = "ok" if answer is None else answer
    except Interrupted:
        answer = "EINTR"
    except OSError as error:
        # One number with two names.
        answer = errno.errorcode[error.errno].replace("EDEADLOCK", "EDEADLK")
    print(json.dumps(answer), flush=True)
`;

export type Answer = string | number | readonly (string | number)[];

export class Locker {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  #waiting: ((answer: Answer) => void)[] = [];
  #pending = "";

  constructor() {
    this.#child = spawn("python3", ["-c", script], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child.stdout.on("data", (chunk: Buffer) => {
      const lines = (this.#pending + chunk.toString()).split("\n");
      this.#pending = lines.pop() ?? "";
      for (const line of lines) this.#waiting.shift()?.(JSON.parse(line));
    });
    // A process that ended answers nothing more; whoever waits learns it.
    this.#child.on("close", () => {
      for (const resolve of this.#waiting.splice(0)) resolve("ended");
    });
    this.#child.stdin.on("error", () => {});
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Makes one call: "ok", a number, what holds the lock, or the name of the errno. */
  call(...request: readonly (string | number)[]): Promise<Answer> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    });
  }

  async open(path: string): Promise<number> {
    const fd = await this.call("open", path);
    if (typeof fd !== "number") throw new Error(`open ${path}: ${fd}`);
    return fd;
  }

  interrupt(): void {
    this.#child.kill("SIGUSR1");
  }

  async end(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, "close");
    this.#child.kill(signal);
    await closed;
  }
}

/** Two processes for a while. */
export async function withLockers(action: (one: Locker, two: Locker) => Promise<void>): Promise<void> {
  const [one, two] = [new Locker(), new Locker()];
  try {
    await action(one, two);
  } finally {
    await one.end();
    await two.end();
  }
}
