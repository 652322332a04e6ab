/** A range of positions as commands take it: inclusive, negative positions counted from the end, and cut to what there is. */
export class IndexRange {
  first = 0;
  last = 0;

  /** Resolves a range over `length` positions; infinite positions are allowed. False when it is empty. */
  resolve(first: number, last: number, length: number): boolean {
    this.first = first < 0 ? Math.max(0, length + first) : first;
    this.last = Math.min(last < 0 ? Math.max(0, length + last) : last, length - 1);
    return this.first <= this.last;
  }
}

/** Whether both positions count from the end and the first lies behind the last: empty, even if both lie before the beginning. */
export function isBackwards(first: number, last: number): boolean {
  return first < 0 && last < 0 && first > last;
}
