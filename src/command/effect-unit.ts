import { encode } from "../lib/bytes.ts";
import { OUTPUT_KEEP_BYTES_MAX } from "../limits.ts";
import { Reply } from "../resp/reply.ts";
import type { Journal } from "./context.ts";

const MULTI = encode("*1\r\n$5\r\nMULTI\r\n");
const EXEC = encode("*1\r\n$4\r\nEXEC\r\n");
const HELD_BYTES = 256;
const NONE = -1;

/**
 * Gives effects to the journal: those of a unit (a transaction, a script) as one, between MULTI and EXEC. An effect that stays the only
 * one of its unit needs neither; so the first one is held back until there is another, or the unit ends.
 */
export class EffectUnit {
  /** Units that have begun and not ended: the outermost counts. */
  private depth = 0;
  /** The journal has the beginning of the unit. */
  private isOpen = false;
  private held = new Reply(HELD_BYTES);
  /** The database of the effect that is held. */
  private heldDb = NONE;

  /** There is one that has begun and not ended. */
  get isActive(): boolean {
    return this.depth > 0;
  }

  /** No unit has begun. */
  get isAbsent(): boolean {
    return this.depth === 0;
  }

  begin(): void {
    this.depth++;
  }

  /** Returns whether the journal got anything of the unit. */
  end(journal: Journal | undefined, db: number): boolean {
    this.depth--;
    if (this.depth > 0) return false;
    const isEmpty = this.heldDb === NONE && !this.isOpen;
    if (this.heldDb !== NONE) this.release(journal);
    if (this.isOpen) journal?.append(db, EXEC, 0, EXEC.length);
    this.isOpen = false;
    return !isEmpty;
  }

  /** `requests`: so many are in those bytes. */
  append(journal: Journal, db: number, buf: Uint8Array, start: number, len: number, requests: number): void {
    if (this.depth === 0) {
      this.appendAlone(journal, db, buf, start, len, requests);
    } else if (!this.isOpen && this.heldDb === NONE && requests === 1) {
      this.held.raw(buf, start, len);
      this.heldDb = db;
    } else {
      this.open(journal, db);
      journal.append(db, buf, start, len);
    }
  }

  private appendAlone(
    journal: Journal,
    db: number,
    buf: Uint8Array,
    start: number,
    len: number,
    requests: number,
  ): void {
    if (requests > 1) journal.append(db, MULTI, 0, MULTI.length);
    journal.append(db, buf, start, len);
    if (requests > 1) journal.append(db, EXEC, 0, EXEC.length);
  }

  private open(journal: Journal, db: number): void {
    if (this.isOpen) return;
    this.isOpen = true;
    journal.append(this.heldDb === NONE ? db : this.heldDb, MULTI, 0, MULTI.length);
    if (this.heldDb !== NONE) this.release(journal);
  }

  private release(journal: Journal | undefined): void {
    const { held } = this;
    journal?.append(this.heldDb, held.buf, 0, held.at);
    this.heldDb = NONE;
    held.truncate(0);
    if (held.buf.length > OUTPUT_KEEP_BYTES_MAX) this.held = new Reply(HELD_BYTES);
  }
}
