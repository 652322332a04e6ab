/**
 * Sorting of which only the first elements are wanted: the quicksort of Bentley and McIlroy ("Engineering a sort function", 1993), which
 * leaves alone whatever has no part in the wanted range. It is not stable, and which of several equal elements come first is visible to
 * clients: every choice here (where the pivot is taken from, when small parts are sorted by insertion) is the one that Redis's has.
 */
const INSERTION_MAX = 6;
const NINTHER_MIN = 41;

export class PartialSorter {
  private items: Int32Array = new Int32Array(0);
  private keys: Float64Array = new Float64Array(0);
  private sign = 1;
  private first = 0;
  private last = 0;

  /**
   * Brings those of the `count` items that belong at places `first` to `last` there, ordered by their keys (`keys[items[i]]`), ascending or
   * descending. The others end up on the right side of them in any order.
   */
  sort(items: Int32Array, count: number, keys: Float64Array, descending: boolean, first: number, last: number): void {
    this.items = items;
    this.keys = keys;
    this.sign = descending ? -1 : 1;
    this.first = first;
    this.last = last;
    this.sortPart(0, count);
  }

  private compare(i: number, j: number): number {
    const a = this.keys[this.items[i]];
    const b = this.keys[this.items[j]];
    return a > b ? this.sign : a === b ? 0 : -this.sign;
  }

  private swap(i: number, j: number): void {
    const { items } = this;
    const item = items[i];
    items[i] = items[j];
    items[j] = item;
  }

  private swapRuns(i: number, j: number, length: number): void {
    for (let k = 0; k < length; k++) this.swap(i + k, j + k);
  }

  private sortPart(from: number, length: number): void {
    let start = from;
    let count = length;
    while (count > INSERTION_MAX) {
      this.swap(start, this.pivot(start, count));
      const end = start + count;
      let equalLow = start + 1;
      let low = equalLow;
      let high = end - 1;
      let equalHigh = high;
      for (;;) {
        for (let order = 0; low <= high; low++) {
          order = this.compare(low, start);
          if (order > 0) break;
          if (order === 0) this.swap(equalLow++, low);
        }
        for (let order = 0; low <= high; high--) {
          order = this.compare(high, start);
          if (order < 0) break;
          if (order === 0) this.swap(high, equalHigh--);
        }
        if (low > high) break;
        this.swap(low++, high--);
      }
      const lower = low - equalLow;
      const higher = equalHigh - high;
      const leftRun = Math.min(equalLow - start, lower);
      this.swapRuns(start, low - leftRun, leftRun);
      const rightRun = Math.min(higher, end - equalHigh - 1);
      this.swapRuns(low, end - rightRun, rightRun);
      if (lower > 1 && this.isWanted(start, lower)) this.sortPart(start, lower);
      if (higher <= 1 || !this.isWanted(end - higher, higher)) return;
      start = end - higher;
      count = higher;
    }
    this.insertionSort(start, count);
  }

  private isWanted(start: number, count: number): boolean {
    return this.first < start + count && this.last >= start;
  }

  private insertionSort(start: number, count: number): void {
    for (let i = start + 1; i < start + count; i++) {
      for (let j = i; j > start && this.compare(j - 1, j) > 0; j--) this.swap(j, j - 1);
    }
  }

  private pivot(start: number, count: number): number {
    const middle = start + (count >> 1);
    if (count === INSERTION_MAX + 1) return middle;
    const last = start + count - 1;
    if (count < NINTHER_MIN) return this.median(start, middle, last);
    const eighth = count >> 3;
    return this.median(
      this.median(start, start + eighth, start + 2 * eighth),
      this.median(middle - eighth, middle, middle + eighth),
      this.median(last - 2 * eighth, last - eighth, last),
    );
  }

  private median(i: number, j: number, k: number): number {
    if (this.compare(i, j) < 0) return this.compare(j, k) < 0 ? j : this.compare(i, k) < 0 ? k : i;
    return this.compare(j, k) > 0 ? j : this.compare(i, k) < 0 ? i : k;
  }
}
