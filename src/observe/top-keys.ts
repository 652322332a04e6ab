/** A name and the estimate of its sum. */
export interface TopKey {
  readonly name: string;
  readonly sum: number;
}

/** Names of more bytes are not remembered. */
export const TOP_KEY_BYTES_MAX = 1024;

/**
 * The names with the greatest sums of what was added to them, in a fixed number of places (Space-Saving: Metwally, Agrawal, El Abbadi 2005). A
 * name that is new takes the place of the one with the smallest sum, and that sum: no sum is estimated too low, and a name with
 * more than 1/places of the total is always among them.
 */
export class TopKeys {
  /** Of all that was added. */
  total = 0;
  private readonly names: string[] = [];
  private readonly sums: Float64Array;
  private readonly places = new Map<string, number>();

  constructor(capacity: number) {
    this.sums = new Float64Array(capacity);
  }

  add(name: string, amount: number): void {
    this.total += amount;
    const place = this.places.get(name) ?? this.take(name);
    this.sums[place] += amount;
  }

  private take(name: string): number {
    const { names, places } = this;
    let place = names.length;
    if (place === this.sums.length) {
      place = this.smallest();
      places.delete(names[place]);
    }
    names[place] = name;
    places.set(name, place);
    return place;
  }

  private smallest(): number {
    let place = 0;
    for (let i = 1; i < this.sums.length; i++) if (this.sums[i] < this.sums[place]) place = i;
    return place;
  }

  /** What has been added until now counts half from now on. */
  halve(): void {
    this.total /= 2;
    for (let i = 0; i < this.sums.length; i++) this.sums[i] /= 2;
  }

  /** At most so many, the greatest sum first. */
  top(count: number): TopKey[] {
    return this.names
      .map((name, place) => ({ name, sum: this.sums[place] }))
      .filter(({ sum }) => sum > 0)
      .sort((a, b) => b.sum - a.sum)
      .slice(0, count);
  }
}
