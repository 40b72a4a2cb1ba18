/** What carries requests from the kernel: this package's own driver, or libfuse 2 through the package fuse-native. */
export type DriverName = "kernel" | "fuse-native";

/** What `-o` says about a mount, with a value for everything. Sizes are bytes. */
export interface MountOptions {
  readonly driver: DriverName;
  readonly readOnly: boolean;
  readonly allowOther: boolean;
  /** The mounting user and root: by the mode that the root directory shows. */
  readonly allowRoot: boolean;
  readonly suid: boolean;
  readonly dev: boolean;
  readonly exec: boolean;
  /** The most the database may hold, history included; without it the disk decides. */
  readonly sizeBytes?: number;
  readonly cacheBytes: number;
  readonly blobCacheBytes: number;
  /** Whether the root lists `.history` and `.branches`, which resolve in either case. */
  readonly viewsVisible: boolean;
  /** Whether others than the mounting user may enter them. */
  readonly viewsOther: boolean;
  readonly dirHistory: boolean;
  readonly batchMillis: number;
  readonly batchBytes: number;
  readonly writeback: boolean;
  /** Whether the kernel opens files without asking. */
  readonly noOpen: boolean;
  /** Whether access control lists are kept and enforced; unless said, where the driver can. */
  readonly acl?: boolean;
  /** Owner, group and missing permission bits that all files show, whatever they have. */
  readonly uid?: number;
  readonly gid?: number;
  readonly umask?: number;
  /** Whether a read moves the access time on when it is older than a change, or a day. */
  readonly relatime: boolean;
  readonly maxReadBytes: number;
  /** Whether idle processors are kept awake while requests stream in; undefined: by the machine. */
  readonly fastWake?: boolean;
  /** The longest that the worker looks for the next request before it sleeps. */
  readonly spinMicros: number;
  readonly autoUnmount: boolean;
  /** What the mount table shows instead of the database's path, and after `fuse.` instead of `stonefs`. */
  readonly fsname?: string;
  readonly subtype?: string;
}

/** User and group ids but the last, which means "none". */
const idMax = 2 ** 32 - 2;
const KiB = 1024;
const MiB = 1024 * KiB;

export const defaultOptions: MountOptions = {
  driver: "kernel",
  readOnly: false,
  allowOther: false,
  allowRoot: false,
  suid: false,
  dev: false,
  exec: true,
  cacheBytes: 32 * MiB,
  blobCacheBytes: 16 * MiB,
  viewsVisible: false,
  viewsOther: false,
  dirHistory: false,
  batchMillis: 1000,
  batchBytes: MiB,
  writeback: false,
  noOpen: false,
  relatime: false,
  maxReadBytes: MiB,
  spinMicros: 50,
  autoUnmount: false,
};

/** A refusal of what someone typed: `message` names the value and what to type instead. */
export class OptionError extends Error {
  override readonly name = "OptionError";
}

/** One `-o` option. An option with an `argument` is written `name=ARGUMENT`, one without stands alone. */
interface OptionRow {
  readonly name: string;
  readonly argument?: string;
  readonly help: string;
  readonly set: (value: string) => Partial<MountOptions>;
}

function flag(name: string, set: Partial<MountOptions>, help: string): OptionRow {
  return { name, help, set: () => set };
}

function bytes(name: string, set: (bytes: number) => Partial<MountOptions>, help: string): OptionRow {
  return { name, argument: "SIZE", help, set: (value) => set(parseBytes(name, value)) };
}

function millis(name: string, set: (millis: number) => Partial<MountOptions>, help: string): OptionRow {
  const parse = (value: string): number => {
    if (!/^[0-9]{1,9}$/.test(value)) throw new OptionError(`-o ${name}=${value}: not a number of milliseconds, such as ${name}=500`);
    return Number(value);
  };
  return { name, argument: "MS", help, set: (value) => set(parse(value)) };
}

/** An option whose value is a number written in `base`, no greater than `most`. */
function number(
  name: string,
  argument: string,
  base: 8 | 10,
  most: number,
  set: (value: number) => Partial<MountOptions>,
  help: string,
): OptionRow {
  const digits = base === 8 ? /^[0-7]{1,5}$/ : /^[0-9]{1,10}$/;
  const parse = (text: string): Partial<MountOptions> => {
    const value = digits.test(text) ? Number.parseInt(text, base) : Number.NaN;
    if (!(value <= most))
      throw new OptionError(`-o ${name}=${text}: not ${base === 8 ? "an octal number up to" : "a number up to"} ${most.toString(base)}`);
    return set(value);
  };
  return { name, argument, help, set: parse };
}

