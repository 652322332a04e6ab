/** A binary min-heap: gives back what was pushed in the order of numbers. */
export class MinHeap<T> {
  private items: T[] = [];

  constructor(private readonly rank: (item: T) => number) {}

  get size(): number {
    return this.items.length;
  }

  /** The item of the lowest rank. */
  get first(): T | undefined {
    return this.items[0];
  }

  push(item: T): void {
    const { items } = this;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.rank(items[parent]) <= this.rank(item)) break;
      items[at] = items[parent];
      at = parent;
    }
    items[at] = item;
  }

  pop(): T | undefined {
    const { items } = this;
    const top = items[0];
    const last = items.pop();
    if (items.length > 0) this.sink(last as T);
    return top;
  }

  /** Leaves out the items that are not to be kept. */
  filter(keep: (item: T) => boolean): void {
    const kept = this.items.filter(keep);
    this.items = [];
    for (const item of kept) this.push(item);
  }

  /** Puts `item` at the top and lets it go down to its place. */
  private sink(item: T): void {
    const { items } = this;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.rank(items[child + 1]) < this.rank(items[child])) child++;
      if (this.rank(item) <= this.rank(items[child])) break;
      items[at] = items[child];
      at = child;
    }
    items[at] = item;
  }
}
