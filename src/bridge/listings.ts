/**
 * Positions in directories, as READDIR gives and takes them: 1 after ".", 2 after "..", then shown views, then entries by cookie.
 *
 * Cookies grow with the event that made a name, so what is added while a directory is listed comes behind the reader, who, if he adds an
 * entry for each one read, would never reach the end (btrfs had that, too). So a listing ends at the newest cookie there was when it began.
 * There is no OPENDIR to remember that by; the upper bits of a position say which listing it belongs to. A listing whose number was
 * given to a newer one since then ends where that one does.
 */
const cookieRange = 2 ** 44;
const listings = 2 ** 9;
const cookieBase = 8;

/** The position after the n-th of the views that a root shows. */
export const firstViewPosition = 3;

/** Listings under way: where each ends. */
export class Listings {
  readonly #newest = new Float64Array(listings).fill(Number.POSITIVE_INFINITY);
  #next = 0;

  /** Begins a listing that ends at cookie `newest`. Returns its number. */
  begin(newest: number): number {
    const listing = this.#next;
    this.#next = (listing + 1) % listings;
    this.#newest[listing] = newest;
    return listing;
  }

  /** The last cookie that belongs to a listing. */
  newest(listing: number): number {
    return this.#newest[listing] as number;
  }
}

/** The number of the listing that a position belongs to. */
export function listingOf(position: number): number {
  return Math.floor(position / cookieRange) % listings;
}

/** The cookie of the entry a position comes after; 0 before the first entry. */
export function cookieOf(position: number): number {
  return Math.max(0, (position % cookieRange) - cookieBase);
}

/** The position after the entry of a cookie. */
export function positionAfter(listing: number, cookie: number): number {
  return listing * cookieRange + cookie + cookieBase;
}
