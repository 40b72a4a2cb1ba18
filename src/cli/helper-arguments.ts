/** What a mount helper was asked for: the arguments of `stone mount` that say the same. */
export interface HelperRequest {
  readonly args: readonly string[];
  /** `mount -f`: everything but the mount. */
  readonly pretend: boolean;
}

/** Options that are flags of `stone mount`. */
const flagOf: Readonly<Record<string, string>> = { branch: "--branch", at: "--at" };
/** Single letters without an argument, as mount(8) documents them for helpers: sloppy, fake, no mtab, verbose. */
const letters = /^-[sfnv]+$/;

/** Reads a helper's command line, mount(8) "EXTERNAL HELPERS". Returns undefined for what is none. */
export function helperArguments(argv: readonly string[]): HelperRequest | undefined {
  const places: string[] = [];
  const flags: string[] = [];
  const options: string[] = [];
  let pretend = false;
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] as string;
    if (argument === "-o" || argument === "-t" || argument === "-N") {
      const value = argv[++index];
      if (value === undefined) return undefined;
      if (argument === "-o") readOptions(value, flags, options);
    } else if (letters.test(argument)) pretend ||= argument.includes("f");
    else if (argument.startsWith("-")) return undefined;
    else places.push(argument);
  }
  if (places.length !== 2) return undefined;
  const list = options.length === 0 ? [] : ["-o", options.join(",")];
  return { args: [...flags, ...list, "--", ...places], pretend };
}

function readOptions(list: string, flags: string[], options: string[]): void {
  for (const option of list.split(",")) {
    const equals = option.indexOf("=");
    const flag = equals < 0 ? undefined : flagOf[option.slice(0, equals)];
    if (flag !== undefined) flags.push(flag, option.slice(equals + 1));
    else if (option !== "") options.push(option);
  }
}
