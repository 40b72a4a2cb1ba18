import type { Steps } from "../base/steps.js";

interface Job {
  readonly step: () => boolean;
  readonly fail: (error: unknown) => void;
}

/** Long work that the worker does in steps between the kernel's requests. */
export class Jobs {
  readonly #jobs: Job[] = [];

  /** Whether there is work to do. */
  get waiting(): boolean {
    return this.#jobs.length > 0;
  }

  /** Takes work on. `done` gets its result, `fail` what it throws. */
  add<Result>(steps: Steps<Result>, done: (result: Result) => void, fail: (error: unknown) => void): void {
    const step = (): boolean => {
      const { done: ended, value } = steps.next();
      if (ended === true) done(value as Result);
      return ended === true;
    };
    this.#jobs.push({ step, fail });
  }

  /** Does one step of the oldest work. */
  step(): void {
    const job = this.#jobs[0];
    if (job === undefined) return;
    try {
      if (job.step()) this.#jobs.shift();
    } catch (error) {
      this.#jobs.shift();
      job.fail(error);
    }
  }
}
