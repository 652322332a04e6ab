import { formatBigInteger, formatInteger } from "../lib/integer.ts";

const SIGN = 0x8000_0000 | 0;
const WORD = 0x1_0000_0000;
/** From this high word on a 64-bit number is beyond what a double holds exactly. */
const UNSAFE_HIGH = 0x20_0000;
const MINUS = 45;
const ZERO = 48;
/** "18446744073709551615-18446744073709551615" */
export const ID_TEXT_MAX = 41;
/** Words that an ID takes in memory, the most significant first. */
export const ID_WORDS = 4;

/**
 * The ID of a stream's entry: milliseconds and a sequence number, unsigned 64-bit integers each, as four 32-bit words. Words are kept as
 * signed integers, which the compiled code handles without conversion, and compared as unsigned ones.
 */
export class StreamId {
  msHigh = 0;
  msLow = 0;
  seqHigh = 0;
  seqLow = 0;

  set(other: StreamId): void {
    this.msHigh = other.msHigh;
    this.msLow = other.msLow;
    this.seqHigh = other.seqHigh;
    this.seqLow = other.seqLow;
  }

  clone(): StreamId {
    const copy = new StreamId();
    copy.set(this);
    return copy;
  }

  setWords(msHigh: number, msLow: number, seqHigh: number, seqLow: number): void {
    this.msHigh = msHigh | 0;
    this.msLow = msLow | 0;
    this.seqHigh = seqHigh | 0;
    this.seqLow = seqLow | 0;
  }

  /** The first ID of that millisecond, a safe integer. */
  setMs(ms: number): void {
    this.setWords(Math.floor(ms / WORD), ms % WORD, 0, 0);
  }

  setMin(): void {
    this.setWords(0, 0, 0, 0);
  }

  setMax(): void {
    this.setWords(-1, -1, -1, -1);
  }

  load(words: Int32Array, at: number): void {
    this.msHigh = words[at];
    this.msLow = words[at + 1];
    this.seqHigh = words[at + 2];
    this.seqLow = words[at + 3];
  }

  store(words: Int32Array, at: number): void {
    words[at] = this.msHigh;
    words[at + 1] = this.msLow;
    words[at + 2] = this.seqHigh;
    words[at + 3] = this.seqLow;
  }

  get isMin(): boolean {
    return (this.msHigh | this.msLow | this.seqHigh | this.seqLow) === 0;
  }

  get isMax(): boolean {
    return (this.msHigh & this.msLow & this.seqHigh & this.seqLow) === -1;
  }

  /** The sequence number can't be incremented without another millisecond. */
  get isLastOfMs(): boolean {
    return (this.seqHigh & this.seqLow) === -1;
  }

  /** Negative, 0 or positive, as this is before, the same as, or after the other. */
  compare(other: StreamId): number {
    if (this.msHigh !== other.msHigh) return order(this.msHigh, other.msHigh);
    if (this.msLow !== other.msLow) return order(this.msLow, other.msLow);
    if (this.seqHigh !== other.seqHigh) return order(this.seqHigh, other.seqHigh);
    return this.seqLow === other.seqLow ? 0 : order(this.seqLow, other.seqLow);
  }

  /** `compare` with an ID in memory. */
  compareWords(words: Int32Array, at: number): number {
    if (this.msHigh !== words[at]) return order(this.msHigh, words[at]);
    if (this.msLow !== words[at + 1]) return order(this.msLow, words[at + 1]);
    if (this.seqHigh !== words[at + 2]) return order(this.seqHigh, words[at + 2]);
    return this.seqLow === words[at + 3] ? 0 : order(this.seqLow, words[at + 3]);
  }

  hasMsOf(other: StreamId): boolean {
    return this.msHigh === other.msHigh && this.msLow === other.msLow;
  }

  /** The next ID. False, and no change, when this is the last. */
  increment(): boolean {
    if (this.isMax) return false;
    this.seqLow = (this.seqLow + 1) | 0;
    if (this.seqLow !== 0) return true;
    this.seqHigh = (this.seqHigh + 1) | 0;
    if (this.seqHigh !== 0) return true;
    this.msLow = (this.msLow + 1) | 0;
    if (this.msLow === 0) this.msHigh = (this.msHigh + 1) | 0;
    return true;
  }

  /** The ID before. False, and no change, when this is the first. */
  decrement(): boolean {
    if (this.isMin) return false;
    if (this.seqLow === 0) {
      if (this.seqHigh === 0) {
        if (this.msLow === 0) this.msHigh = (this.msHigh - 1) | 0;
        this.msLow = (this.msLow - 1) | 0;
      }
      this.seqHigh = (this.seqHigh - 1) | 0;
    }
    this.seqLow = (this.seqLow - 1) | 0;
    return true;
  }

  /** Writes the ID as text at `at`, at most ID_TEXT_MAX bytes; returns how many that took. */
  format(out: Uint8Array, at: number): number {
    const dash = at + formatWords(this.msHigh, this.msLow, out, at);
    out[dash] = MINUS;
    return dash + 1 - at + formatWords(this.seqHigh, this.seqLow, out, dash + 1);
  }
}

/** An ID as text. The milliseconds are kept, as the next ID often has the same. */
export class IdText {
  readonly bytes = new Uint8Array(ID_TEXT_MAX);
  private high = 0;
  private low = 0;
  /** Index of the dash. */
  private dash = 1;

  constructor() {
    this.bytes.set([ZERO, MINUS]);
  }

  /** Makes the text that of `id`; returns its length. */
  set(id: StreamId): number {
    const { bytes } = this;
    if (id.msHigh !== this.high || id.msLow !== this.low) {
      this.high = id.msHigh;
      this.low = id.msLow;
      this.dash = formatWords(id.msHigh, id.msLow, bytes, 0);
      bytes[this.dash] = MINUS;
    }
    const seqAt = this.dash + 1;
    return seqAt + formatWords(id.seqHigh, id.seqLow, bytes, seqAt);
  }
}

function order(a: number, b: number): number {
  return (a ^ SIGN) < (b ^ SIGN) ? -1 : 1;
}

/** Writes an unsigned 64-bit integer in decimal. */
function formatWords(high: number, low: number, out: Uint8Array, at: number): number {
  if (high >>> 0 < UNSAFE_HIGH) return formatInteger(high * WORD + (low >>> 0), out, at);
  return formatBigInteger((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0), out, at);
}
