/** What a driver does between two requests for whoever it serves. Never called during a handler. */
export interface Housekeeping {
  /** How many milliseconds from now `onTick` wants to be called: 0 or less for at once, Infinity for never. Asked often; must be cheap. */
  nextDeadlineMillis(): number;
  /** The time that nextDeadlineMillis gave is over. Under load it may come a few requests late. */
  onTick(): void;
  /** A request was answered; called after each, so it must be cheap. */
  afterRequest(): void;
  /** No request waits: time for some microseconds of other work. Returns whether there was any; then it is called again, before any sleep. */
  onIdle(): boolean;
  /** A handler threw what is no FsError: its request was answered EIO, and it was logged. */
  onFault(error: unknown): void;
}
