import { closeSync, openSync, readSync } from "node:fs";
import type { Processes } from "../store/processes.js";

/** A process's identity is trusted this long before its start time is compared again (pids are used again). */
const trustMillis = 1000;
const maxKnown = 4096;
/** Kernel ticks of /proc/PID/stat, which are 100 a second on every architecture Linux still supports. */
const ticksPerSecond = 100;

interface Known {
  readonly id: number;
  readonly group: number;
  readonly startTicks: number;
  checkedAt: number;
}

/**
 * Finds the row of the process that makes a request. The kernel gives a thread's id; /proc gives its process, start time, parent and name.
 * Only `status` and `stat` are read: `cmdline` or `environ` of a process that waits for this very mount would hang both.
 */
export class Callers {
  readonly #processes: Processes;
  readonly #onNew: (id: number, pid: number) => void;
  readonly #nobody: number;
  readonly #byThread = new Map<number, Known>();
  readonly #byProcess = new Map<string, number>();
  readonly #buffer = Buffer.alloc(4096);
  readonly #bootMicros: number;

  /**
   * @param onNew told of every process seen for the first time, so that somebody else can look up the rest
   * @param nobody the process as which a driver asks that knows no callers
   */
  constructor(processes: Processes, onNew: (id: number, pid: number) => void, nobody = 0) {
    this.#processes = processes;
    this.#nobody = nobody;
    processes.usedBy(() => [...this.#byProcess.values(), ...[...this.#byThread.values()].map(({ id }) => id)]);
    this.#onNew = onNew;
    const boot = /^btime (\d+)$/m.exec(this.#read("/proc/stat"));
    this.#bootMicros = Number(boot?.[1] ?? 0) * 1e6;
  }

  /** The `process` row of a thread; null for the kernel itself (0) and for `nobody`. */
  processOf(thread: number, uid: number, gid: number): number | null {
    if (thread === 0 || thread === this.#nobody) return null;
    const now = performance.now();
    const known = this.#byThread.get(thread);
    if (known !== undefined && (now - known.checkedAt < trustMillis || this.#startTicks(known.group) === known.startTicks)) {
      known.checkedAt = now;
      return known.id;
    }
    return this.#learn(thread, uid, gid, now);
  }

  #learn(thread: number, uid: number, gid: number, now: number): number {
    const status = this.#read(`/proc/${thread}/status`);
    const group = Number(/^Tgid:\t(\d+)$/m.exec(status)?.[1] ?? thread);
    const startTicks = this.#startTicks(group);
    const key = `${group}:${startTicks}`;
    let id = this.#byProcess.get(key);
    if (id === undefined) {
      const parent = /^PPid:\t(\d+)$/m.exec(status)?.[1];
      id = this.#processes.add({
        pid: group,
        started: startTicks === 0 ? 0 : this.#bootMicros + Math.round((startTicks / ticksPerSecond) * 1e6),
        parent: parent === undefined ? null : Number(parent),
        uid,
        gid,
        name: /^Name:\t(.*)$/m.exec(status)?.[1] ?? "?",
      });
      this.#onNew(id, group);
      if (this.#byProcess.size >= maxKnown) this.#byProcess.clear();
      this.#byProcess.set(key, id);
    }
    if (this.#byThread.size >= maxKnown) this.#byThread.clear();
    this.#byThread.set(thread, { id, group, startTicks, checkedAt: now });
    return id;
  }

  /** Field 22 of /proc/PID/stat; 0 when the process is gone. The name in field 2 may hold anything, so fields count from its end. */
  #startTicks(pid: number): number {
    const stat = this.#read(`/proc/${pid}/stat`);
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? 0);
  }

  #read(path: string): string {
    try {
      const fd = openSync(path, "r");
      try {
        return this.#buffer.toString("utf8", 0, readSync(fd, this.#buffer, 0, this.#buffer.length, null));
      } finally {
        closeSync(fd);
      }
    } catch {
      return "";
    }
  }
}
