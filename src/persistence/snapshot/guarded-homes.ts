import type { Ptr } from "../../memory/arena.ts";
import type { Dict } from "../../structures/dict.ts";

/**
 * How far a table is saved: home by home, whichever is to be changed first, and the others in their order. Homes that the table gets
 * later hold nothing that is not saved: a home is divided or joined with another only after it is saved.
 */
export class GuardedHomes {
  /** Homes when the snapshot was taken. */
  private readonly homes: number;
  private readonly saved: Uint32Array;
  private next = 0;

  /** `write` saves an entry. */
  constructor(
    private readonly dict: Dict,
    private readonly table: Ptr,
    private readonly write: (e: Ptr) => void,
  ) {
    this.homes = dict.buckets(table);
    this.saved = new Uint32Array((this.homes + 31) >>> 5);
  }

  save(home: number): void {
    if (home >= this.homes) return;
    const bit = 1 << (home & 31);
    const word = home >>> 5;
    if (this.saved[word] & bit) return;
    this.saved[word] |= bit;
    this.dict.visitHome(this.table, home, this.write);
  }

  /** Saves a home. False when none is left. */
  saveNext(): boolean {
    const { saved, homes } = this;
    while (this.next < homes) {
      const home = this.next++;
      if (saved[home >>> 5] & (1 << (home & 31))) continue;
      this.save(home);
      return true;
    }
    return false;
  }
}
