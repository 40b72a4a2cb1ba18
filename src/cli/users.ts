import { readFileSync } from "node:fs";

/** The names of this machine's users, by number. */
export function userNames(): (uid: number) => string {
  const names = new Map<number, string>();
  try {
    for (const line of readFileSync("/etc/passwd", "utf8").split("\n")) {
      const [name, , uid] = line.split(":");
      if (name && uid && !names.has(Number(uid))) names.set(Number(uid), name);
    }
  } catch {
    // A machine without the file has numbers only.
  }
  return (uid) => names.get(uid) ?? String(uid);
}
