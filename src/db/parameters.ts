/** A statement's text with positional `?` in place of `$n`, and which parameter each `?` takes. */
export interface Positional {
  readonly text: string;
  /** For each `?` the index into the parameters; undefined when they already stand in that order, once each. */
  readonly order: readonly number[] | undefined;
}

/** Rewrites numbered parameters for engines that only take `?`. The schema's SQL holds no `$` in literals. */
export function toPositional(sql: string): Positional {
  const order: number[] = [];
  const text = sql.replace(/\$(\d+)/g, (_, digits: string) => {
    order.push(Number(digits) - 1);
    return "?";
  });
  const inOrder = order.every((parameter, position) => parameter === position);
  return { text, order: inOrder ? undefined : order };
}
