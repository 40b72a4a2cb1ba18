import { writeSync } from "node:fs";
import { type Name, nameText } from "../base/bytes.js";

/** Prints one line. Synchronous, so that nothing is lost when the process ends; a reader that went away (`| head`) is no error. */
export function printLine(text: string): void {
  write(1, text);
}

export function printError(text: string): void {
  write(2, text);
}

function write(fd: number, text: string): void {
  writeAll(fd, Buffer.from(`${text}\n`));
}

function writeAll(fd: number, bytes: Uint8Array): boolean {
  let rest = bytes;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EPIPE") return false;
      // A pipe that someone else made non-blocking and that is full: its reader is at work.
      if (code !== "EAGAIN") throw error;
    }
  }
  return true;
}

/** Prints a value as JSON, for programs. */
export function printJson(value: unknown): void {
  printLine(JSON.stringify(value, undefined, 2));
}

/** A file's name, or a path's, for a person: UTF-8, with what would move the cursor escaped as `\x1b`. */
export function showName(name: Name): string {
  const escaped = (character: string): string => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  return nameText(name).replace(/\p{Cc}/gu, escaped);
}

/** The components of a path, for a person. The root is `/`. */
export function showPath(components: readonly Name[]): string {
  return `/${components.map(showName).join("/")}`;
}

/** Writes bytes as they are. Returns false when nobody reads them any more. */
export function writeBytes(bytes: Uint8Array): boolean {
  return writeAll(1, bytes);
}

/** Bytes as a person reads them: `512`, `4.0K`, `1.5G`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return String(bytes);
  const units = ["K", "M", "G", "T", "P"];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1)}${units[unit]}`;
}
