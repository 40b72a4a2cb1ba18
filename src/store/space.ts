import { closeSync, existsSync, ftruncateSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { ENOSPC, FsError } from "../base/errno.js";
import { logLine } from "../base/log.js";
import { zeros } from "../base/zeros.js";
import type { Connection } from "../db/connection.js";

/** Room left free for the next batch's log and for dropping history. */
const marginBytes = 8 * 1024 * 1024;
/** Removing goes on in this much of the margin: it makes rows too, but people remove to make room. */
const removalMarginBytes = 2 * 1024 * 1024;
/** How much may be taken before the host is asked again. */
const stepBytes = 1024 * 1024;
const reserveMaxBytes = 32 * 1024 * 1024;
/** Bytes a change without data costs at most: its rows, and the pages of the log they touch. */
const changeBytes = 1024;

/** What statfs(2) shows of the file system. */
export interface Space {
  readonly totalBytes: number;
  readonly freeBytes: number;
}

/**
 * Answers a full disk before a change is acknowledged: a batch's dirty bytes are written twice (log, then database), so twice that
 * and a margin must be free on the host, and within the size the mount was given.
 */
export class SpaceGuard {
  readonly #connection: Connection;
  readonly #directory: string;
  readonly #reservePath: string;
  readonly #limitBytes: number | undefined;
  /** Whether the reserve was set aside since this was opened, as far as there was room. */
  #reserved = false;
  #dirty = 0;
  #checkAt = 0;
  /** Bytes of log when the last batch ended. */
  #logBytes = 0;

  /** @param limitBytes how large the database may grow; undefined for as large as the host allows */
  constructor(connection: Connection, databasePath: string, limitBytes: number | undefined) {
    this.#connection = connection;
    this.#directory = dirname(databasePath);
    this.#reservePath = `${databasePath}-reserve`;
    this.#limitBytes = limitBytes;
  }

  /** Bytes that wait for the end of the batch. */
  get dirtyBytes(): number {
    return this.#dirty;
  }

  /** Bytes of log when the last batch ended. */
  get logBytes(): number {
    return this.#logBytes;
  }

  /** Counts a change of `bytes` of data, or refuses it with ENOSPC. None is taken before the reserve is there. */
  admit(bytes: number, kind: "growing" | "removing"): void {
    this.haveReserve();
    const dirty = this.#dirty + bytes + changeBytes;
    if (dirty > this.#checkAt) this.#check(dirty, kind);
    this.#dirty = dirty;
  }

  /** Bytes that were counted are on the host's disk already: they wait for the end of the batch no more. */
  placed(bytes: number): void {
    this.#dirty = Math.max(0, this.#dirty - bytes);
    this.#checkAt = Math.max(0, this.#checkAt - bytes);
  }

  /** The batch is in the database, whose log now has `logBytes`. */
  settle(logBytes: number): void {
    this.#logBytes = logBytes;
    this.#dirty = 0;
    this.#checkAt = 0;
  }

  /** The room of the whole file system and what is left of it. */
  space(): Space {
    const { usedBytes } = this.#connection.usage();
    const hostFree = Math.max(0, this.#hostFree() - marginBytes);
    if (this.#limitBytes === undefined) return { totalBytes: usedBytes + hostFree, freeBytes: hostFree };
    const free = Math.max(0, Math.min(this.#limitBytes - usedBytes - this.#dirty, hostFree));
    return { totalBytes: this.#limitBytes, freeBytes: free };
  }

  /** Whether the host has room for so much that is only convenient, and for as much again. */
  spares(bytes: number): boolean {
    return this.#hostFree() > 2 * bytes;
  }

  /** Sets the reserve aside unless that was done. */
  haveReserve(): void {
    if (!this.#reserved) this.reserve();
  }

  /** Sets the reserve aside, if the host has room for it. */
  reserve(): void {
    this.#reserved = true;
    const bytes = Math.min(reserveMaxBytes, Math.floor(this.#hostFree() / 16));
    let fd = -1;
    try {
      fd = openSync(this.#reservePath, "w", 0o600);
      for (let done = 0; done < bytes; ) done += writeSync(fd, zeros, 0, Math.min(zeros.length, bytes - done));
    } catch {
      if (fd !== -1) ftruncateSync(fd, 0);
      logLine("warning", `no room to set aside a reserve beside the database (${this.#reservePath})`);
    } finally {
      if (fd !== -1) closeSync(fd);
    }
  }

  /** Gives the reserve up, so that what was acknowledged can be written. */
  release(): void {
    if (!existsSync(this.#reservePath)) return;
    rmSync(this.#reservePath, { force: true });
  }

  #check(dirty: number, kind: "growing" | "removing"): void {
    const margin = kind === "removing" ? removalMarginBytes : marginBytes;
    const spare = this.#hostFree() - this.#logBytes - margin - 2 * dirty;
    if (spare < 0) throw new FsError(ENOSPC, "the disk that holds the database is full");
    let step = Math.min(stepBytes, spare / 4);
    if (this.#limitBytes !== undefined && kind === "growing") {
      const left = this.#limitBytes - this.#connection.usage().usedBytes - dirty;
      if (left < 0) throw new FsError(ENOSPC, "the file system has reached its size= limit; drop history with: stone gc --keep AGE");
      step = Math.min(step, left / 4);
    }
    this.#checkAt = dirty + step;
  }

  #hostFree(): number {
    const { bavail, bsize } = statfsSync(this.#directory);
    return bavail * bsize;
  }
}
