import type { Test } from "tap";

/** Asserts that `action` fails with this errno name, whether Node or `sys` made the call. */
export function fails(t: Test, code: string, action: () => unknown, what: string): void {
  try {
    action();
  } catch (error) {
    t.equal((error as NodeJS.ErrnoException).code, code, `${what}: ${code}`);
    return;
  }
  t.fail(`${what}: expected ${code}, but it succeeded`);
}

/** Asserts that `action` fails with one of these, where file systems differ and programs accept each. */
export function failsWithOneOf(t: Test, codes: readonly string[], action: () => unknown, what: string): void {
  try {
    action();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    t.ok(codes.includes(code), `${what}: ${codes.join(" or ")}, got ${code}`);
    return;
  }
  t.fail(`${what}: expected ${codes.join(" or ")}, but it succeeded`);
}
