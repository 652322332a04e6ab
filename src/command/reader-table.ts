const ARRAY_MAX = 8;

/** Ids of clients: of one, of a few, of many. Most keys have one reader, and there may be a million keys. */
type Readers = number | number[] | Set<number>;

/**
 * Which clients have read which keys. Keys are latin1 strings, clients are ids.
 *
 * Invariants
 * 1. Every key has at least one reader, and none twice; `items` is the number of all.
 * 2. Clients that are gone are not searched for. They leave with the key, or when its readers, grown to a power of two, are looked through:
 *    clients that come, read and go again do not make a key's readers grow without end.
 * 3. No key stands before the position of `cursor`: whatever it passes is removed. A new iterator for every removal would walk over all
 *    that were removed before.
 */
export class ReaderTable {
  private readonly readers = new Map<string, Readers>();
  private cursor = this.readers.keys();
  items = 0;

  /** `isReader` tells whether the client with an id still wants to be told of what it read. */
  constructor(private readonly isReader: (id: number) => boolean) {}

  get size(): number {
    return this.readers.size;
  }

  add(key: string, id: number): void {
    const known = this.readers.get(key);
    if (known === id) return;
    if (known === undefined) this.set(key, id);
    else if (typeof known === "number") this.set(key, [known, id], 1);
    else if (known instanceof Set) this.addToMany(known, id);
    else this.addToFew(key, known, id);
  }

  private addToFew(key: string, few: number[], id: number): void {
    if (few.includes(id)) return;
    if (few.length < ARRAY_MAX) {
      few.push(id);
      this.items++;
      return;
    }
    const left = few.filter(this.isReader);
    left.push(id);
    this.set(key, left.length > ARRAY_MAX ? new Set(left) : left, few.length);
  }

  private addToMany(many: Set<number>, id: number): void {
    const { size } = many;
    many.add(id);
    if (many.size > size && (many.size & size) === 0) {
      for (const reader of many) if (!this.isReader(reader)) many.delete(reader);
    }
    this.items += many.size - size;
  }

  private set(key: string, readers: Readers, sizeBefore = 0): void {
    this.readers.set(key, readers);
    this.items += sizeOf(readers) - sizeBefore;
  }

  /** Removes a key. Returns who has read it. */
  take(key: string): Iterable<number> | undefined {
    const readers = this.readers.get(key);
    if (readers === undefined) return undefined;
    this.readers.delete(key);
    this.items -= sizeOf(readers);
    return typeof readers === "number" ? [readers] : readers;
  }

  /** The key that has been here longest; there must be one. It is to be taken at once. */
  oldest(): string {
    let next = this.cursor.next();
    if (next.done) {
      this.cursor = this.readers.keys();
      next = this.cursor.next();
    }
    return next.value as string;
  }

  clear(): void {
    this.readers.clear();
    this.items = 0;
  }
}

function sizeOf(readers: Readers): number {
  if (typeof readers === "number") return 1;
  return readers instanceof Set ? readers.size : readers.length;
}
