import fs from "node:fs";

/** The descriptor of this process that was last opened on a file. */
export function newestDescriptorOf(path: string): number {
  const real = fs.realpathSync(path);
  const numbers = fs.readdirSync("/proc/self/fd").map(Number);
  return Math.max(...numbers.filter((number) => linkOf(number) === real));
}

/** What a descriptor is open on; undefined when it is none any more. */
function linkOf(number: number): string | undefined {
  try {
    return fs.readlinkSync(`/proc/self/fd/${number}`);
  } catch {
    return undefined;
  }
}
