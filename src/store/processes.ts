import { hostname } from "node:os";
import type { Connection, Statement } from "../db/connection.js";
import type { Writer } from "./writer.js";

/** What is known of a process when it first acts. Times in microseconds since 1970; `started` 0 when it was gone already. */
export interface ProcessFacts {
  readonly pid: number;
  readonly started: number;
  readonly parent: number | null;
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

/** What is looked up afterwards, by a helper. */
export interface ProcessDetails {
  readonly executable: string | null;
  readonly arguments: readonly string[] | null;
  readonly directory: string | null;
}

/** The `process` table: who acted. */
export class Processes {
  readonly #writer: Writer;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #host = hostname();
  readonly #users: (() => Iterable<number>)[] = [];
  #next: number;

  constructor(connection: Connection, writer: Writer) {
    this.#writer = writer;
    this.#insert = connection.prepare(
      "INSERT INTO process (id, pid, started, parent, uid, gid, name, host) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    );
    this.#update = connection.prepare("UPDATE process SET executable = $2, arguments = $3, directory = $4 WHERE id = $1");
    const [last] = connection.prepare<readonly [number | null]>("SELECT max(id) FROM process").get([]) ?? [null];
    this.#next = (last ?? 0) + 1;
  }

  /** Adds a process. Returns its id. */
  add(facts: ProcessFacts): number {
    const id = this.#next++;
    const { pid, started, parent, uid, gid, name } = facts;
    this.#writer.run(this.#insert, [id, pid, started, parent, uid, gid, name, this.#host]);
    return id;
  }

  /** Somebody remembers ids of processes, which may act by them: `ids` says which. */
  usedBy(ids: () => Iterable<number>): void {
    this.#users.push(ids);
  }

  /** Processes that may act by the row they have. */
  inUse(): Set<number> {
    return new Set(this.#users.flatMap((ids) => [...ids()]));
  }

  /** Completes a process's row. */
  describe(id: number, details: ProcessDetails): void {
    const args = details.arguments === null ? null : JSON.stringify(details.arguments);
    this.#writer.run(this.#update, [id, details.executable, args, details.directory]);
  }
}