function text(name: string, set: (value: string) => Partial<MountOptions>, help: string): OptionRow {
  const parse = (value: string): Partial<MountOptions> => {
    if (value === "") throw new OptionError(`-o ${name}=: needs a value`);
    return set(value);
  };
  return { name, argument: "NAME", help, set: parse };
}

function choice(name: string, choices: Readonly<Record<string, Partial<MountOptions>>>, help: string): OptionRow {
  const names = Object.keys(choices);
  const parse = (value: string): Partial<MountOptions> => {
    const chosen = Object.hasOwn(choices, value) ? choices[value] : undefined;
    if (chosen === undefined) throw new OptionError(`-o ${name}=${value}: must be ${names.join(" or ")}`);
    return chosen;
  };
  return { name, argument: names.join("|"), help, set: parse };
}

/** Every option there is, in the order the help lists them. Of two that contradict each other the later one on the command line holds. */
export const optionRows: readonly OptionRow[] = [
  flag("ro", { readOnly: true }, "refuse every change"),
  flag("rw", { readOnly: false }, "allow changes (default)"),
  flag("allow_other", { allowOther: true }, "let other users in (an ordinary user needs user_allow_other in /etc/fuse.conf)"),
  flag("allow_root", { allowRoot: true }, "let root in, but nobody else (an ordinary user needs user_allow_other in /etc/fuse.conf)"),
  flag("default_permissions", {}, "let the kernel check permissions (always on)"),
  flag("suid", { suid: true }, "honour set-user-id and set-group-id bits and file capabilities (root only)"),
  flag("nosuid", { suid: false }, "ignore them (default)"),
  flag("dev", { dev: true }, "honour device nodes (root only)"),
  flag("nodev", { dev: false }, "ignore them (default)"),
  flag("exec", { exec: true }, "allow programs to run (default)"),
  flag("noexec", { exec: false }, "refuse to run programs"),
  bytes(
    "size",
    (sizeBytes) => ({ sizeBytes }),
    "the most the database may hold, history included; df shows it (default: what the disk has)",
  ),
  bytes("cache_bytes", (cacheBytes) => ({ cacheBytes }), "memory for names and attributes (default 32M)"),
  bytes("blob_cache_bytes", (blobCacheBytes) => ({ blobCacheBytes }), "memory for file contents (default 16M)"),
  choice(
    "views",
    { hidden: { viewsVisible: false }, visible: { viewsVisible: true } },
    "whether the root lists .history (default hidden; it always resolves)",
  ),
  flag("views_other", { viewsOther: true }, "let others than the mounting user into .history"),
  flag("dirhistory", { dirHistory: true }, "give every directory a .history of its own; the name is then reserved everywhere"),
  millis("batch_ms", (batchMillis) => ({ batchMillis }), "the most time a change waits to be committed; fsync never waits (default 1000)"),
  bytes("batch_bytes", (batchBytes) => ({ batchBytes }), "the most written bytes that wait to be committed (default 1M)"),
  flag("writeback", { writeback: true }, "let the kernel gather writes; faster for small ones, but a crash loses what it held back"),
  flag("noopen", { noOpen: true }, "let the kernel open files without asking; faster, but versions end with the batch, not with close"),
  number("uid", "UID", 10, idMax, (uid) => ({ uid }), "show all files as this user's; what is stored stays"),
  number("gid", "GID", 10, idMax, (gid) => ({ gid }), "show all files as this group's"),
  number("umask", "MASK", 8, 0o777, (umask) => ({ umask }), "show all files with all permissions but these, octal"),
  flag("noatime", { relatime: false }, "an access time stays what it was set to (default): when the file was made, or by touch -a"),
  flag(
    "relatime",
    { relatime: true },
    "a read that reaches the daemon moves it on when it is older than a change or a day; history does not keep it",
  ),
  bytes(
    "max_read",
    (size) => ({ maxReadBytes: Math.max(4 * KiB, Math.min(MiB, size)) }),
    "the most bytes of one read request (default 1M)",
  ),
  flag("fastwake", { fastWake: true }, "keep idle processors awake during bursts of requests (default with at most 16; root only)"),
  flag("nofastwake", { fastWake: false }, "let them sleep"),
  number("spin", "MICROS", 10, 1000, (spinMicros) => ({ spinMicros }), "look that long for the next request before sleeping (default 50)"),
  flag("auto_unmount", { autoUnmount: true }, "unmount when the daemon dies, so that nothing dead is left"),
  text("fsname", (fsname) => ({ fsname }), "what mount and df show as the source; stone then no longer finds its database by the mount"),
  text("subtype", (subtype) => ({ subtype }), 'the type shown after "fuse." (default stonefs, by which stone knows its mounts)'),
  flag("acl", { acl: true }, "keep and enforce POSIX access control lists (default)"),
  flag("noacl", { acl: false }, "refuse them; permissions are the mode's alone, which saves a request for each file others look at"),
  choice(
    "driver",
    { kernel: { driver: "kernel" }, "fuse-native": { driver: "fuse-native" } },
    "what speaks with the kernel (default kernel): fuse-native is libfuse 2, with fewer abilities; see README.md",
  ),
];

