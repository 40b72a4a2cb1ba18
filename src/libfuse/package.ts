import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import koffi from "koffi";
import { MountError } from "../fuse/mount-error.js";

/** The version whose inner workings native.ts knows. */
export const fuseNativeVersion = "2.2.6";

/** Answers an operation: 0, or a result that is a count, or a negative errno; then what else it returns. */
export type Signal = (result: number, ...more: readonly unknown[]) => void;

/** The handler of one operation as the package's native part calls it: with the block of its thread (block.ts), and the operation's number. */
export type NativeHandler = (block: Buffer, operation: number, ...args: readonly unknown[]) => void;

/** What is used of the package's class. Its methods `_op_NAME`, one for each operation, take a Signal and what the operation is given. */
export interface Fuse {
  /** Struct fuse_thread_t of the package, once mounting has begun. */
  readonly _thread: Buffer | null;
  /** libfuse's command line. */
  _fuseOptions(): string;
  /** The handlers by operation number. */
  _makeHandlerArray(): (NativeHandler | undefined)[];
  mount(callback: (error: Error | null) => void): void;
}

export interface FuseClass {
  /** @param operations has a property for each operation that is to be served */
  new (mountPoint: string, operations: Readonly<Record<string, unknown>>, options: { readonly timeout: false }): Fuse;
}

/** Where the package of this program lies, for whoever is to install something there. */
const home = fileURLToPath(new URL("../../..", import.meta.url));

function said(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n")[0] as string) : String(error);
}

/**
 * libfuse 2 is the system's; where it has none, the one that came with the package: the loader takes what is loaded already by its name.
 * Throws when there is neither.
 */
function loadWithOwnLibrary(load: NodeJS.Require): FuseClass {
  const { lib } = createRequire(load.resolve("fuse-native"))("fuse-shared-library") as { lib: string };
  koffi.load(lib);
  return load("fuse-native") as FuseClass;
}

/** Loads the optional package. Throws MountError with what to do when it, or libfuse, is not there. */
export function loadFuseNative(): FuseClass {
  const load = createRequire(import.meta.url);
  let version: unknown;
  try {
    ({ version } = load("fuse-native/package.json") as { version: unknown });
  } catch {
    throw new MountError(
      `driver=fuse-native: the package fuse-native is not installed; install it with: npm install --no-save --prefix ${home} fuse-native@${fuseNativeVersion}`,
    );
  }
  if (version !== fuseNativeVersion) {
    throw new MountError(`driver=fuse-native: fuse-native ${version} is installed, but only ${fuseNativeVersion} is known to work`);
  }
  try {
    return load("fuse-native") as FuseClass;
  } catch (error) {
    try {
      return loadWithOwnLibrary(load);
    } catch {
      throw new MountError(`driver=fuse-native: libfuse 2 cannot be loaded (${said(error)}); Debian: sudo apt-get install libfuse2`);
    }
  }
}
