import { EIO, FsError } from "../base/errno.js";
import { logLine } from "../base/log.js";
import { modificationTime } from "./block.js";
import { fromHalves, listedStat, nameIn, nameOut, statfsOf, statOf, targetOut } from "./conversions.js";
import type { Operations } from "./operations.js";
import type { Fuse, FuseClass, NativeHandler, Signal } from "./package.js";

/** Told after each operation, and of what an operation threw that is no refusal. */
export interface DeviceHooks {
  afterRequest(): void;
  onFault(error: unknown): void;
}

/** What is not here the kernel, or libfuse, does without; what it then does is told in README.md ("The second driver"). */
const served = [
  "getattr",
  "fgetattr",
  "readlink",
  "mknod",
  "mkdir",
  "unlink",
  "rmdir",
  "symlink",
  "rename",
  "link",
  "chmod",
  "chown",
  "truncate",
  "ftruncate",
  "utimens",
  "open",
  "create",
  "read",
  "write",
  "release",
  "fsync",
  "fsyncdir",
  "statfs",
  "setxattr",
  "getxattr",
  "listxattr",
  "removexattr",
  "readdir",
];

/**
 * A mount through fuse-native: the package's class, with the methods that take what libfuse asks replaced. The package's own pass on too
 * little (no handle to fgetattr, no size to getxattr), and turn times and numbers around twice. Numbers of 64 bits come in two halves.
 * A buffer is libfuse's memory until its operation is signalled, which must give it back.
 */
