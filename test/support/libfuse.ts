import { accessSync } from "node:fs";
import { loadFuseNative } from "../../src/libfuse/package.js";

/** Why nothing can be mounted through fuse-native here, or false. */
export function whyNoLibfuse(): string | false {
  try {
    loadFuseNative();
    accessSync("/dev/fuse");
    return false;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
