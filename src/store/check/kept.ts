import type { Connection } from "../../db/connection.js";
import { readMeta } from "../meta.js";

/** The moments of a branch before the horizon that retention keeps, and the horizon, in order; none where nothing was dropped. */
export function keptMoments(connection: Connection, branch: number): readonly number[] {
  const horizon = Number(readMeta(connection, "horizon") ?? 0);
  if (horizon === 0) return [];
  const kept = connection.prepare<readonly [number]>(
    `SELECT event AS moment FROM snapshot WHERE event < $2
     UNION SELECT forked_at FROM branch WHERE parent IS NOT NULL AND forked_at < $2
     UNION SELECT source_event FROM merge WHERE source = $1 AND source_event < $2 ORDER BY 1`,
  );
  return [...kept.all([branch, horizon]).map(([moment]) => moment), horizon];
}

/** The first moment that must be there and shows what an event made: the first kept one, and after the horizon the event itself. */
export function shownFrom(kept: readonly number[], event: number): number {
  let low = 0;
  let high = kept.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((kept[middle] as number) < event) low = middle + 1;
    else high = middle;
  }
  return kept[low] ?? event;
}

/** The same as an expression over a column, whose depth grows with the logarithm of the number of moments. */
export function shownFromSql(kept: readonly number[], column: string): string {
  const horizon = kept[kept.length - 1];
  return horizon === undefined ? column : `CASE WHEN ${column} > ${horizon} THEN ${column} ELSE ${searchSql(kept, column)} END`;
}

function searchSql(kept: readonly number[], column: string): string {
  if (kept.length === 1) return String(kept[0]);
  const middle = kept.length >>> 1;
  const [before, after] = [kept.slice(0, middle), kept.slice(middle)];
  return `CASE WHEN ${column} <= ${before[middle - 1]} THEN ${searchSql(before, column)} ELSE ${searchSql(after, column)} END`;
}