export function openDevice(
  fuseClass: FuseClass,
  mountPoint: string,
  libfuseOptions: string,
  operations: Operations,
  hooks: DeviceHooks,
): Fuse {
  /** The block of the operation that is handled now. */
  let block: Buffer = Buffer.alloc(0);

  /** Carries an operation out and signals it: what it returns, or its refusal. `more` is signalled after that. */
  function answer(signal: Signal, operate: () => number, ...more: readonly unknown[]): void {
    let result: number;
    try {
      result = operate();
    } catch (error) {
      if (!(error instanceof FsError)) {
        const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
        logLine("error", `an operation failed, its answer is EIO: ${stack}`);
        hooks.onFault(error);
      }
      result = -(error instanceof FsError ? error.errno : EIO);
    }
    signal(result, ...more);
    hooks.afterRequest();
  }

  /** For operations that return nothing. */
  function done(signal: Signal, operate: () => void): void {
    answer(signal, () => {
      operate();
      return 0;
    });
  }

  /** For operations that return an object beside their result; `otherwise` stands for it when they are refused. */
  function give(signal: Signal, operate: () => readonly unknown[], otherwise: readonly unknown[]): void {
    let more = otherwise;
    answer(
      (result) => signal(result, ...more),
      () => {
        more = operate();
        return 0;
      },
    );
  }

  const noStat = [new Uint32Array(18)];

  class Device extends fuseClass {
    constructor() {
      super(mountPoint, Object.fromEntries(served.map((name) => [name, true])), { timeout: false });
    }

    override _fuseOptions(): string {
      return libfuseOptions;
    }

    override _makeHandlerArray(): (NativeHandler | undefined)[] {
      return super._makeHandlerArray().map(
        (handler) =>
          handler &&
          ((own, ...rest) => {
            block = own;
            handler(own, ...rest);
          }),
      );
    }

    _op_getattr(signal: Signal, path: string): void {
      give(signal, () => [statOf(operations.getattr(nameIn(path)))], noStat);
    }

    _op_fgetattr(signal: Signal, _path: string, fh: number): void {
      give(signal, () => [statOf(operations.fgetattr(fh))], noStat);
    }

    _op_statfs(signal: Signal): void {
      give(signal, () => [statfsOf(operations.statfs())], [new Uint32Array(11)]);
    }

    _op_readlink(signal: Signal, path: string): void {
      give(signal, () => [targetOut(operations.readlink(nameIn(path)))], [""]);
    }

    _op_readdir(signal: Signal, path: string): void {
      const list = (): unknown[] => {
        const entries = operations.readdir(nameIn(path));
        return [entries.map(({ name }) => nameOut(name)), entries.map(({ type, inoLo, inoHi }) => listedStat(type, inoLo, inoHi))];
      };
      give(signal, list, [[], []]);
    }

    _op_mknod(signal: Signal, path: string, mode: number, device: number): void {
      done(signal, () => operations.mknod(nameIn(path), mode, device));
    }

    _op_mkdir(signal: Signal, path: string, mode: number): void {
      done(signal, () => operations.mkdir(nameIn(path), mode));
    }

    _op_unlink(signal: Signal, path: string): void {
      done(signal, () => operations.unlink(nameIn(path)));
    }

    _op_rmdir(signal: Signal, path: string): void {
      done(signal, () => operations.rmdir(nameIn(path)));
    }

    _op_symlink(signal: Signal, target: string, path: string): void {
      done(signal, () => operations.symlink(nameIn(target), nameIn(path)));
    }

    _op_rename(signal: Signal, from: string, to: string): void {
      done(signal, () => operations.rename(nameIn(from), nameIn(to)));
    }

    _op_link(signal: Signal, path: string, to: string): void {
      done(signal, () => operations.link(nameIn(path), nameIn(to)));
    }

    _op_chmod(signal: Signal, path: string, mode: number): void {
      done(signal, () => operations.chmod(nameIn(path), mode));
    }

    _op_chown(signal: Signal, path: string, uid: number, gid: number): void {
      done(signal, () => operations.chown(nameIn(path), uid, gid));
    }

    _op_truncate(signal: Signal, path: string, sizeLow: number, sizeHigh: number): void {
      done(signal, () => operations.truncate(nameIn(path), fromHalves(sizeLow, sizeHigh)));
    }

    _op_ftruncate(signal: Signal, _path: string, fh: number, sizeLow: number, sizeHigh: number): void {
      done(signal, () => operations.ftruncate(fh, fromHalves(sizeLow, sizeHigh)));
    }

    _op_utimens(signal: Signal, path: string, atimeLow: number, atimeHigh: number): void {
      const atime = BigInt.asIntN(64, (BigInt(atimeHigh) << 32n) | BigInt(atimeLow));
      done(signal, () => operations.utimens(nameIn(path), Number(atime), Number(modificationTime(block, atime))));
    }

    _op_open(signal: Signal, path: string, flags: number): void {
      give(signal, () => [operations.open(nameIn(path), flags)], []);
    }

    _op_create(signal: Signal, path: string, mode: number): void {
      give(signal, () => [operations.create(nameIn(path), mode)], []);
    }

    _op_release(signal: Signal, _path: string, fh: number): void {
      done(signal, () => operations.release(fh));
    }

    _op_fsync(signal: Signal, _path: string, _dataOnly: number, fh: number): void {
      done(signal, () => operations.fsync(fh));
    }

    _op_fsyncdir(signal: Signal): void {
      done(signal, () => operations.fsyncdir());
    }

    _op_read(signal: Signal, _path: string, fh: number, into: Buffer, _length: number, low: number, high: number): void {
      answer(signal, () => operations.read(fh, fromHalves(low, high), into), 0, into.buffer);
    }

    _op_write(signal: Signal, _path: string, fh: number, data: Buffer, _length: number, low: number, high: number): void {
      answer(signal, () => operations.write(fh, fromHalves(low, high), data), 0, data.buffer);
    }

    _op_getxattr(signal: Signal, path: string, name: string, into: Buffer): void {
      answer(signal, () => operations.getxattr(nameIn(path), nameIn(name), into), into.buffer);
    }

    _op_listxattr(signal: Signal, path: string, into: Buffer): void {
      answer(signal, () => operations.listxattr(nameIn(path), into), into.buffer);
    }

    _op_setxattr(signal: Signal, path: string, name: string, value: Buffer, _position: number, flags: number): void {
      // The value is kept for longer than the operation takes.
      const set = (): number => {
        operations.setxattr(nameIn(path), nameIn(name), Buffer.from(value), flags);
        return 0;
      };
      answer(signal, set, value.buffer);
    }

    _op_removexattr(signal: Signal, path: string, name: string): void {
      done(signal, () => operations.removexattr(nameIn(path), nameIn(name)));
    }
  }

  return new Device();
}
