/** Work in steps: each `next` does one. */
export type Steps<Result> = Generator<void, Result, void>;

/** Does what is left of it at one go. */
export function finish<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