/** What mount(8) and fstab(5) say about any file system: accepted, without effect here. */
// biome-ignore format: a list of words
const genericOptions = new Set([
  "defaults", "auto", "noauto", "nofail", "user", "nouser", "users", "owner", "group", "_netdev", "async", "atime", "norelatime",
  "diratime", "nodiratime", "strictatime", "lazytime", "nolazytime",
]);

const rowByName = new Map(optionRows.map((row) => [row.name, row]));

const suffixes: Readonly<Record<string, number>> = { "": 1, K: KiB, M: MiB, G: 1024 * MiB, T: 1024 * 1024 * MiB };

function parseBytes(name: string, text: string): number {
  const match = /^([0-9]{1,15})([KMGT]?)$/i.exec(text);
  const value = match ? Number(match[1]) * (suffixes[match[2]!.toUpperCase()] ?? Number.NaN) : Number.NaN;
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new OptionError(`-o ${name}=${text}: not a size; write bytes, or a number with K, M, G or T, such as ${name}=10G`);
}

function parseOne(text: string): Partial<MountOptions> {
  const equals = text.indexOf("=");
  const name = equals < 0 ? text : text.slice(0, equals);
  if (genericOptions.has(text) || name.startsWith("x-") || name === "comment") return {};
  const row = rowByName.get(name);
  if (row === undefined) throw new OptionError(`-o ${text}: unknown option. Known: ${optionRows.map(usage).join(", ")}`);
  if (row.argument === undefined && equals >= 0) throw new OptionError(`-o ${text}: ${name} takes no value`);
  if (row.argument !== undefined && equals < 0) throw new OptionError(`-o ${name}: needs a value, ${usage(row)}`);
  return row.set(text.slice(equals + 1));
}

function usage(row: OptionRow): string {
  return row.argument === undefined ? row.name : `${row.name}=${row.argument}`;
}

/** What fuse-native cannot do, where it would not show before something is lost. */
function refuseUncarried({ driver, allowOther, readOnly, writeback, noOpen, acl }: MountOptions): void {
  if (driver !== "fuse-native") return;
  const refuse = (option: string, why: string): never => {
    throw new OptionError(`-o ${option}: not with driver=fuse-native, ${why}`);
  };
  if (allowOther && !readOnly) refuse("allow_other", "which does not say who makes a file; let others only read, with allow_other,ro");
  if (acl === true) refuse("acl", "which has no access control lists");
  if (writeback) refuse("writeback", "which cannot ask the kernel for it");
  if (noOpen) refuse("noopen", "which always asks");
}

/** Reads the values of all `-o`, each a list with commas, as mount(8) does. Throws OptionError. */
export function parseMountOptions(lists: readonly string[]): MountOptions {
  const parts = lists.flatMap((list) => list.split(",")).filter((part) => part !== "");
  const options = Object.assign({}, defaultOptions, ...parts.map(parseOne)) as MountOptions;
  refuseUncarried(options);
  return options;
}

/** The table of options as the help prints it. */
export function describeOptions(): string {
  const width = Math.max(...optionRows.map((row) => usage(row).length));
  return optionRows.map((row) => `  ${usage(row).padEnd(width)}  ${row.help}`).join("\n");
}
