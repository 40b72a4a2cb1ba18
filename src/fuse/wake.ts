import { writeSync } from "node:fs";
import { checked, EFD_CLOEXEC, EFD_NONBLOCK, eventfd, read } from "./syscalls.js";

/**
 * A bell between threads: any thread of the process rings it, and the session's `poll` returns for it. An eventfd(2):
 * ringing several times before it is heard is heard once.
 */
export function openWake(): number {
  return checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
}

const one = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);

/** Rings. Needs no koffi, so the main thread can do it without loading anything. */
export function ringWake(fd: number): void {
  writeSync(fd, one);
}

const count = Buffer.alloc(8);

/** Was it rung since the last time this was asked? */
export function heardWake(fd: number): boolean {
  return read(fd, count, 8) === 8;
}
