import { NULL, type Ptr } from "../memory/arena.ts";

/**
 * The keys that look least worth keeping, of all that were looked at lately. What a key is worth is a number, smaller for those that are to
 * go first.
 *
 * Invariants
 * 1. Worths never grow from one place to the next: the last candidate is the one to go.
 * 2. A candidate is a guess about a key that may be gone or moved: a pointer that is not followed before somebody has found it in its table.
 */
export class Candidates {
  length = 0;
  private readonly entry: Int32Array;
  private readonly database: Int32Array;
  private readonly home: Int32Array;
  private readonly worth: Float64Array;

  constructor(private readonly lengthMax: number) {
    this.entry = new Int32Array(lengthMax);
    this.database = new Int32Array(lengthMax);
    this.home = new Int32Array(lengthMax);
    this.worth = new Float64Array(lengthMax);
  }

  /** Whether a key that is worth so much would be taken in: of equals, too, or those in full homes would be spared. */
  wants(worth: number): boolean {
    return this.length < this.lengthMax || worth <= this.worth[0];
  }

  /** Takes in a key that `wants` has said yes to, in the place of the one that is worth most if there is no room. */
  add(e: Ptr, database: number, home: number, worth: number): void {
    if (this.has(e, database)) return;
    let at = this.length;
    if (at === this.lengthMax) {
      at = 0;
      for (; at + 1 < this.length && this.worth[at + 1] >= worth; at++) this.move(at + 1, at);
    } else {
      this.length++;
      for (; at > 0 && this.worth[at - 1] < worth; at--) this.move(at - 1, at);
    }
    this.entry[at] = e;
    this.database[at] = database;
    this.home[at] = home;
    this.worth[at] = worth;
  }

  private has(e: Ptr, database: number): boolean {
    for (let i = 0; i < this.length; i++) if (this.entry[i] === e && this.database[i] === database) return true;
    return false;
  }

  private move(from: number, to: number): void {
    this.entry[to] = this.entry[from];
    this.database[to] = this.database[from];
    this.home[to] = this.home[from];
    this.worth[to] = this.worth[from];
  }

  /** Takes out the candidate that is worth least; NULL when there is none. The others tell of it until the next call. */
  take(): Ptr {
    return this.length === 0 ? NULL : (this.entry[--this.length] as Ptr);
  }

  get takenDatabase(): number {
    return this.database[this.length];
  }

  get takenHome(): number {
    return this.home[this.length];
  }

  get takenWorth(): number {
    return this.worth[this.length];
  }

  clear(): void {
    this.length = 0;
  }
}
